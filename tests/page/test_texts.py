"""The texts of the page: English in `texts.py`, other languages in catalogues in step with it."""

import ast
import gettext
import json
import re
from pathlib import Path

import pytest
from django.utils import translation
from django.utils.translation import to_language

import django_logtail
from django_logtail.page.texts import LANGUAGES, PLURALS, TEXTS, texts

PACKAGE = Path(django_logtail.__file__).parent
SCRIPTS = sorted((PACKAGE / "static" / "logtail").rglob("*.js"))
CATALOGUES = sorted((PACKAGE / "locale").glob("*/LC_MESSAGES/django.po"))
PLACE = re.compile(r"\{(\w+)\}")


def entries(catalogue: Path) -> dict[str | tuple[str, int], str]:
    """The messages of a .po file, keyed as in a .mo file: a context before its message, plural forms by number."""
    found: dict[str | tuple[str, int], str] = {}
    for block in catalogue.read_text().split("\n\n"):
        fields: dict[str, str] = {}
        name = ""
        for line in block.splitlines():
            if match := re.match(r'(msgctxt|msgid|msgid_plural|msgstr|msgstr\[\d\]) (".*")$', line):
                name = match[1]
                fields[name] = ast.literal_eval(match[2])
            elif line.startswith('"'):
                fields[name] += ast.literal_eval(line)
        if fields.get("msgid"):
            context = f"{fields['msgctxt']}\x04" if "msgctxt" in fields else ""
            key = context + fields["msgid"]
            if "msgstr" in fields:
                found[key] = fields["msgstr"]
            else:
                found |= {
                    (key, int(name[7:-1])): text
                    for name, text in fields.items()
                    if name.startswith("msgstr[")
                }
    return found


@pytest.mark.parametrize("catalogue", CATALOGUES, ids=lambda path: path.parts[-3])
def test_the_compiled_catalogue_is_in_step_with_its_source(catalogue: Path) -> None:
    with catalogue.with_suffix(".mo").open("rb") as file:
        compiled = gettext.GNUTranslations(file)

    messages = {key: text for key, text in compiled._catalog.items() if key}

    assert messages == entries(catalogue)


@pytest.mark.parametrize("catalogue", CATALOGUES, ids=lambda path: path.parts[-3])
def test_every_text_is_translated_with_the_same_places_for_values(catalogue: Path) -> None:
    messages = entries(catalogue)
    with translation.override("en"):
        english = texts()

    missing = [
        key
        for key, text in english.items()
        if not (
            messages.get((text[-1], 0))
            if isinstance(text, list)
            else messages.get(text) or messages.get(f"selection\x04{text}")
        )
    ]
    differing = [
        text
        for key, translated in messages.items()
        if set(PLACE.findall(text := key if isinstance(key, str) else key[0]))
        != set(PLACE.findall(translated))
    ]

    assert missing == []
    assert differing == []


def test_the_languages_are_english_and_those_with_a_catalogue() -> None:
    assert ("en", *(to_language(path.parts[-3]) for path in CATALOGUES)) == LANGUAGES


def test_texts_are_in_the_language_of_the_request() -> None:
    with translation.override("zh-hans"):
        chinese = texts()
    with translation.override("en"):
        english = texts()

    assert (english["state.live"], chinese["state.live"]) == ("Live", "实时")
    assert (chinese["sel.clear"], chinese["do.clear"]) == ("取消选择", "清除")


def test_every_key_that_a_script_names_is_a_text() -> None:
    families = "|".join({key.partition(".")[0] for key in (*TEXTS, *PLURALS)})
    named = set()
    for script in SCRIPTS:
        text = script.read_text()
        named |= set(re.findall(r"(?:say|said|row|item|button|extra)\(\s*'([a-z]+(?:\.[a-z-]+)+)'", text))
        named |= set(re.findall(rf"'((?:{families})(?:\.[a-z-]+)+)'", text))

    named = {name for name in named if ".lt-" not in name}
    assert len(named) > 200
    assert sorted(named - set(TEXTS) - set(PLURALS)) == []


#: Keys that scripts put together from a name and one of these.
PUT_TOGETHER = {
    "empty": "binary choose denied file filter notyet signedout",
    "hint": "any begins is least like most over under bad.number bad.quote",
    "hint.not": "any begins is like",
    "level": "debug error info other warning",
    "mark": "back between elsewhere next not-a-file overwritten refused replaced stopped unreadable",
    "notice": "lost notloaded",
    "socket": "cause.plain cause.wsgi fix.plain fix.wsgi",
}


@pytest.mark.parametrize("family", PUT_TOGETHER)
def test_every_key_that_a_script_puts_together_is_a_text(family: str) -> None:
    names = {f"{family}.{name}" for name in PUT_TOGETHER[family].split()}

    assert sorted(names - set(TEXTS)) == []


def test_the_help_lists_each_key_with_a_word() -> None:
    text = (PACKAGE / "static" / "logtail" / "pane" / "keys.js").read_text()
    table = text[text.index("HELP = ") : text.index("]);")]
    groups = re.findall(r"\['(\w+)', \{(.*?)\}\]", table)

    listed = {f"keys.{group}.{name}" for group, keys in groups for name in re.findall(r"([\w-]+)'?: '", keys)}

    assert len(listed) > 20
    assert listed | {f"keys.{name}" for name, _ in groups} == {
        key for key in TEXTS if key.startswith("keys.")
    }


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


def test_the_page_knows_its_version_without_a_configuration() -> None:
    config = (PACKAGE / "static" / "logtail" / "ui" / "config.js").read_text()
    assert f"version: {json.dumps(django_logtail.__version__)}".replace('"', "'") in config


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.name)
def test_no_script_makes_markup_or_code_from_text(script: Path) -> None:
    text = re.sub(r"/\*.*?\*/|//[^\n]*", "", script.read_text(), flags=re.S)

    forbidden = (
        r"\b(innerHTML|outerHTML|insertAdjacentHTML|document\.write|new Function"
        r"|(?<!\.)eval\((?![\w, ]+\) \{)"  # no method of that name, nor its definition
        r"|DOMParser|createContextualFragment)"
    )

    assert re.findall(forbidden, text) == []


def test_templates_have_no_inline_script_style_or_handler() -> None:
    for template in (PACKAGE / "templates").rglob("*.html"):
        text = template.read_text()

        assert not re.search(r"<style|\sstyle=|\son\w+=|<script(?![^>]*\ssrc=)", text), template


def test_the_style_sheet_names_no_colour_of_its_own() -> None:
    text = (PACKAGE / "static" / "logtail" / "styles" / "viewer.css").read_text()

    assert re.findall(r"#[0-9a-fA-F]{3,8}\b|!important", re.sub(r"/\*.*?\*/", "", text, flags=re.S)) == []


def test_everybody_is_given_every_text_but_the_reasons_for_staff() -> None:
    given, kept = texts(for_staff=False), set(texts()) - set(texts(for_staff=False))

    assert given["notice.full"] == "This server has reached its viewer limit. Try again later."
    assert kept
    assert {key[:7] for key in kept} == {"reason."}
