"""The admin's form for a log in a real browser: it completes, previews and hides, before anything is saved."""

from __future__ import annotations

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from tests.stack import Stack, Web

pytestmark = [pytest.mark.browser, pytest.mark.redis, pytest.mark.whole]

LINES = """\
2026-11-28 10:00:00,100 ERROR shop.checkout 库存不足，请稍后重试
Traceback (most recent call last):
2026-11-28 10:00:01,200 INFO shop.pay <img src=x onerror=alert(1)> \u202e 支付成功，订单已提交
"""


def test_the_form_shows_the_file_of_the_queue_s_host_before_it_is_saved(
    context: BrowserContext, page: Page, complaints: list[str], web: Web, stack: Stack
) -> None:
    chief = stack.make_user("form-chief", staff=True, superuser=True)
    context.add_cookies([{"name": "sessionid", "value": chief, "url": web.url}])
    (stack.logs / "till-1.log").write_bytes(LINES.encode("gbk", "ignore"))
    (stack.logs / "till-2.log").write_bytes(b"2026-11-28 10:00:00,100 INFO shop plain\n")
    page.goto(web.url + stack.reverse("admin:logtail_log_add"))
    expect(page.locator(".field-groups")).to_be_hidden()
    page.get_by_role("combobox", name="Path").fill(f"{stack.logs}/till-")
    options = page.locator("#id_path_names option")
    expect(options).to_have_count(2)
    assert [option.get_attribute("value") for option in options.all()] == [
        f"{stack.logs}/till-1.log",
        f"{stack.logs}/till-2.log",
    ]

    page.get_by_role("combobox", name="Path").fill(f"{stack.logs}/till-1.log")
    proof = page.locator(".field-encoding")
    expect(proof).to_contain_text(
        "As UTF-8, 0 of 2 lines decode. Looks like GBK: 2 of 2 lines beyond ASCII decode."
    )
    proof.get_by_role("button", name="Use GBK").click()
    preview = page.locator(".lt-format-preview")
    expect(preview).to_contain_text("2 entries in the last 3 lines.")
    cells = preview.locator("tbody tr").first.locator("td")
    expect(cells).to_have_text(["2026-11-28 10:00:00,100", "ERROR", "shop.checkout", "库存不足，请稍后重试"])
    expect(preview.locator("tbody tr").last).to_contain_text("<img src=x onerror=alert(1)>")
    expect(preview.locator("img")).to_have_count(0)
    expect(page.get_by_role("combobox", name="Encoding")).to_have_value("gbk")

    page.get_by_label("Follow").select_option("newest")
    expect(page.locator(".field-path")).to_contain_text("no file matches yet.")
    expect(preview.locator("tr")).to_have_count(0)
    page.get_by_role("combobox", name="Path").fill(f"{stack.logs}/till-*.log")
    expect(page.locator(".field-path")).to_contain_text("2 files match, of which till-2.log is the newest.")
    expect(preview.locator("tbody tr td")).to_have_text(["2026-11-28 10:00:00,100", "INFO", "", "shop plain"])
    page.get_by_label("Follow").select_option("")
    page.get_by_role("combobox", name="Path").fill(f"{stack.logs}/till-1.log")
    expect(preview.locator("tr")).to_have_count(4)

    page.get_by_role("combobox", name="Queue").fill("nobody")
    expect(page.locator(".field-path")).to_contain_text("No worker answers for queue “nobody”")
    page.get_by_role("combobox", name="Path").fill("/etc/passwd")
    expect(page.locator(".field-path")).to_contain_text("is outside LOGTAIL")
    expect(preview.locator("tr")).to_have_count(0)

    page.get_by_role("combobox", name="Queue").fill("")
    page.get_by_role("combobox", name="Path").fill(f"{stack.logs}/till-1.log")
    page.get_by_role("textbox", name="Name:", exact=True).fill("收银台")
    page.get_by_role("combobox", name="Who may watch").select_option("chosen")
    expect(page.locator(".field-groups")).to_be_visible()
    page.get_by_role("button", name="Save and continue editing").click()
    expect(page.get_by_role("textbox", name="Slug:")).to_have_value("till-1")
    expect(preview).to_contain_text("2 entries in the last 3 lines.")
    page.goto(web.url + stack.reverse("admin:logtail_log_changelist"))
    row = page.locator("#result_list tbody tr")
    expect(row.locator(".lt-state")).to_have_count(1)  # idle, or not yet after the page before
    expect(row.locator(".field-file_size")).to_have_text("189 B")
    # The admin's pages have no icon.
    complaints[:] = [said for said in complaints if "404" not in said]
