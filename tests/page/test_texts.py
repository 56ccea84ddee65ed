"""The texts of the page: English in `texts.py`, other languages in catalogues in step with it."""

import ast
import gettext
import json
import re
from pathlib import Path

import pytest
from django.utils import translation
from django.utils.translation import to_language
from django.utils.translation.template import templatize

import django_logtail
from django_logtail.formats.given import names
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
    assert LANGUAGES[0] == "en"
    assert sorted(LANGUAGES[1:]) == sorted(to_language(path.parts[-3]) for path in CATALOGUES)


def marked() -> set[str | tuple[str, int]]:
    """What the package marks for translation, keyed as in a catalogue."""
    found: set[str | tuple[str, int]] = set()
    for module in PACKAGE.rglob("*.py"):
        tree = ast.parse(module.read_text())
        called = {
            name.asname or name.name: name.name.removesuffix("_lazy")
            for one in ast.walk(tree)
            if isinstance(one, ast.ImportFrom) and one.module == "django.utils.translation"
            for name in one.names
        }
        for call in ast.walk(tree):
            if not (isinstance(call, ast.Call) and isinstance(call.func, ast.Name)):
                continue
            said = [one.value for one in call.args if isinstance(one, ast.Constant)]
            match called.get(call.func.id):
                case "gettext" if said:
                    found.add(said[0])
                case "ngettext":
                    found.add((said[0], 0))
                case "pgettext":
                    found.add("\x04".join(said))
    for template in (PACKAGE / "templates").rglob("*.html"):
        for call, said in re.findall(
            r"\b(n?gettext|_)\(u?('(?:\\.|[^'])*'|\"(?:\\.|[^\"])*\")", templatize(template.read_text())
        ):
            text = ast.literal_eval(said)
            found.add((text, 0) if call == "ngettext" else text)
    return found


@pytest.mark.parametrize("catalogue", CATALOGUES, ids=lambda path: path.parts[-3])
def test_every_text_that_is_marked_for_translation_is_in_the_catalogue_and_translated(
    catalogue: Path,
) -> None:
    messages = entries(catalogue)

    assert len(marked()) > 500
    assert [text for text in marked() if not messages.get(text)] == []


def test_texts_are_in_the_language_of_the_request() -> None:
    with translation.override("zh-hans"):
        chinese = texts()
    with translation.override("en"):
        english = texts()

    assert (english["state.live"], chinese["state.live"]) == ("Live", "实时")
    assert chinese["sel.clear"] == "取消选择"


def test_formats_that_are_named_by_words_have_them_in_the_language_of_the_request() -> None:
    with translation.override("zh-hans"):
        chinese = {key.removeprefix("format."): text for key, text in texts().items()}

    assert (chinese["Time and level"], chinese["Access log"]) == ("时间和级别", "访问日志")
    assert {"Level", "Time", "JSON lines", "Thread and level"} < set(names().values()) & set(chinese)
    words = {name for name in names().values() if re.search(r"\b(level|time|log$)", name, re.IGNORECASE)}
    assert words - set(chinese) == set()


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


def test_the_page_knows_its_version_without_a_configuration() -> None:
    config = (PACKAGE / "static" / "logtail" / "ui" / "config.js").read_text()
    assert f"version: {json.dumps(django_logtail.__version__)}".replace('"', "'") in config


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
