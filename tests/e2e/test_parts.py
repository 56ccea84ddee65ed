"""Parts of the page by themselves, in a real browser: what each draws of what it is given, and what it tells."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.alone import Alone, alone, origin, profiles, tabs

pytestmark = pytest.mark.browser
__all__ = ["alone", "origin", "profiles", "tabs"]


@pytest.fixture
def page(alone: Callable[..., Alone]) -> Page:
    """A page with the viewer's styles and words, without a log."""
    app = alone(width=800, height=600)
    app.page.goto(f"{app.origin}/?light")
    app.page.evaluate(
        """async () => {
          document.querySelector('log-tail').remove();
          document.body.className = 'lt-page';
          document.body.style.cssText = 'margin: 0; display: block';
          globalThis.part = (name) => import(`/static/${name}.js`);
          globalThis.host = document.createElement('div');
          host.className = 'lt-root';
          host.style.cssText = 'display: block; height: auto';
          document.body.append(host);
          globalThis.heard = [];
          globalThis.hears = (...names) => Object.fromEntries(
            names.map((name) => [name, (...given) => heard.push([name, ...given])]));
        }"""
    )
    return app.page


def test_the_divider_gives_each_pane_its_room_by_keys(page: Page) -> None:
    sizes: Any = page.evaluate(
        """async () => {
          const { Divider } = await part('page/divider');
          const panes = [1, 2].map(() => document.createElement('div'));
          const made = new Divider(...panes, hears('begins', 'moved', 'evens'));
          host.style.cssText = 'display: flex; width: 1000px';
          for (const pane of panes) pane.style.cssText = 'flex: 500 0 0; min-width: 0';
          made.element.style.cssText = 'flex: none; width: 0; margin: 0; padding: 0; border: 0';
          host.append(panes[0], made.element, panes[1]);
          const found = [];
          const press = (key, more) => {
            heard.length = 0;
            const event = new KeyboardEvent('keydown', { key, cancelable: true, ...more });
            made.element.dispatchEvent(event);
            const { ariaValueNow } = made.element;
            found.push([key, panes[0].offsetWidth, ariaValueNow, heard.flat().join(), event.defaultPrevented]);
          };
          press('ArrowLeft');
          press('ArrowRight', { shiftKey: true });
          press('Home');
          press('ArrowLeft');
          press('End');
          press('Enter');
          press('ArrowLeft', { ctrlKey: true });
          press('a');
          host.dir = 'rtl';
          press('ArrowRight');
          host.dir = 'ltr';
          host.style.width = '300px';
          press('Home');
          return found;
        }"""
    )

    moved = "begins,moved"
    assert sizes == [
        ["ArrowLeft", 484, "48", moved, True],
        ["ArrowRight", 580, "58", moved, True],
        ["Home", 200, "20", moved, True],
        ["ArrowLeft", 200, "20", moved, True],
        ["End", 800, "80", moved, True],
        ["Enter", 800, "80", "evens", True],
        ["ArrowLeft", 800, "80", "", False],
        ["a", 800, "80", "", False],
        ["ArrowRight", 784, "78", moved, True],
        ["Home", 150, "50", moved, True],
    ]


LIST = """async () => {
  const { List } = await part('page/list');
  host.innerHTML = '<div class="lt-side-head"></div><div class="lt-side-list"></div>';
  const log = (slug, more) => ({
    slug, name: `${slug}.log`, group: 'Shop', description: '', size: 2048, writing: false,
    page: `/logs/${slug}/`, views: [], ...more,
  });
  globalThis.list = new List(host, hears('open', 'openView', 'openFile', 'askForFiles', 'editView'));
  globalThis.logs = [
    log('web', { writing: true, description: 'Requests' }),
    log('worker', { size: 0, views: [
      { id: 7, name: 'Retries', fragment: 'q=retry', for: 'me', group: '', mine: true },
      { id: 8, name: 'All', fragment: '', for: 'everyone', group: '', mine: false },
      { id: 9, name: 'Ours', fragment: 'q=ours', for: 'group', group: 'ops', mine: false },
    ] }),
    log('db', { group: '', size: null }),
  ];
  list.draw(logs, 'web', '', new Map([['worker', 1200]]));
}"""


def test_the_list_says_of_each_log_what_it_is_and_of_each_view_whom_it_is_for(page: Page) -> None:
    page.evaluate(LIST)
    rows = page.locator("a.lt-log")
    seen = rows.evaluate_all(
        """(all) => all.map((one) => [one.getAttribute('href'), one.title, one.ariaCurrent,
          one.innerText.replaceAll('\\n', '|'), one.querySelector('.lt-dot')?.className ?? '',
          one.querySelector('.lt-dot')?.ariaLabel ?? ''])"""
    )

    assert seen == [
        ["/logs/web/", "Requests", "page", "web.log|2.0 kB", "lt-dot", "Being written now"],
        ["/logs/worker/", "", None, "worker.log|1,200|0", "lt-dot lt-quiet", ""],
        ["/logs/worker/#q=retry", "Retries", None, "Retries", "", ""],
        ["/logs/worker/#view=1", "All", None, "All|everyone", "", ""],
        ["/logs/worker/#q=ours", "Ours", None, "Ours|ops", "", ""],
        ["/logs/db/", "", None, "db.log", "lt-dot lt-quiet", ""],
    ]
    expect(page.locator(".lt-badge:visible")).to_have_attribute("title", "1,200 errors since you last looked")
    assert page.locator(".lt-group").all_inner_texts() == ["Shop", "Other"]
    expect(page.locator(".lt-view-edit")).to_have_count(1)


def test_a_view_is_the_current_one_while_the_address_shows_it(page: Page) -> None:
    page.evaluate(LIST)
    current = (
        "() => [...document.querySelectorAll('[aria-current]')].map((one) => one.innerText.split('\\n')[0])"
    )
    found = []
    for slug, fragment in (("worker", "q=retry"), ("worker", "q=other"), ("web", "q=retry"), ("worker", "")):
        page.evaluate("([slug, fragment]) => list.draw(logs, slug, fragment)", [slug, fragment])
        found.append(page.evaluate(current))

    assert found == [["Retries"], ["worker.log"], ["web.log"], ["worker.log"]]


def test_the_list_is_found_in_walked_through_and_pressed(page: Page) -> None:
    page.evaluate(LIST)
    focused = "() => document.activeElement.innerText?.split('\\n')[0] ?? document.activeElement.type"
    field = page.locator("input[type=search]")

    field.fill("WORK")
    expect(page.locator("a.lt-log mark")).to_have_text("work")
    assert page.locator("a.lt-log").count() == 4
    field.press("ArrowDown")
    first = page.evaluate(focused)
    page.keyboard.press("ArrowDown")
    second = page.evaluate(focused)
    page.keyboard.press("ArrowUp")
    page.keyboard.press("ArrowUp")
    expect(field).to_be_focused()
    assert (first, second) == ("worker.log", "Retries")
    field.press("Escape")
    expect(field).to_have_value("")
    expect(page.locator("a.lt-log")).to_have_count(6)
    field.fill("nothing")
    expect(page.locator(".lt-side-none")).to_contain_text("nothing")
    field.press("Enter")
    field.fill("d")
    field.press("Enter")
    expect(field).to_have_value("")
    field.press("Escape")
    page.locator("a.lt-log", has_text="web.log").click()
    page.locator("a.lt-log", has_text="web.log").click(modifiers=["Alt"])
    page.locator("a.lt-log", has_text="Retries").click()
    page.locator(".lt-view-row").first.hover()
    page.locator(".lt-view-edit").click()

    heard = page.evaluate(
        "() => heard.map(([name, log, more]) => [name, log.slug, typeof more === 'object' ? more.id : more])"
    )
    assert heard == [
        ["open", "db", False],
        ["open", "web", False],
        ["open", "web", True],
        ["openView", "worker", 7],
        ["editView", "worker", 7],
    ]


def test_older_files_are_listed_newest_first_once_they_are_opened(page: Page) -> None:
    page.evaluate(LIST)
    page.evaluate(
        """() => list.showFiles('web', [
          { file: null, name: 'web.log.3.gz', size: null, stored: 900, compression: 'gz', reason: 'it is gone' },
          { file: 'f/2', name: 'web.log.2.gz', size: 90_000, stored: 2048, compression: 'gz' },
          { file: 'f1', name: 'web.log.1', size: 1024, stored: 4096, compression: '' },
          { file: 'f0', name: 'web.log', size: 10, stored: 10, compression: '' },
        ], true)"""
    )
    toggle = page.locator("button.lt-older")
    expect(toggle).to_have_text("3+ older")
    expect(page.locator(".lt-file")).to_have_count(0)
    toggle.click()

    assert page.locator(".lt-file").evaluate_all(
        "(all) => all.map((one) => [one.getAttribute('href'), one.innerText.replaceAll('\\n', '|'), one.ariaDisabled])"
    ) == [
        ["/logs/web/#file=f1&at=0", "web.log.1|1.0 kB", None],
        ["/logs/web/#file=f%2F2&at=0", "web.log.2.gz|2.0 kB", None],
        [None, "web.log.3.gz|900 B", "true"],
    ]
    page.locator("a.lt-file").first.click()
    assert page.evaluate("() => heard.map(([name, log, file]) => [name, log.slug, file])") == [
        ["askForFiles", "web", None],
        ["openFile", "web", "f1"],
    ]
    expect(toggle).to_have_attribute("aria-expanded", "true")
    page.evaluate("() => list.showFiles('web', [{ file: 'f0', name: 'web.log', size: 1, stored: 1 }], false)")
    expect(toggle).to_have_count(0)


@pytest.mark.parametrize(
    ("fragment", "kept"),
    [
        ("", ["All lines, default display"]),
        (
            "q=a+b&t=status:500&t=/x%2By/&flags=only&off=ID&time=raw&zone=utc&col=20.request_id&raw=1",
            [
                *("status:500", "/x+y/", "a b", "Only matching lines", "Levels: Error, Warning"),
                *("Columns: request_id", "Raw lines", "As written", "UTC"),
            ],
        ),
        ("q=a.b&flags=regex,invert;log=db", ["/a.b/", "Hide matching lines", "2 panes"]),
        ("time=relative&zone=mine", ["Relative", "My time"]),
    ],
)
def test_the_dialog_says_what_a_view_keeps(page: Page, fragment: str, kept: list[str]) -> None:
    page.evaluate(
        """async (fragment) => {
          const { openSaveView } = await part('page/save-view');
          openSaveView({ save: '/save/' }, { fragment, isCut: false, panes: 1 }, () => {});
        }""",
        fragment,
    )

    assert page.locator("dialog .lt-lab .lt-termlist").first.locator("span").all_inner_texts() == kept


def test_what_happened_is_said_with_what_is_known_of_it(page: Page) -> None:
    rows: Any = page.evaluate(
        """async () => {
          const { paintMark } = await part('rows/mark');
          const { words } = await part('ui/config');
          const hasPrevious = (item) => item.kind === 'rotated';
          const made = (kind, details = {}, more = {}, mayLoad = true) => {
            const look = { words, times: { zone: 'written' }, mayLoad, hasPrevious, leftOutBy: () => null };
            const row = document.createElement('div');
            paintMark(row, { kind, details, start: 0, end: 2048, ...more }, look);
            const acts = [...row.querySelectorAll('button')].map((one) => one.dataset.act).join();
            const text = row.querySelector('span').textContent;
            return [row.dataset.kind, row.dataset.level ?? '', row.hasAttribute('data-away'), text, acts];
          };
          return [
            made('gap', { reason: 'slow' }), made('gap', { reason: 'elsewhere' }), made('gap', { loading: true }),
            made('gap', { failed: { id: 'not-there', message: 'x' } }), made('rotated', { name: 'a.1' }),
            made('missed', { size: 1024 }), made('missed', {}),
            made('hole', { size: 1024 }), made('recovered', { name: 'a.2' }),
            made('note', { text: 'deploy', level: 'error' }), made('note', { text: 'deploy', level: 'odd' }),
            made('gap', { reason: 'slow' }, {}, false),
          ];
        }"""
    )

    assert [(kind, level, away, acts) for kind, level, away, _, acts in rows] == [
        ("gap", "", False, "loadgap"),
        ("gap", "", True, "loadgap"),
        ("gap", "", False, ""),
        ("gap", "", False, ""),
        ("rotated", "", False, "previous"),
        ("missed", "", False, ""),
        ("missed", "", False, ""),
        ("hole", "", False, ""),
        ("recovered", "", False, ""),
        ("note", "error", False, ""),
        ("note", "info", False, ""),
        ("gap", "", False, ""),
    ]
    texts = [text for _, _, _, text, _ in rows]
    assert "2.0 kB" in texts[0]
    assert "a.1" in texts[4]
    assert ["1.0 kB" in text for text in texts[5:8]] == [True, False, True]
    assert "a.2" in texts[8]
    assert texts[9:11] == ["deploy", "deploy"]
    assert texts[11] == texts[0]


def test_a_label_and_its_key_are_shown_beside_a_button_for_as_long_as_it_is_pointed_at(page: Page) -> None:
    page.evaluate(
        """async () => {
          const { watchTips } = await part('ui/tips');
          watchTips(document);
          host.innerHTML = `
            <button aria-label="Copy" data-keys="C" style="position: fixed; left: 0; top: 100px">c</button>
            <button aria-label="Last" style="position: fixed; right: 0; bottom: 0">l</button>
            <p style="position: fixed; top: 300px">text</p>`;
        }"""
    )
    tip = page.locator(".lt-tip")

    page.locator("button").first.hover()
    expect(tip).to_be_visible()
    assert tip.evaluate("(one) => [...one.children].map((child) => child.textContent)") == ["Copy", "C"]
    below = tip.bounding_box()
    page.mouse.down()
    expect(tip).to_be_hidden()
    page.mouse.up()
    page.locator("button").last.hover()
    expect(tip).to_have_text("Last")
    above = tip.bounding_box()
    page.locator("p").hover()
    expect(tip).to_be_hidden()

    assert below is not None
    assert above is not None
    assert (below["x"], below["y"] > 100) == (6, True)
    assert (above["x"] + above["width"], above["y"] + above["height"] < 600) == (794, True)


def test_a_menu_is_walked_through_by_keys_and_gives_the_focus_back(page: Page) -> None:
    page.evaluate(
        """async () => {
          const { popUp } = await part('ui/pop-up');
          host.innerHTML = '<button class="near">menu</button>';
          const near = host.querySelector('.near');
          near.focus();
          const pop = document.createElement('div');
          pop.innerHTML = ['>1', ' disabled>2', '>3'].map((rest) => `<button class="lt-item"${rest}</button>`).join('');
          popUp(host, near, pop);
        }"""
    )
    focused = "() => document.activeElement.textContent"
    seen = [page.evaluate(focused)]
    for key in ("ArrowDown", "ArrowDown", "ArrowUp"):
        page.keyboard.press(key)
        seen.append(page.evaluate(focused))
    is_on = page.locator(".near").evaluate("(one) => 'on' in one.dataset")
    page.keyboard.press("Escape")

    assert (seen, is_on) == (["1", "3", "1", "3"], True)
    expect(page.locator(".lt-item")).to_have_count(0)
    expect(page.locator(".near")).to_be_focused()
    assert page.locator(".near").evaluate("(one) => 'on' in one.dataset") is False
