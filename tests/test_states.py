"""States are one table, and everything that shows one takes it from there."""

import json
import re
import string

import pytest
from django.contrib.auth.models import AnonymousUser
from django.test import RequestFactory
from django.utils import translation

from django_logtail import states
from django_logtail.page.config import viewer_config
from django_logtail.relay import feed
from django_logtail.tailing import discovery
from tests.stack import CHECKOUT

PACKAGE = CHECKOUT / "django_logtail"
SCRIPTS = {path.name: path.read_text() for path in (PACKAGE / "static" / "logtail").rglob("*.js")}
STYLES = "\n".join(path.read_text() for path in (PACKAGE / "static" / "logtail").rglob("*.css"))
LOG_STATES = (
    *("waiting", "live", "missing", "unreadable", "not-a-file"),
    *("refused", "stalled", "no-reader", "no-redis", "stopped"),
)
PAGE_STATES = (
    *("idle", "connecting", "live", "behind", "history", "paused", "stopped", "ended", "reconnecting"),
    *(
        "offline",
        "missing",
        "notyet",
        "unreadable",
        "stalled",
        "noreader",
        "denied",
        "signedout",
        "outdated",
        "failed",
    ),
)
#: What the reference calls the colours.
COLOURS = {"": "", "ok": "green", "caution": "amber", "danger": "red"}


def said_by_python() -> set[str]:
    """What followers, readers and relays say of a log, in the words of viewers."""
    texts = {
        folder: "\n".join(path.read_text() for path in (PACKAGE / folder).rglob("*.py"))
        for folder in ("reader", "relay")
    }
    said = {*discovery.STATES.values()}
    said |= set(re.findall(r'trouble = \(?\s*"([a-z-]+)"', texts["reader"]))
    said |= set(re.findall(r'return "([a-z-]+)", reason', texts["reader"]))
    said |= set(re.findall(r'become\(\s*"([a-z-]+)"', texts["relay"]))
    return {states.as_told(word) for word in said}


def rows(page: str, heading: str) -> list[list[str]]:
    """The cells of the first table after a text of the reference."""
    text = (CHECKOUT / "docs" / "reference" / page).read_text().partition(heading)[2]
    table = re.search(r"(?:^\|.*\|\n)+", text, re.MULTILINE)[0]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in table.splitlines()[2:]]


def test_the_table_has_the_states_of_the_protocol_and_of_the_page() -> None:
    assert tuple(state.name for state in states.LOG_STATES) == LOG_STATES
    assert tuple(state.name for state in states.PAGE_STATES) == PAGE_STATES
    assert {state.shown for state in states.LOG_STATES} <= set(PAGE_STATES)


def test_each_state_of_a_log_is_said_somewhere_and_no_other() -> None:
    assert said_by_python() | {"live", "waiting"} == set(LOG_STATES)


@pytest.mark.parametrize(
    ("said", "told"),
    [("reading", "live"), ("opening", "waiting"), ("changed", "waiting"), ("missing", "missing")],
)
def test_a_readers_own_words_are_told_as_states(said: str, told: str) -> None:
    assert states.as_told(said) == told


def test_the_protocol_page_has_the_table() -> None:
    expected = [
        [f"`{state.name}`", state.meaning, f"`{state.shown}`", state.next_step] for state in states.LOG_STATES
    ]

    assert rows("protocol.md", "`state` of `status` is one of:") == expected


def test_the_element_page_has_the_table() -> None:
    with translation.override("en"):
        expected = [
            [f"`{state.name}`", str(state.words), COLOURS[state.tone], state.meaning]
            for state in states.PAGE_STATES
        ]

    assert rows("element.md", "## States") == expected


def test_the_table_that_the_tests_of_scripts_use_is_the_one_that_pages_get() -> None:
    written = json.loads((CHECKOUT / "tests" / "js" / "states.json").read_text())

    assert states.for_page() == written


def test_a_page_gets_the_table_with_its_configuration(rf: RequestFactory) -> None:
    request = rf.get("/")
    request.user = AnonymousUser()

    given = viewer_config(request)

    assert given["states"]["page"]["missing"] == {"tone": "caution", "dot": "round", "plain": False}
    assert given["states"]["log"]["missing"] == {
        "shown": "missing",
        "before": "notyet",
        "notice": ["notice.log.missing", "notice.log.missing"],
        "why": "",
        "end": ["tail.log.missing", "tail.log.missing"],
        "actions": ["do.choose"],
        "tone": "",
        "continues": True,
    }
    assert given["texts"]["notice.log.no-reader.any"].startswith("No reader is serving this log.")


def test_the_scripts_ask_of_a_log_only_whether_it_is_live() -> None:
    """All else stands in the table that they are given."""
    quoted = {
        state
        for text in SCRIPTS.values()
        for state in re.findall(r"(?:\bstate|why) [!=]== '([a-z-]+)'|states\.log\['([a-z-]+)'\]", text)
        for state in state
    }

    assert quoted & set(LOG_STATES) == {"live"}


def test_the_scripts_show_no_state_that_the_table_does_not_have() -> None:
    shown = set(re.findall(r"\bchip(?: =|:|\) ===| ===) '([a-z-]+)'", SCRIPTS["state.js"]))
    shown |= set(re.findall(r"\bchip = [^;]*? '([a-z-]+)' : '([a-z-]+)'", SCRIPTS["state.js"])[0])
    asked = {
        name
        for text in SCRIPTS.values()
        for name in re.findall(r"\bchip [!=]== '([a-z-]+)'|'data-state': '([a-z-]+)'", text)
        for name in name
        if name
    }

    assert len(shown) >= 12
    assert len(asked) >= 2
    assert shown | asked <= set(PAGE_STATES)


def test_the_styles_know_the_colours_and_marks_of_the_table_and_no_state() -> None:
    tones = {state.tone for state in states.PAGE_STATES} - {""}
    dots = {state.dot for state in states.PAGE_STATES} - {"round"}

    assert "data-state" not in STYLES
    assert set(re.findall(r'\.lt-state\[data-tone="(\w+)"\]', STYLES)) == tones
    assert set(re.findall(r'\.lt-tail\[data-tone="(\w+)"\]', STYLES)) == tones
    assert set(re.findall(r'\.lt-state\[data-dot="(\w+)"\]', STYLES)) == dots


def test_each_text_has_places_only_for_what_a_page_knows() -> None:
    for name, text in states.texts():
        places = {place for _, place, _, _ in string.Formatter().parse(str(text)) if place}

        assert places <= {"name", "reason", "what", "queue"}, name
        assert not (name.endswith(".any") and "queue" in places), name


def test_a_text_with_a_queue_has_one_for_who_is_not_told_it() -> None:
    texts = dict(states.texts())

    for name, text in texts.items():
        if "{queue}" in str(text):
            assert f"{name}.any" in texts


def test_people_read_words_and_an_unknown_state_as_it_is() -> None:
    with translation.override("en"):
        english = [states.words_for(name) for name in ("live", "not-a-file", "stopped", "of-next-year")]
    with translation.override("zh-hans"):
        chinese = states.words_for("live")

    assert english == ["Live", "Unreadable", "Stopped", "of-next-year"]
    assert chinese == "实时"


def test_a_feed_says_of_a_reader_what_viewers_are_told() -> None:
    assert feed.as_told is states.as_told
