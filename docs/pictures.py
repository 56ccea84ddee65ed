"""Takes the pictures for these pages: `python docs/pictures.py viewer`, while `make demo` is running.

A demo that has run for three minutes has enough lines. The browser is Chromium; `CHROMIUM` names another one.
`python docs/pictures.py audit` takes those of recorded access, while `LOGTAIL_AUDIT=1 make demo` is running, and
`rules` that of the rules, while `LOGTAIL_REDACT=1 make demo` is.
"""

import argparse
import os
import shutil
from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import Browser, Page, ViewportSize, sync_playwright

#: Whether a whole entry with a traceback is in sight, away from the edges.
HAS_TRACEBACK = """() => [...document.querySelectorAll('.lt-row.lt-last')].some((row) => {
  const { top } = row.getBoundingClientRect();
  return top > 350 && top < 700;
})"""
IMAGES = Path(__file__).parent / "images"
DESK: ViewportSize = {"width": 1440, "height": 900}
PHONE: ViewportSize = {"width": 390, "height": 844}
ADMIN: ViewportSize = {"width": 1280, "height": 720}
#: What the rules are tried on.
SECRETS = """\
2026-11-27 14:22:08,402 INFO shop.accounts login ok user=ann@shop.example from 203.0.113.41
2026-11-27 14:22:09,014 DEBUG shop.http > POST /v1/charges Authorization: Bearer 8f14e45fceea167a5a36
2026-11-27 14:22:09,377 DEBUG shop.http < 200 Set-Cookie: sessionid=q7v2m1x9; Path=/
2026-11-27 14:22:09,720 INFO shop.orders order 48213 paid
    psycopg.connect("postgresql://shop:correct-horse@db-1:5432/shop")
"""


def signed_in(browser: Browser, origin: str, user: str = "demo", size: ViewportSize = DESK) -> Page:
    """The list of logs, as this user of the demo sees it."""
    page = browser.new_context(viewport=size, has_touch=size is PHONE).new_page()
    page.goto(f"{origin}/accounts/login/?next=/logs/")
    page.fill("[name=username]", user)
    page.fill("[name=password]", "demo")
    page.press("[name=password]", "Enter")
    page.wait_for_selector("log-tail")
    return page


def opened(
    browser: Browser,
    address: str,
    theme: str = "light",
    language: str = "en",
    is_phone: bool = False,
    user: str = "demo",
) -> Page:
    """The page of an address of the demo, with some seconds of new lines."""
    origin = address.split("/logs/")[0]
    page = signed_in(browser, origin, user, PHONE if is_phone else DESK)
    page.context.add_cookies([{"name": "django_language", "value": language, "url": origin}])
    page.context.add_init_script(f"localStorage['logtail:reader'] = JSON.stringify({{ theme: '{theme}' }})")
    page.goto(address)
    page.wait_for_selector(".lt-row")
    page.wait_for_timeout(8_000)
    return page


def with_strip(page: Page) -> None:
    """Show how many entries there were in the last hour."""
    page.press(".lt-view", "h")
    page.get_by_label("Time that is shown").select_option("hour")
    page.wait_for_timeout(2_000)


def take(page: Page, name: str) -> None:
    page.mouse.move(1, 1)
    page.wait_for_timeout(300)
    page.screenshot(path=IMAGES / f"{name}.png")
    page.context.close()


def viewer(browser: Browser, origin: str) -> None:
    """The page of logs."""
    django = f"{origin}/logs/django/"
    for name, fragment, is_phone in (
        ("viewer", "", False),
        ("viewer-light", "#off=D", False),
        ("viewer-phone", "", True),
    ):
        page = opened(browser, django + fragment, is_phone=is_phone)
        page.wait_for_function(HAS_TRACEBACK, timeout=90_000)
        take(page, name)
    page = opened(browser, f"{django}#q=traceback", theme="dark")
    page.press(".lt-q", "Shift+Enter")
    page.wait_for_timeout(500)
    take(page, "viewer-dark")
    take(opened(browser, f"{django}#view=1;log=tests", language="zh-hans"), "viewer-chinese")

    page = opened(browser, f"{django}#q=timeout")
    with_strip(page)
    page.click(".lt-whole")
    page.wait_for_selector(".lt-results[data-done=true] .lt-res")
    page.locator(".lt-res").nth(3).click()
    page.wait_for_timeout(1_500)
    take(page, "viewer-search")

    page = opened(browser, f"{django}#q=checkout")
    page.press(".lt-view", "A")
    page.get_by_role("button", name="By time").click()
    page.wait_for_selector(".lt-results[data-done=true] .lt-res")
    page.wait_for_timeout(500)
    take(page, "viewer-logs")

    page = opened(browser, django)
    with_strip(page)
    page.press(".lt-view", "@")
    page.keyboard.type("2 min ago")
    page.hover(".lt-hist", position={"x": 6, "y": 200})
    page.wait_for_timeout(1_000)
    page.screenshot(path=IMAGES / "viewer-time.png")
    page.context.close()


def audit(browser: Browser, origin: str) -> None:
    """The admin's pages of who read what, after three people have read some."""
    django = f"{origin}/logs/django/"
    searching = opened(browser, f"{django}#q=timeout", user="ann")
    searching.click(".lt-whole")
    searching.wait_for_selector(".lt-results[data-done=true] .lt-res")
    searching.press(".lt-view", "@")
    searching.keyboard.type("1 min ago")
    searching.keyboard.press("Enter")
    searching.wait_for_timeout(2_000)
    going = opened(browser, f"{origin}/logs/tests/", user="ben")
    staying = opened(browser, f"{origin}/logs/tests/")
    going.context.close()
    searching.wait_for_timeout(65_000)  # what was read is recorded every minute
    admin = signed_in(browser, origin, size=ADMIN)
    admin.goto(f"{origin}/admin/logtail/viewing/")
    admin.screenshot(path=IMAGES / "audit-viewings.png")
    admin.locator("tr", has_text="ann").locator("th a").first.click()
    admin.wait_for_load_state()
    take(admin, "audit-viewing")
    for page in (searching, staying):
        page.context.close()


def rules(browser: Browser, origin: str) -> None:
    """The admin's page of rules, after a trial of them."""
    page = signed_in(browser, origin, size=ADMIN)
    page.goto(f"{origin}/admin/logtail/log/rules/")
    page.fill("[name=lines]", SECRETS)
    page.click("#logtail-try [type=submit]")
    page.wait_for_selector("#logtail-tried")
    page.screenshot(path=IMAGES / "rules.png", full_page=True)
    page.context.close()


#: By name: what takes the pictures of a part of the docs.
PARTS: dict[str, Callable[[Browser, str], None]] = {"viewer": viewer, "audit": audit, "rules": rules}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("parts", nargs="+", choices=PARTS)
    parser.add_argument("--origin", default="http://127.0.0.1:8000")
    asked = parser.parse_args()
    path = os.environ.get("CHROMIUM") or shutil.which("chromium-headless-shell") or shutil.which("chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path)
        for name in asked.parts:
            PARTS[name](browser, asked.origin)
        browser.close()


if __name__ == "__main__":
    main()
