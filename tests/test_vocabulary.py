"""The protocol's words are the same everywhere: in its documentation, in the code that says them, and in the page."""

import re
from pathlib import Path

import django_logtail
from django_logtail import protocol
from django_logtail.tailing.events import Kind

PACKAGE = Path(django_logtail.__file__).parent
DOCUMENT = (PACKAGE.parent / "docs" / "reference" / "protocol.md").read_text()
PYTHON = {path.relative_to(PACKAGE).as_posix(): path.read_text() for path in PACKAGE.rglob("*.py")}
SAYING = "\n".join(text for name, text in PYTHON.items() if name != "protocol.py")
SESSION = (PACKAGE / "static" / "logtail" / "connection" / "session.js").read_text()
SCRIPTS = "\n".join(path.read_text() for path in (PACKAGE / "static" / "logtail").rglob("*.js"))


def section(title: str) -> str:
    """What stands under a heading of the document, or between two of its sentences."""
    return DOCUMENT.partition(f"\n## {title}\n")[2].partition("\n## ")[0]


def rows(text: str) -> dict[str, list[str]]:
    """The rows of its tables, by what the first cell has in backquotes; a cell may have two."""
    found = {}
    for line in text.splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if line.startswith("|") and (names := re.findall(r"`([a-z-]+)`|^(\d{4})$", cells[0])):
            found |= {code or name: cells[1:] for code, name in names}
    return found


CODES = {code: row for code, row in rows(section("Limits and close codes")).items() if code.isdigit()}
EVENTS = section("Server to client, text").partition("`kind` is one of:")
SERVER_MESSAGES = set(rows(EVENTS[0]))
KINDS = set(rows(EVENTS[2].partition("`state` of `status`")[0]))
CLIENT_MESSAGES = set(rows(section("Client to server, text")))


def test_each_close_code_is_documented_and_sent_and_no_other() -> None:
    ours = {code for code in CODES if code.startswith("4")}

    assert len(ours) >= 8
    assert ours == {str(code.value) for code in protocol.CloseCode}
    assert [code.name for code in protocol.CloseCode if f"CloseCode.{code.name}" not in SAYING] == []
    assert set(re.findall(r"CloseCode\.([A-Z_]+)", SAYING)) == {code.name for code in protocol.CloseCode}


def test_the_page_knows_each_close_code_after_which_it_must_not_simply_retry() -> None:
    handled = set(re.findall(r"case (\d{4}):", SESSION))

    must_not_retry = {code for code, (_, retry) in CODES.items() if not retry.startswith("yes")}

    assert handled == must_not_retry


def test_each_kind_of_event_is_documented_and_said_and_no_other() -> None:
    assert len(KINDS) >= 16
    assert {*(kind.value for kind in Kind), "note"} == KINDS
    assert [kind.name for kind in Kind if f"Kind.{kind.name}" not in SAYING] == []
    assert '_put_event("note"' in SAYING


def test_each_message_of_the_server_is_documented_and_sent_and_heard_and_no_other() -> None:
    sent = set(re.findall(r'Frame\.message\(\s*"([a-z]+)"', SAYING))
    heard = set(re.findall(r"case '([a-z]+)':", SESSION[SESSION.index("#said(message)") :]))
    heard |= set(re.findall(r"(?:message|header|m)\.type [!=]== '([a-z]+)'", SCRIPTS))

    assert len(SERVER_MESSAGES) >= 9
    assert sent == SERVER_MESSAGES
    assert heard - {"batch"} == SERVER_MESSAGES


def test_each_message_of_a_client_is_documented_and_understood_and_no_other() -> None:
    understood = set(
        re.findall(
            r'case "([a-z]+)"',
            PYTHON["protocol.py"].partition("def decode_client_message")[2].partition("\ndef ")[0],
        )
    )
    sent_by_page = set(
        re.findall(r"type: '([a-z]+)', (?:protocol|file|request)|\{ type: '([a-z]+)' \}", SCRIPTS)
    )
    sent_by_page = {name for names in sent_by_page for name in names if name} - {"module"}  # a worker is one

    assert len(CLIENT_MESSAGES) >= 8
    assert understood == CLIENT_MESSAGES
    assert sent_by_page <= CLIENT_MESSAGES
