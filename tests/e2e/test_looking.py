"""Opens and inspects every log of the demo and every file of faults: boxes, overlaps, drawn times.

What a person sees is compared with the file line by line, at three sizes, in both themes and both languages.
"""

from __future__ import annotations

import ast
import json
import random
import re
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from itertools import product
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
from tests.e2e.alone import Alone, alone, origin, profiles, tabs
from tests.e2e.viewing import settle, text_of, until
from tests.length import at_length
from tests.stack import CHECKOUT, Stack, Web

pytestmark = [pytest.mark.browser, pytest.mark.redis, pytest.mark.whole]

__all__ = ["alone", "origin", "profiles", "tabs"]

SIZES = {"desk": (1440, 900), "tablet": (1024, 768), "phone": (390, 844)}
EVERY_LOOK = product(SIZES, ["light", "dark"], ["en", "zh-hans"])
#: Of these each size, theme and language.
SOME_LOOKS = [("desk", "dark", "zh-hans"), ("tablet", "light", "en"), ("phone", "light", "zh-hans")]
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
#: Of each row of a line: its text, the time that is drawn, and of a line that is drawn as its fields what is written in
#: the file, and each part with its class.
DRAWN = """() => {
const keyOf = ({ previousSibling: key }) => (key?.nodeType === 3 ? key.data.trimStart() : '');
return [...document.querySelectorAll('.lt-window > .lt-row')].map((row) => {
  const parts = [...row.querySelectorAll(':scope > :not(.lt-extra, .lt-fields, .lt-gut)')];
  const isShaped = row.classList.contains('lt-shaped');
  return {
    text: parts.map((part) => part.textContent).join(''),
    time: row.querySelector('.lt-ts')?.dataset.t ?? '',
    written: isShaped ? document.querySelector('log-tail').rows.itemAt(row).plain : '',
    parts: isShaped ? parts.map((part) => [part.className, keyOf(part) + part.textContent]) : [],
  };
});
}"""
PAIR = re.compile(r"""([\w.@/-]+)=("(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|\S*)""")
REQUEST = re.compile(
    r'(\S+) \S+ (\S+) \[(.*?)\] "(\w+) (\S+)(?: HTTP/[\d.]+)?" (\d+) (\d+|-)(?: "(.*?)" "(.*?)")?$'
)
#: Words that levels are called by where they are numbers.
NUMBERED = {"ERROR", "WARNING", "INFO", "DEBUG"}


def leaves(value: object, name: str = "") -> Iterator[tuple[str, str]]:
    """The fields of an object by their dotted names; numbers as they are written."""
    if isinstance(value, dict) and (value or not name):
        for key, inner in value.items():
            yield from leaves(inner, f"{name}.{key}" if name else key)
    elif isinstance(value, str):
        yield name, re.sub(r"\x1b\[[\d;]*m", "", value)
    elif isinstance(value, Written):
        yield name, value.digits
    elif not isinstance(value, list):
        yield name, json.dumps(value)


def fields_in(line: str) -> dict[str, str] | None:
    """What a line of JSON or of pairs says, by names; None where it is neither alone."""
    if line.startswith("{"):
        found = json.loads(line, parse_int=Written, parse_float=Written)
        return None if "log" in found else dict(leaves(found))
    if REQUEST.search(line) or not PAIR.match(line):
        return None
    return {name: said(value) for name, value in PAIR.findall(line)}


def said(value: str) -> str:
    """The value of a pair, which may be in quotes, also as Python writes them."""
    if value.startswith("'"):
        return str(ast.literal_eval(value))
    return str(json.loads(value)) if value.startswith('"') else value


class Written(float):
    """A number that remembers its digits."""

    def __new__(cls, digits: str) -> Written:
        made = super().__new__(cls, digits)
        made.digits = digits
        return made

    digits: str


def misdrawn(line: str, parts: list[list[str]]) -> list[str]:
    """What a line that is drawn as its fields hides, or says otherwise than it is written."""
    if request := REQUEST.search(line):
        address, _, _, method, path, status, size, referer, agent = request.groups()
        by_class = {name: text for name, text in parts if not name.startswith(("lt-kv", "lt-n"))}
        rest = [text for name, text in parts if name.startswith("lt-kv lt-rest")]
        digits = next((text for name, text in parts if name == "lt-n"), "")
        return [
            f"{wanted!r} is not drawn of {line[:80]!r}"
            for wanted, is_drawn in [
                (method, by_class.get("lt-verb") == method),
                (path, by_class.get("lt-path") == path),
                (status, by_class.get("lt-code") == status),
                (size, size == "-" or digits[:1] == size[:1] or digits[:1] in "123456789"),
                (address, address in rest),
                (referer, referer is None or f'"{referer}"' in rest),
                (agent, agent is None or f'"{agent}"' in rest),
            ]
            if not is_drawn
        ]
    fields = fields_in(line)
    if fields is None:
        return []
    drawn = dict(text.split("=", 1) for name, text in parts if name.startswith("lt-kv") and "=" in text)
    elsewhere = {
        text.strip()
        for name, text in parts
        if name in ("lt-ts", "lt-lv lt-pad", "lt-src", "lt-msg", "lt-path", "lt-code")
    }
    # A request in one field is drawn in two parts.
    by_class = dict(parts)
    request = f"{by_class.get('lt-verb')} {by_class.get('lt-path')}"
    faults = []
    for name, text in fields.items():
        if name in drawn:
            shown = drawn[name]
            quoted = shown[1:-1] if shown[:1] == '"' == shown[-1:] and shown != text else shown
            if not same(quoted, text):
                faults.append(f"{name} is drawn as {shown!r} and not as {text!r}")
        elif "lt-verb" in by_class and (f"{text} ".startswith(f"{request} ") or text == by_class["lt-verb"]):
            continue
        elif not any(same(one, text.strip()) or one == text.upper() for one in elsewhere) and not (
            text.isdigit() and NUMBERED & elsewhere
        ):
            faults.append(f"{name}, {text!r}, is not drawn of {line[:80]!r}")
    return faults


def same(drawn: str, written: str) -> bool:
    """Whether this is what was written; characters that steer are named, and long values are cut."""
    named = re.sub(r"[\x00-\x08\x0a-\x1f]", lambda found: f"U+{ord(found[0]):04X}", written)
    return drawn == named or (drawn.endswith("…") and named.startswith(drawn[:-1]))


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


@pytest.fixture
def looking(browser: Browser, web: Web, member: str, complaints: list[str], size: str) -> Iterator[Page]:
    width, height = SIZES[size]
    context = browser.new_context(
        viewport={"width": width, "height": height},
        has_touch=size == "phone",
        reduced_motion="reduce",
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
        rows = page.evaluate(DRAWN)
        faults += [
            f"{row['time']!r} is drawn where {clock[1]} was written: {row['text'][:80]!r}"
            for row in rows
            if row["time"] and (clock := CLOCK.search(row["text"])) and not row["time"].startswith(clock[1])
        ]
        for row in rows:
            faults += misdrawn(row["written"], row["parts"]) if row["written"] else []
        if any(row["written"] for row in rows):
            faults += raw_faults(page)
    return [f"{name}: {fault}" for fault in dict.fromkeys(faults)]


def raw_faults(page: Page) -> list[str]:
    """The same for raw lines, each of which is a line of the file."""
    page.evaluate("document.querySelector('log-tail').viewOptions.toggleRaw()")
    settle(page)
    settle(page)
    faults: list[str] = page.evaluate(FAULTS)
    rows = page.evaluate(DRAWN)
    faults += [f"still drawn as fields: {row['text'][:80]!r}" for row in rows if row["written"]]
    lines = set(text_of(page).splitlines())
    faults += [
        f"is not a line of the file: {row['text'][:80]!r}"
        for row in rows
        if row["text"].startswith("{") and "U+" not in row["text"] and row["text"] not in lines
    ]
    page.evaluate("document.querySelector('log-tail').viewOptions.toggleRaw()")
    settle(page)
    return [f"raw: {fault}" for fault in faults]


@pytest.mark.parametrize(("size", "theme", "language"), at_length(list(EVERY_LOOK), short=SOME_LOOKS))
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
    expect(looking.locator(".lt-format")).to_have_text("Time and level" if language == "en" else "时间和级别")
    expect(looking.locator(".lt-tail-text")).to_contain_text(
        "Waiting for new lines" if language == "en" else "等待"
    )


@pytest.mark.parametrize("size", at_length(list(SIZES), short=["desk", "phone"]))
def test_every_file_of_faults_is_drawn_as_it_was_written(alone: Callable[..., Alone], size: str) -> None:
    width, height = SIZES[size]
    app = alone(width, height, has_touch=size == "phone")
    app.open()
    faults = []
    some = at_length(1, short={"desk": 2, "phone": 4}[size])
    for one in map(json.loads, ENTRIES.read_text(encoding="utf-8").splitlines()[::some]):
        app.open_again("\n".join(one["lines"]) + "\n")
        faults += look_at(app.page, one["name"])

    assert faults == []


def test_opened_fields_and_a_tapped_value_lie_over_nothing(alone: Callable[..., Alone]) -> None:
    app = alone(390, 844, has_touch=True)
    page = app.open("".join(f'{{"status": 200, "path": "/cart/{number}/"}}\n' for number in range(12)))
    page.evaluate("[...document.querySelectorAll('.lt-tri')].at(-1).click()")
    settle(page)

    assert page.evaluate(FAULTS) == []
    page.locator(".lt-fld").first.tap()
    settle(page)
    settle(page)
    assert page.evaluate(FAULTS) == []
