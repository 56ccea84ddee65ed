"""How lines are drawn: each time and each level as written."""

import json
import random
from datetime import datetime, timezone
from typing import Any

import pytest
from playwright.sync_api import BrowserContext, Page

from example_project.demo.writers import access_lines
from tests.e2e.kept import context, kept_tab, page
from tests.e2e.viewing import append, settle, show, tail, until
from tests.stack import CHECKOUT, Stack, Web

pytestmark = [pytest.mark.browser, pytest.mark.redis, pytest.mark.whole]
__all__ = ["context", "kept_tab", "page"]

ENTRIES = CHECKOUT / "tests" / "formats" / "entries.jsonl"

#: What a page shows of the files of faults: level, and the clock of each entry's first line ("" where none is drawn).
DRAWN = {
    "01-psycopg-detail-in-traceback": "I 14:22:01.100, E 14:22:02.200, I 14:22:03.300",
    "02-postgres-debian-prefix": "I 14:22:01.100, E 14:22:02.200, E 14:22:03.300, W 14:22:04.400",
    "03-structlog-console": "D 14:22:01, I 14:22:02, W 14:22:03, E 14:22:04, E 14:22:05",
    "03b-structlog-colour": (
        "D 14:22:00.100000, I 14:22:01.100000, W 14:22:02.100000, E 14:22:03.100000, E 14:22:04.100000"
    ),
    "04-django-simple": "I, W, E, E, D",
    "05-crash-after-info": "I 14:22:01.100, E, I 14:22:02.200, E, I 14:22:03.300, E, I 14:22:04.400",
    "07-json-levels": (
        "I, I, O 14:22:09, E 14:22:09, W 14:22:09, I 14:22:09, I 14:22:09.539, E 14:22:09.539, E 14:22:09.500, E, "
        "E 14:22:09.539, E 14:22:09.539, E 14:22:09.539, O"
    ),
    "07b-logfmt": "I 14:22:01, I 14:22:02, I 14:22:03, E, E",
    "08-formats": (
        "E 14:22:01, W 14:22:02.100000, E 14:22:03.100000, W 14:22:04.100000, E 14:22:05.100, E 14:22:06.100, "
        "E 14:22:07.100, E 14:22:08, E 14:22:09.100000, I 14:22:10.100000, E 14:22:11"
    ),
    "08b-formats-untimed": (
        "E 14:22:01.100000, E 14:22:02.100, W 14:22:03, E 14:22:04, E, W, E, E, E 14:22:09, E 14:22:10, E 14:22:11, "
        "E 14:22:12, E 14:22:13, E 14:22:14.539, E 14:22:15.100, E 14:22:16, E 14:22:17"
    ),
    "12-times": (
        "I 23:59:58.100, I 00:00:01.100, O 23:59:59, O 00:00:01, I 14:22:01.123456, I 14:22:02.100, I 13:22:03.100, "
        "I 14:22:04.123456"
    ),
    "13-untimed-django-exceptions": "E, E, E, E, E, E, E, E, E, I",
    "17-django-verbose-format": "I 14:22:01.100, E 14:22:02.200, I 14:22:03.300",
    "18-copy": (
        "I 14:22:01.100, E 14:22:02.200, I 14:22:03.300, I 14:22:04.400, I 14:22:05.500, I 14:22:06.600"
    ),
}


@pytest.fixture(scope="module")
def files() -> dict[str, bytes]:
    found = [json.loads(line) for line in ENTRIES.read_text(encoding="utf-8").splitlines()]
    return {one["name"]: ("\n".join(one["lines"]) + "\n").encode() for one in found}


def drawn(page: Page) -> list[str]:
    """The level and the time that each first line of an entry shows, from top to bottom."""
    settle(page)
    return page.evaluate(
        """() => [...document.querySelectorAll('.lt-view .lt-row:not(.lt-cont)')]
          .sort((a, b) => a.getBoundingClientRect().top - b.getBoundingClientRect().top)
          .map((row) => `${row.dataset.lv ?? 'O'} ${row.querySelector('.lt-ts')?.dataset.t ?? ''}`.trim())"""
    )


def opened(page: Page, web: Web, stack: Stack, name: str, content: bytes) -> None:
    slug = "f-" + name.replace("_", "-")
    stack.add_log(slug, content)
    show(page, web, stack, slug)
    count = content.count(b"\n")
    until(page, f"tail.store.lines === {count}")


@pytest.mark.parametrize("name", DRAWN)
def test_each_entry_shows_its_level_and_its_time(
    signed_in: BrowserContext, page: Page, web: Web, stack: Stack, files: dict[str, bytes], name: str
) -> None:
    opened(page, web, stack, name, files[name])

    assert drawn(page) == DRAWN[name].split(", ")


def test_the_time_between_entries_is_that_between_their_moments(
    signed_in: BrowserContext, page: Page, web: Web, stack: Stack, files: dict[str, bytes]
) -> None:
    opened(page, web, stack, "times", files["12-times"])

    tail(page, "tail.viewOptions.setTime('relative')")

    shown = [one.partition(" ")[2].strip() for one in drawn(page)]
    assert shown[1] == "+3.000s"
    assert shown[3] == "+2.000s"
    assert shown[6] == "+1.000s"
    assert not any("+-" in one for one in shown)


def test_the_access_log_of_the_demo_shows_the_clocks_that_were_written(
    signed_in: BrowserContext, page: Page, web: Web, stack: Stack
) -> None:
    chance = random.Random(7)
    moments = [datetime(2026, 11, 28, 15, 52, second, tzinfo=timezone.utc) for second in range(30, 50)]
    content = "".join(f"{access_lines(moment, chance)}\n" for moment in moments)

    opened(page, web, stack, "access", content.encode())

    shown = [one.partition(" ")[2] for one in drawn(page)]
    assert shown[17] == "15:52:47"
    assert shown == [f"15:52:{second}" for second in range(30, 50)]


def test_what_was_read_before_its_format_was_known_is_read_again(
    signed_in: BrowserContext, page: Page, web: Web, stack: Stack
) -> None:
    stack.add_log(
        "young", b"2026-11-28 14:22:01,100 INFO shop: asked\n" + b'{"level":"error","msg":"theirs"}\n'
    )
    show(page, web, stack, "young")
    until(page, "tail.store.lines === 2")

    append(
        stack.logs / "young.log", "".join(f"2026-11-28 14:22:0{n},100 INFO shop: ok\n" for n in range(2, 9))
    )

    until(page, "tail.store.lines === 9")
    assert drawn(page)[:2] == ["I 14:22:01.100", "I 14:22:02.100"]
    counts: dict[str, Any] = tail(page, "tail.store.counts")
    assert (counts["E"], counts["I"]) == (0, 8)
