"""Helpers of the page's browser tests."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Protocol

from playwright.sync_api import Page, expect

from tests.stack import Stack, wait_until

PATIENCE = 60_000


def line(number: int, level: str = "INFO", text: str = "GET /things/") -> str:
    second = number // 1000
    clock = f"{second // 3600:02d}:{second // 60 % 60:02d}:{second % 60:02d},{number % 1000:03d}"
    return f"2026-08-24 {clock} {level:8} shop.access {text} {number}\n"


def lines(start: int, end: int, **more: str) -> str:
    return "".join(line(number, **more) for number in range(start, end))


def append(path: Path, text: str | bytes) -> None:
    with path.open("ab") as file:
        file.write(text.encode() if isinstance(text, str) else text)


class Address(Protocol):
    """Where pages are served: a server, or a way to one."""

    @property
    def url(self) -> str: ...


def show(page: Page, web: Address, stack: Stack, slug: str, state: str = "live") -> None:
    page.goto(web.url + stack.reverse("logtail:log", slug))
    expect_state(page, state)


def expect_state(page: Page, state: str, pane: int = 0) -> None:
    expect(page.locator("log-tail").nth(pane)).to_have_attribute("data-state", state, timeout=PATIENCE)


def tail(page: Page, expression: str) -> Any:
    """What a script's `expression` of the first pane, `tail`, says."""
    return page.evaluate(
        f"(() => {{ const tail = document.querySelector('log-tail'); return {expression}; }})()"
    )


def until(page: Page, expression: str) -> None:
    """Returns when `expression` of the first pane, `tail`, is true."""
    # Not `wait_for_function`: it evaluates text in the page, which the page's policy forbids.
    wait_until(lambda: tail(page, expression), what=expression)


def settle(page: Page) -> None:
    """Two frames: what was asked for is on screen."""
    page.evaluate("() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")


def text_of(page: Page) -> str:
    """All lines the page holds, as they are in the file."""
    return tail(
        page,
        "tail.store.items.slice(tail.store.first).filter((item) => item.kind === 'line')"
        ".map((item) => item.text + '\\n').join('')",
    )


def marks_of(page: Page) -> list[str]:
    return tail(
        page,
        "tail.store.items.slice(tail.store.first).filter((item) => item.kind !== 'line').map((item) => item.kind)",
    )


def row_at_top(page: Page) -> list[Any]:
    """The first row that is wholly in view, and where its upper edge is."""
    return page.evaluate(
        """() => {
          const view = document.querySelector('.lt-view').getBoundingClientRect();
          for (const row of document.querySelectorAll('.lt-row')) {
            const { top } = row.getBoundingClientRect();
            if (top >= view.top) return [row.textContent, top];
          }
          return ['', 0];
        }"""
    )
