"""A search of several logs, in a real browser on the real back end."""

import re
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.kept import context, kept_tab, page
from tests.e2e.viewing import lines, tail, until
from tests.stack import Running, Stack, wait_until

pytestmark = [pytest.mark.browser, pytest.mark.redis, pytest.mark.whole]
__all__ = ["context", "kept_tab", "page"]

UUID = "5d80e6f1-3c2a-4b1e-9d0f-2277c1ab9e05"


def line(text: str, second: int = 20) -> str:
    return f"2026-08-24 00:00:{second},000 ERROR    shop.access {text}\n"


#: The last line belongs to the error of second 20.
CRASH = (
    line("could not pay")
    + 'Traceback (most recent call last):\n  File "pay.py", line 9, in pay\nKeyError: late\n'
)


@pytest.fixture
def path(stack: Stack) -> Path:
    """Three logs with the same id, of which one has no reader, and one that is not for members."""
    stack.add_log(
        "db", (lines(0, 5_000) + CRASH + line(f"statement of {UUID}") + lines(5_000, 9_000)).encode()
    )
    stack.add_log("gone", line(UUID).encode(), queue="nobody")
    stack.add_log("secret", line(UUID).encode(), access="staff")
    return stack.add_log(
        "shop",
        (
            lines(0, 600) + line("late", 10) + line("late", 19) + line("late", 21) + line(f"paid {UUID} <b>")
        ).encode(),
    )


def groups(page: Page) -> dict[str, list[str]]:
    """What is read of each group, by log."""
    found = page.locator(".lt-rgroup").evaluate_all(
        """(all) => all.map((one) => [...one.querySelectorAll('b, .lt-rg-t > span, .lt-rg-x, .lt-res')]
          .map((part) => part.textContent).filter(Boolean))"""
    )
    return {name: rest for name, *rest in found}


def test_an_id_is_searched_for_in_all_logs_and_a_hit_is_shown_among_its_lines(viewer: Page) -> None:
    viewer.locator(".lt-id").last.click()
    viewer.get_by_role("menuitem").filter(has_text="Search all logs").click()
    wait_until(lambda: "no reader answered" in str(groups(viewer).get("gone")), what="a log without a reader")
    wait_until(lambda: len(groups(viewer)["db"]) == 3, what="a hit")

    found = groups(viewer)
    assert set(found) == {"shop", "db", "gone"}  # and not the one that is for staff
    assert found["shop"][0] == found["db"][0] == "1 match"
    assert found["shop"][2].endswith(f"paid {UUID} <b>")
    assert found["gone"] == ["no reader answered; try again"]

    viewer.locator(".lt-rgroup[data-slug=db] .lt-res").click()
    row = viewer.locator(".lt-row.lt-target")
    expect(row).to_contain_text(f"statement of {UUID}")
    expect(row).to_be_in_viewport()
    expect(viewer.locator(".lt-row", has_text="GET /things/ 4999")).to_be_in_viewport()
    expect(row.locator(".lt-hit")).to_have_text(UUID)
    expect(viewer.locator(".lt-results")).to_be_visible()
    assert groups(viewer)["shop"][0] == "1 match"
    assert tail(viewer, "tail.info.slug") == "db"
    assert "/db/" in viewer.url

    viewer.go_back()
    until(viewer, "tail.info.slug === 'shop'")
    expect(viewer.locator(".lt-results")).to_be_visible()
    viewer.locator(".lt-rgroup[data-slug=db] .lt-res").click(modifiers=["Control"])
    expect(viewer.locator("log-tail")).to_have_count(2)
    beside = viewer.locator("log-tail").nth(1)
    expect(beside.locator(".lt-row.lt-target")).to_contain_text(f"statement of {UUID}")
    expect(viewer.locator("log-tail").nth(0).locator(".lt-results")).to_be_visible()


def test_logs_are_picked_one_by_one_and_their_hits_are_shown_by_time(viewer: Page) -> None:
    results = viewer.locator(".lt-results")
    hits = results.locator(".lt-res:visible")
    viewer.locator(".lt-q").fill("late")
    viewer.locator(".lt-view").focus()
    viewer.keyboard.press("A")
    expect(results.locator(".lt-rgroup")).to_have_count(3)

    results.get_by_role("button", name="All logs").click()
    viewer.get_by_role("menuitem", name="Choose logs…").click()
    choice = viewer.get_by_role("dialog", name="Logs to search")
    expect(choice.get_by_role("checkbox", checked=True)).to_have_text(["shop"])
    choice.get_by_role("checkbox", name="db").click()
    choice.get_by_role("button", name="Search 2 logs").click()
    expect(results.get_by_role("button", name="2 chosen logs")).to_be_visible()
    expect(hits).to_have_count(4)
    assert set(groups(viewer)) == {"shop", "db"}
    assert "in=shop&in=db" in viewer.url or "in=db&in=shop" in viewer.url

    results.get_by_role("button", name="By time").click()
    expect(hits).to_have_text(
        [
            re.compile(text)
            for text in (r"^shop.*:21,000", r"^dbKeyError: late$", r"^shop.*:19,000", r"^shop.*:10,000")
        ]
    )
    # It has the colour of the error that its traceback belongs to.
    error, crash = (hits.nth(n).evaluate("(row) => getComputedStyle(row).boxShadow") for n in (0, 1))
    assert error == crash != "none"
    hits.nth(1).click()
    expect(viewer.locator(".lt-row.lt-target")).to_contain_text("KeyError: late")
    results.get_by_role("button", name="By log").click()
    expect(hits).to_have_count(4)
    expect(results.locator(".lt-rgroup[data-slug=db] .lt-res:visible")).to_have_count(1)

    with viewer.expect_download() as download:
        results.get_by_role("link", name="Text").click()
    assert Path(download.value.path()).read_text() == (
        f"# === shop ===\n{line('late', 10)}{line('late', 19)}{line('late', 21)}# === db ===\nKeyError: late\n"
    )

    viewer.reload()
    expect(viewer.locator(".lt-row").first).to_be_visible()
    viewer.locator(".lt-view").focus()
    viewer.keyboard.press("A")
    expect(hits).to_have_count(4)
    assert set(groups(viewer)) == {"shop", "db"}


def test_to_stop_closes_the_files_and_access_that_ends_takes_the_hits_along(
    viewer: Page, stack: Stack, worker: Running
) -> None:
    big = stack.logs / "db.log"
    big.write_bytes(lines(0, 10_000).encode() * 250)
    # What is left out costs time for each line.
    viewer.locator(".lt-q").fill("GET")
    viewer.keyboard.press("Control+Enter")
    viewer.locator(".lt-q").fill("-nothing")
    viewer.locator(".lt-view").focus()
    viewer.keyboard.press("A")
    wait_until(lambda: big in worker.open_paths(), what="a search of the file")
    wait_until(lambda: len(groups(viewer)["db"]) > 3, what="hits")
    viewer.keyboard.press("Escape")

    wait_until(lambda: big not in worker.open_paths(), what="the end of the search")
    assert any(text.startswith("Stopped at ") for text in groups(viewer)["db"])
    viewer.locator(".lt-rgroup[data-slug=db]").get_by_role("button", name="Show more").click()
    wait_until(lambda: len(groups(viewer)["db"]) > 1_000, what="more hits")

    stack.call("change_log", "db", access="staff")
    wait_until(lambda: "db" not in groups(viewer), what="the end of what is shown of the log")
    assert "You no longer have access to 1 of these logs." in viewer.locator(".lt-results").inner_text()
    assert "shop" in groups(viewer)
