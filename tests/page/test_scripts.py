"""The page's scripts as a whole: what each imports, what is used, and what no script may do."""

import re
from pathlib import Path

import pytest

import django_logtail
from django_logtail.page.texts import PLURALS, TEXTS
from django_logtail.states import LOG_STATES, PAGE_STATES
from tests.stack import CHECKOUT

PACKAGE = Path(django_logtail.__file__).parent
SCRIPTS = sorted((PACKAGE / "static" / "logtail").rglob("*.js"))


def test_each_import_of_a_script_names_a_script_that_is_there() -> None:
    imports = [
        (script.name, target, (script.parent / target).resolve())
        for script in SCRIPTS
        if script.parent.name != "vendor"
        for target in re.findall(r"(?:from |import |new URL\(|import\()'([^']+)'", script.read_text())
    ]

    assert len(imports) > 100
    assert [item for item in imports if item[2] not in SCRIPTS] == []


#: The rooms of the scripts, each standing on those below it.
ROOMS = (
    "admin",
    "page",
    "define.js",
    "log-tail.js",
    "pane",
    "find",
    "rows",
    "connection",
    "log",
    "formats",
    "ui",
    "vendor",
)


def room_of(script: Path) -> str:
    return script.relative_to(PACKAGE / "static" / "logtail").parts[0]


def test_arrows_between_the_folders_of_scripts_point_down() -> None:
    arrows = {
        (room_of(script), room_of((script.parent / target).resolve()))
        for script in SCRIPTS
        for target in re.findall(r"^import (?:[^']* from )?'([^']+)'", script.read_text(), re.MULTILINE)
    }

    upwards = [(a, b) for a, b in arrows if ROOMS.index(a) > ROOMS.index(b)]
    assert {room_of(script) for script in SCRIPTS} == set(ROOMS)
    assert len(arrows) > 20
    assert upwards == []


def test_no_part_of_the_element_knows_the_element() -> None:
    knowing = {
        script.name
        for script in SCRIPTS
        if "LogTail" in script.read_text() or re.search(r"[( {]tail\.[a-z]+[.(]", script.read_text())
    }

    assert knowing == {"log-tail.js", "define.js", "logs-page.js"}


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.name)
def test_no_script_makes_markup_or_code_from_text(script: Path) -> None:
    text = re.sub(r"/\*.*?\*/|//[^\n]*", "", script.read_text(), flags=re.S)

    forbidden = (
        r"\b(innerHTML|outerHTML|insertAdjacentHTML|document\.write|new Function"
        r"|(?<!\.)eval\((?![\w, ]+\) \{)"  # no method of that name, nor its definition
        r"|DOMParser|createContextualFragment)"
    )

    assert re.findall(forbidden, text) == []


def test_what_a_script_exports_is_used_elsewhere() -> None:
    texts = {path: path.read_text() for path in (*SCRIPTS, *(CHECKOUT / "tests").rglob("*.js"))}
    unused = [
        f"{script.name}: {name}"
        for script in SCRIPTS
        if script.parent.name != "vendor"
        for name in re.findall(
            r"^export (?:async )?(?:const|function\*?|class|let) (\w+)", texts[script], re.MULTILINE
        )
        if not any(re.search(rf"\b{name}\b", text) for path, text in texts.items() if path != script)
    ]

    assert unused == []


#: The beginnings of keys that scripts put together, where the rest is checked by `test_texts` or in a table.
FAMILIES = re.compile(
    r"(empty|field|format|go|hint|keys|level|mark|notice\.log|reason|seek|state|tail\.log|time|vol|zone)\.|socket\."
)


def test_each_text_is_used() -> None:
    scripts = "".join(script.read_text() for script in SCRIPTS if script.parent.name != "vendor")
    named = set(re.findall(r"'([\w.-]+)'", scripts))
    actions = {action for state in (*PAGE_STATES, *LOG_STATES) for action in getattr(state, "actions", ())}
    # The kinds of trouble that linked lines can be in.
    told = {"notice.lost", "notice.notloaded", "notice.unreached"}

    unused = [
        key for key in (*TEXTS, *PLURALS) if key not in named | actions | told and not FAMILIES.match(key)
    ]

    assert unused == []
