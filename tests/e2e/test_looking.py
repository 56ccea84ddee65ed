"""Opens and inspects every log of the demo and every file of faults: boxes, overlaps, drawn times.

What a person sees is compared with the file line by line, at three sizes, in both themes and both languages.
"""

from __future__ import annotations

import json
import random
import re
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from example_project.demo.writers import (
    access_lines,
    coloured_lines,
    django_lines,
    gbk_lines,
    import_lines,
    json_lines,
)
from tests.e2e.alone import Alone, alone, origin, profiles
from tests.e2e.viewing import settle, until
from tests.length import at_length
from tests.stack import CHECKOUT, Stack, Web

pytestmark = [pytest.mark.browser, pytest.mark.redis, pytest.mark.whole]

__all__ = ["alone", "origin", "profiles"]

SIZES = {"desk": (1440, 900), "tablet": (1024, 768), "phone": (390, 844)}
DEMO = {
    "django": (django_lines, "utf-8"),
    "access": (access_lines, "utf-8"),
    "mail": (json_lines, "utf-8"),
    "colours": (coloured_lines, "utf-8"),
    "gbk": (gbk_lines, "gbk"),
    "import": (import_lines, "utf-8"),
}
ENTRIES = CHECKOUT / "tests" / "formats" / "entries.jsonl"
#: The clock of a line, not the year and the hour of "28/Nov/2026:15:52:47".
CLOCK = re.compile(r"(?<!\d)(\d\d:\d\d:\d\d)(?!\d)")

#: What is wrong with what is drawn, in words.
FAULTS = (Path(__file__).parent / "looking.js").read_text()
#: Of each row of a line: its text, and the time that is drawn.
DRAWN = """() => [...document.querySelectorAll('.lt-window > .lt-row')].map((row) => [
  [...row.querySelectorAll(':scope > :not(.lt-extra, .lt-fields, .lt-gut)')].map((part) => part.textContent).join(''),
  row.querySelector('.lt-ts')?.dataset.t ?? '',
])"""


def demo_files() -> dict[str, tuple[bytes, str]]:
    chance = random.Random(26)
    files = {}
    for name, (write, encoding) in DEMO.items():
        at = datetime(2026, 11, 28, 15, 51, 7, 123_000).astimezone()
        lines = [write(at + timedelta(seconds=7 * number), chance) for number in range(60)]
        files[name] = (("\n".join(lines) + "\n").encode(encoding, "replace"), encoding)
    return files


@pytest.fixture
def registered(stack: Stack) -> dict[str, str]:
    """The text of each log of the demo, by its slug."""
    texts = {}
    for name, (content, encoding) in demo_files().items():
        stack.add_log(f"demo-{name}", content, encoding=encoding)
        texts[f"demo-{name}"] = content.decode(encoding)
    return texts


@pytest.fixture(params=list(SIZES))
def looking(
    request: pytest.FixtureRequest, browser: Browser, web: Web, member: str, complaints: list[str]
) -> Iterator[Page]:
    width, height = SIZES[request.param]
    context = browser.new_context(
        viewport={"width": width, "height": height}, has_touch=request.param == "phone"
    )
    context.set_default_timeout(20_000)
    context.add_cookies([{"name": "sessionid", "value": member, "url": web.url}])
    page = context.new_page()
    page.on("pageerror", lambda error: complaints.append(f"{error.name}: {error.message}"))
    page.on("console", lambda said: complaints.append(said.text))
    yield page
    context.close()
    assert complaints == []


def look(page: Page, web: Web, stack: Stack, slug: str, text: str) -> list[str]:
    """What is wrong with how a log is drawn."""
    page.goto(web.url + stack.reverse("logtail:log", slug))
    expect(page.locator("log-tail")).to_have_attribute("data-state", "live")
    until(page, f"tail.store.lines === {text.count(chr(10))}")
    return look_at(page, slug)


def look_at(page: Page, name: str) -> list[str]:
    """What is wrong with the lines that are drawn now, at the start of the log and at its end."""
    faults: list[str] = []
    page.mouse.move(1, 1)
    for place in ("0", "view.scrollHeight"):
        page.evaluate(
            f"() => {{ const view = document.querySelector('.lt-view'); view.scrollTop = {place}; }}"
        )
        settle(page)
        settle(page)
        faults += page.evaluate(FAULTS)
        faults += [
            f"{time!r} is drawn where {clock[1]} was written: {line[:80]!r}"
            for line, time in page.evaluate(DRAWN)
            if time and (clock := CLOCK.search(line)) and not time.startswith(clock[1])
        ]
    return [f"{name}: {fault}" for fault in dict.fromkeys(faults)]


@pytest.mark.parametrize("language", ["en", "zh-hans"])
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_every_log_of_the_demo_is_drawn_as_it_was_written(
    looking: Page, web: Web, stack: Stack, registered: dict[str, str], theme: str, language: str
) -> None:
    looking.context.add_cookies([{"name": "django_language", "value": language, "url": web.url}])
    looking.add_init_script(f"localStorage.setItem('logtail:reader', JSON.stringify({{theme: '{theme}'}}))")
    faults = []
    for slug, text in registered.items():
        faults += look(looking, web, stack, slug, text)

    assert faults == []
    assert looking.locator("html").get_attribute("data-theme") == theme
    expect(looking.locator(".lt-tail-text")).to_contain_text(
        "Waiting for new lines" if language == "en" else "等待"
    )


@pytest.mark.parametrize("size", at_length(list(SIZES), short=["desk", "phone"]))
def test_every_file_of_faults_is_drawn_as_it_was_written(alone: Callable[..., Alone], size: str) -> None:
    width, height = SIZES[size]
    app = alone(width, height, has_touch=size == "phone")
    app.open()
    faults = []
    for one in map(json.loads, ENTRIES.read_text(encoding="utf-8").splitlines()):
        app.open_again("\n".join(one["lines"]) + "\n")
        faults += look_at(app.page, one["name"])

    assert faults == []
