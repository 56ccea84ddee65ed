"""Messages between processes: decoded as they were encoded, by later versions too, and refused if they aren't ours."""

import json
from dataclasses import fields, replace
from pathlib import Path
from typing import get_args

import pytest

from django_logtail.control import FailedTask, Note, ReaderLease, ViewerFacts, messages, wire
from django_logtail.control.messages import (
    Batch,
    Beat,
    Counted,
    Echo,
    Event,
    Failed,
    Found,
    Garbled,
    Heartbeat,
    Listed,
    Nudge,
    Piece,
    Reached,
    Read,
    Several,
    WakeUp,
    apart,
    beats,
    decode,
    encode,
    opened,
    sealed,
    together,
)
from django_logtail.control.wants import Sought, Want
from django_logtail.control.wire import Ignored, Malformed, NotOurs, TooNew
from django_logtail.place import Place

RECORDED = Path(__file__).parents[1] / "recorded_messages"

#: The examples of a kind set all its fields. A recording is named like its example; the version it is of has made it.
SAID = {
    "batch": Batch("t", 2, "p|7|", 3, 4, Place("file", 500), b"one\ntwo\n", True, True),
    "event": Event("t", 2, "p|7|", 3, 5, "rotated", Place("file", 508), Place("next", 0), {"name": "a.1"}),
    "event-at-the-start": Event("t", 2, "p|7|", 3, 1, "started", None, Place("file", 0), {}),
    "heartbeat": Heartbeat("t", "web-2", "logtail", {"p|7|": [2, 3, 5, 508, "reading", ""]}),
    "nudge": Nudge(),
    "piece": Piece("t", "p|7|r", 3, Place("file", 100), b"old\n"),
    "read": Read("t", "p|7|r", 3, Place("file", 100), 104),
    "found": Found(
        "t", "p|7|s", 3, [[1, 9, ["an ", "error"], False, True]], 7, 900, 1000, True, True, "slow"
    ),
    "found-in-order": Found(
        *("t", "p|7|s", 3, [[1, 9, ["an ", "error"], False, True]], 7, 900, 1000, False, False, "slow"),
        file="file",
        name="a.1",
        total=48_112,
        place=Place("file", 1),
        unread=[{"name": "a.2.gz", "reason": "damaged"}],
    ),
    "listed": Listed("t", "p|7|r", 3, [{"file": "file", "name": "a.1", "size": None}], True),
    "reached": Reached("t", "p|7|r", 3, "found", Place("file", 12), "14:32:05", 1_800_000_000_123, 900),
    "counted": Counted(
        *("t", "p|7|r", 3, 1_800_000_000_000, 1_800_000_003_600, [[1, 2, 30]], True, 40, 900, True),
        Place("file", 12),
    ),
    "failed": Failed("t", "p|7|s", 3, "no such file", "bad-pattern"),
    "echo": Echo(b"\x00\xff"),
    "several": Several([['{"v":6,"is":"echo"}', 2], ['{"v":6,"is":"nudge"}', 0]], b"\x00\xff"),
}
#: Those that set fields which this version's recording lacks, because older processes may ignore them.
SAID_SINCE = {
    "batch-with-something-hidden": Batch(
        *("t", 2, "p|7|", 3, 4, Place("file", 500), b"one\n***\n"), hidden=[[4, 3, "ip"]]
    ),
    "piece-with-something-hidden": Piece("t", "p|7|r", 3, Place("file", 100), b"***\n", [[0, 3, "ip"]]),
    "found-ahead": replace(SAID["found-in-order"], ahead=[["a.2.gz", "old", 0]]),
    "read-cut": replace(SAID["read"], reason="damaged"),
}
WANT = Want(
    "p",
    "7",
    "f",
    "mailbox",
    3,
    1000,
    lines=500,
    position=Place("file", 12),
    taken=5,
    end=20,
    before_lines=10,
    search=Sought(
        *('a"b', True, True, [{"field": "status", "is": ":", "value": "500", "not": True}], "EW"),
        order="newest",
        since=Place("file", 2),
        until=Place("file", 9),
        limit=30,
        counts=True,
        after=1_800_000_000_000,
        before=1_800_000_003_600,
    ),
    late={"old": 700},
    user="42",
    revision="abc",
    files=True,
    moment=1_800_000_000_123,
    columns=200,
    since=1_800_000_000_000,
    until=1_800_000_003_600,
)
#: What versions said before entries over time, before searches had terms, an order and places, and before lists of
#: files and times.
UNCOUNTED = replace(
    WANT, columns=None, since=None, until=None, search=replace(WANT.search, after=None, before=None)
)
WANTS_BEFORE = {
    "version-1": replace(UNCOUNTED, search=Sought('a"b', True, True), files=False, moment=None),
    "version-2": replace(UNCOUNTED, search=Sought(*('a"b', True, True), WANT.search.terms, "EW")),
    "version-3": UNCOUNTED,
}
WANT_SINCE = replace(
    WANT,
    rules="0123456789abcdef",
    original_until=1_800_000_060,
    search=replace(WANT.search, whole=True, heads=True, ahead=[["a.2.gz", "old", 0]]),
)
WAKE_UP = WakeUp("shop", 12.5, "web-1")
LEASE = ReaderLease("t", "web-2", 77, "0.9", "mailbox")
NOTE = Note("*", "deploy 4.2 started", "info", 12.5)
VIEWERS = [ViewerFacts("s", "42", "7", 12.5, "10.0.0.1")]


@pytest.fixture(autouse=True)
def project(settings):
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = "the recordings'", []
    settings.LOGTAIL = {"NAMESPACE": "shop"}


@pytest.fixture(autouse=True)
def ignored(monkeypatch):
    fresh = Ignored()
    monkeypatch.setattr(wire, "ignored", fresh)
    monkeypatch.setattr(messages, "ignored", fresh)
    return fresh


def recorded(version: Path) -> dict[str, dict[str, str]]:
    return json.loads(version.read_text())


VERSIONS = sorted(RECORDED.glob("*.json"), key=lambda path: int(path.stem.removeprefix("version-")))


def test_there_are_recordings_of_this_version_and_of_every_one_before():
    assert [path.stem for path in VERSIONS] == [f"version-{number + 1}" for number in range(wire.VERSION)]
    assert recorded(VERSIONS[-1])["mailbox"].keys() == SAID.keys()


def test_each_kind_of_message_has_an_example():
    examples = {type(said) for said in SAID.values()}

    assert examples == set(messages._KINDS.values()) == set(get_args(messages.Message))


@pytest.mark.parametrize(
    "kind",
    [*messages._KINDS.values(), Want, Sought, Note, ViewerFacts, WakeUp],
    ids=lambda kind: kind.__name__,
)
def test_each_field_is_set_in_an_example_of_its_message(kind):
    said = [*SAID.values(), *SAID_SINCE.values(), WANT_SINCE, WANT_SINCE.search, NOTE, *VIEWERS, WAKE_UP]
    examples = [one for one in said if type(one) is kind]

    unset = [
        field.name
        for field in fields(kind)
        if all(
            getattr(one, field.name) in (field.default, None, False, "", 0, b"", [], {}) for one in examples
        )
    ]

    assert unset == []


@pytest.mark.parametrize(
    ("version", "name"), [(version, name) for version in VERSIONS for name in recorded(version)["mailbox"]]
)
def test_a_recorded_message_is_read_as_it_was_meant(version, name):
    envelope = dict(recorded(version)["mailbox"][name])
    envelope["by"] = [bytes.fromhex(signature) for signature in envelope["by"]]
    if "data" in envelope:
        envelope["data"] = bytes.fromhex(envelope["data"])

    assert opened("mailbox", envelope) == SAID[name]


def test_what_failed_in_a_web_process_is_read_as_it_was_said():
    failed = FailedTask("web-1", 5, "relay: posting", 3, "KeyError: 'x'", 9.5)
    text = messages.viewers_text("p", VIEWERS, {}, [failed])

    assert messages.read_failures("p", text) == [failed]
    assert messages.read_viewers("p", text) == (VIEWERS, {})
    assert messages.read_failures("another", text) == []


@pytest.mark.parametrize("version", VERSIONS, ids=lambda path: path.stem)
def test_recorded_texts_in_redis_are_read_as_they_were_meant(version):
    texts = recorded(version)["redis"]

    assert messages.read_want("logtail", "p|7|f", texts["want"]) == WANTS_BEFORE.get(version.stem, WANT)
    number = int(version.stem.removeprefix("version-"))
    assert messages.read_lease("logtail", texts["lease"]) == replace(LEASE, speaks=number)
    assert messages.read_note("logtail", texts["note"]) == NOTE
    assert messages.read_report("logtail", texts["report"])["logs"]["7"]["size"] == 508
    assert messages.read_viewers("p", texts["viewers"]) == (VIEWERS, {"not ours": 2})
    assert messages.read_wake_up("logtail", texts["wake-up"]) == WAKE_UP


@pytest.mark.parametrize("said", [*SAID.values(), *SAID_SINCE.values()], ids=[*SAID, *SAID_SINCE])
def test_a_message_is_read_as_it_was_said(said):
    assert decode(*encode(said)) == said
    assert opened("mailbox", sealed("mailbox", said)) == said


def test_a_want_is_read_as_it_was_said():
    assert messages.read_want("logtail", "p|7|f", messages.want_text("logtail", WANT_SINCE)) == WANT_SINCE


@pytest.mark.parametrize(
    ("queue", "member", "change"),
    [
        ("logtail", "p|7|f", {"original_until": 1_900_000_000}),
        ("logtail", "p|7|f", {"mailbox": "another"}),
        ("another", "p|7|f", {}),
        ("logtail", "p|8|f", {}),
        ("logtail", "p|7|", {}),
        ("logtail", "q|7|f", {}),
    ],
)
def test_a_want_for_the_original_is_useless_for_any_other(queue, member, change):
    """As it was signed by a web process: for another log, stream, process or mailbox, or for longer."""
    head, _, signatures = messages.want_text("logtail", WANT_SINCE).partition("\n")
    text = json.dumps({**json.loads(head), **change}, separators=(",", ":")) + "\n" + signatures

    with pytest.raises(wire.NotOurs):
        messages.read_want(queue, member, text)


def test_a_want_without_the_original_gets_none_by_a_field_that_is_added():
    want = replace(WANT_SINCE, original_until=0)
    head, _, signatures = messages.want_text("logtail", want).partition("\n")
    text = json.dumps({**json.loads(head), "original_until": 1_800_000_060}, separators=(",", ":"))

    assert messages.read_want("logtail", "p|7|f", head + "\n" + signatures) == want
    with pytest.raises(wire.NotOurs):
        messages.read_want("logtail", "p|7|f", text + "\n" + signatures)


@pytest.mark.parametrize("name", SAID)
def test_a_process_of_the_recorded_version_finds_every_field_as_it_was(name):
    recording = recorded(VERSIONS[-1])["mailbox"][name]

    head, data = encode(SAID[name])

    assert {**json.loads(head), **json.loads(recording["head"])} == json.loads(head)
    assert data.hex() == recording.get("data", "")


@pytest.mark.parametrize("name", SAID)
def test_fields_that_are_not_known_are_ignored(name):
    head, data = encode(SAID[name])

    assert decode(json.dumps({**json.loads(head), "colour": "blue"}), data) == SAID[name]


def test_elements_of_a_heartbeat_that_are_not_known_are_ignored():
    said = Heartbeat("t", "h", "q", {"p|7|": [2, 3, 5, None, "reading", "", "more", 9]})

    assert beats(said) == {"p|7|": Beat(2, 3, 5, None, "reading", "")}


@pytest.mark.parametrize(
    "facts", [[2, 3, 5, None, "reading"], [2, "3", 5, None, "reading", ""], 7, None, {"run": 2}]
)
def test_one_log_of_a_heartbeat_that_cannot_be_read_takes_no_other_with_it(facts, ignored):
    said = Heartbeat("t", "h", "q", {"bad": facts, "good": [2, 3, 5, 9, "reading", ""]})

    assert beats(said) == {"good": Beat(2, 3, 5, 9, "reading", "")}
    assert ignored.counts == {"malformed": 1}


@pytest.mark.parametrize(
    ("name", "field"),
    [
        (name, field)
        for name in SAID
        for field in json.loads(encode(SAID[name])[0])
        if field not in ("v", "is", "is_partial", "is_late", "more", "reason", "id")
        if (name, field) != ("counted", "place")
        if name != "found-in-order" or field not in ("file", "name", "total", "place", "unread")
    ],
)
@pytest.mark.parametrize("value", ["missing", {"of": "another type"}])
def test_a_field_that_is_missing_or_of_another_type_is_said_by_name(name, field, value):
    if field in ("details", "flows") and value != "missing":
        value = 7
    head, data = encode(SAID[name])
    fields = json.loads(head)
    if value == "missing":
        del fields[field]
    else:
        fields[field] = value

    with pytest.raises(Malformed, match=f"'{field}' is "):
        decode(json.dumps(fields), data)


def test_a_number_is_not_a_truth():
    fields = json.loads(encode(SAID["batch"])[0])

    with pytest.raises(Malformed):
        decode(json.dumps({**fields, "number": True}), b"x")


@pytest.mark.parametrize(
    "head", ["", "7", "[]", "{}", '{"v":"1"}', '{"v":1}', '{"v":1,"is":"poem"}', "[" * 100_000]
)
def test_a_head_that_is_none_is_malformed(head):
    with pytest.raises(Malformed):
        decode(head, b"")


def test_a_version_that_is_too_new_is_named():
    fields = json.loads(encode(SAID["heartbeat"])[0])

    with pytest.raises(TooNew, match="a message has version 7; this process knows 6"):
        decode(json.dumps({**fields, "v": 7}), b"")


def test_what_a_newer_process_sends_to_a_mailbox_says_whom_it_is_from(monkeypatch, ignored):
    with monkeypatch.context() as newer:
        newer.setattr(wire, "VERSION", 7)
        envelope = sealed("mailbox", SAID["heartbeat"])

    found = opened("mailbox", envelope)

    assert isinstance(found, Garbled)
    assert (found.is_newer, found.host, found.queue) == (True, "web-2", "logtail")
    assert ignored.counts == {"too new": 1}


def test_what_cannot_be_read_is_logged_once_and_counted_each_time(caplog, ignored):
    for _ in range(3):
        ignored.add("a message in a mailbox", Malformed("batch: 'file' is missing"))

    assert ignored.counts == {"malformed": 3}
    assert [record.getMessage() for record in caplog.records] == [
        "a message in a mailbox was ignored, and further ones like it will be ignored silently: "
        "batch: 'file' is missing"
    ]


def altered(envelope: dict, **changes) -> dict:
    return {**envelope, **changes}


@pytest.mark.parametrize(
    "forged",
    [
        lambda said: altered(said, head=said["head"].replace('"number":4', '"number":5')),
        lambda said: altered(said, data=b"one\nTWO\n"),
        lambda said: altered(said, data=b""),
        lambda said: altered(said, by=[]),
        lambda said: altered(said, by=[b"\x00" * 16]),
        lambda said: altered(said, by="signature"),
        lambda said: altered(said, by=7),
        lambda said: altered(said, head=7),
        lambda said: altered(said, data="text"),
        lambda said: {"type": "logtail.message"},
        lambda said: {},
        lambda said: [],
        lambda said: 7,
    ],
)
def test_a_message_that_was_altered_or_forged_is_nobodys(forged, ignored):
    said = sealed("mailbox", SAID["batch"])

    assert opened("mailbox", forged(said)) is None
    assert ignored.counts == {"not ours": 1}


def test_a_message_is_worth_nothing_in_another_mailbox_project_or_namespace(settings):
    said = sealed("mailbox", SAID["batch"])

    assert opened("another", said) is None
    settings.LOGTAIL = {"NAMESPACE": "staging"}
    assert opened("mailbox", said) is None
    settings.LOGTAIL, settings.SECRET_KEY = {"NAMESPACE": "shop"}, "another project's"
    assert opened("mailbox", said) is None


@pytest.mark.parametrize(
    ("queue", "member"),
    [("other", "p|7|f"), ("logtail", "q|7|f"), ("logtail", "p|8|f"), ("logtail", "p|7|g")],
)
def test_a_want_cannot_be_moved_to_another_queue_process_log_or_flow(queue, member):
    text = messages.want_text("logtail", WANT)

    assert messages.read_want("logtail", "p|7|f", text) == WANT
    with pytest.raises(NotOurs):
        messages.read_want(queue, member, text)


@pytest.mark.parametrize(
    ("old", "new"), [("mailbox", "mailbo1"), ('"end":20', '"end":99'), ('"file",12', '"file",13'), ("\n", "")]
)
def test_a_want_that_was_altered_is_refused(old, new):
    text = messages.want_text("logtail", WANT)
    assert old in text

    with pytest.raises(NotOurs):
        messages.read_want("logtail", "p|7|f", text.replace(old, new, 1))


def test_a_text_for_one_use_is_worth_nothing_for_another():
    with pytest.raises(NotOurs):
        messages.read_note("logtail", messages.report_text("logtail", {}))


def test_during_a_rotation_of_the_key_old_and_new_processes_read_each_other(settings):
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = "old", []
    by_old = sealed("m", SAID["batch"]), messages.want_text("q", WANT)
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = "new", ["old"]
    by_new = sealed("m", SAID["batch"]), messages.want_text("q", WANT)

    assert opened("m", by_old[0]) == SAID["batch"]
    assert messages.read_want("q", "p|7|f", by_old[1]) == WANT
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = "old", []
    assert opened("m", by_new[0]) == SAID["batch"]
    assert messages.read_want("q", "p|7|f", by_new[1]) == WANT
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = "new", []
    assert opened("m", by_new[0]) == SAID["batch"]
    assert opened("m", by_old[0]) is None


def test_a_lease_that_is_no_readers_of_this_project_has_no_mailbox(ignored):
    forged = "t|" + messages.lease_text("logtail", LEASE).partition("|")[2].replace("web-2", "web-3")

    found = messages.read_lease("logtail", forged)

    assert (found.token, found.mailbox, found.speaks) == ("t", "", 0)
    assert messages.read_lease("logtail", "x|y|z|1|2|3") == replace(found, token="x")
    assert ignored.counts == {"not ours": 2}


def test_the_lease_of_a_newer_reader_says_where_it_runs_and_that_it_is_newer(monkeypatch):
    with monkeypatch.context() as newer:
        newer.setattr(wire, "VERSION", 7)
        text = messages.lease_text("logtail", LEASE)

    assert messages.read_lease("logtail", text) == replace(LEASE, speaks=7)


def test_the_lease_of_an_older_reader_says_so(monkeypatch):
    text = messages.lease_text("logtail", LEASE)
    monkeypatch.setattr(wire, "VERSION", 7)

    assert messages.read_lease("logtail", text) == replace(LEASE, speaks=6)


@pytest.mark.parametrize("logs", [7, {"7": 8}, {"7": {}}, None])
def test_a_report_that_lacks_something_is_shown_with_what_it_has(logs):
    report = messages.read_report("q", messages.report_text("q", {"host": "web-2", "logs": logs}))

    assert (report["host"], report["pid"], report["since"]) == ("web-2", 0, 0.0)
    assert all(facts["state"] == "" for facts in report["logs"].values())


def test_a_viewer_who_cannot_be_read_takes_no_other_from_the_list(ignored):
    text = wire.signed_text(
        "viewers",
        {
            "viewers": [
                {"session": 7},
                8,
                {"session": "s", "user": "42", "log": "7", "since": 12.5, "address": "10.0.0.1"},
            ]
        },
        "p",
    )

    assert messages.read_viewers("p", text) == (VIEWERS, {})
    assert ignored.counts == {"malformed": 2}


def test_messages_that_are_sent_together_come_apart_as_they_were(ignored):
    batch, event, other = SAID["batch"], SAID["event"], replace(SAID["batch"], number=6, data=b"three")
    envelope = sealed("mailbox", together([batch, event, other]))
    several = opened("mailbox", envelope)

    assert list(apart(several)) == [batch, event, other]
    assert opened("another", envelope) is None
    assert opened("mailbox", {**envelope, "data": b"one\ntwo\nthre3"}) is None
    assert ignored.counts == {"not ours": 2}


@pytest.mark.parametrize(
    "part",
    [
        7,
        [],
        ["{", 0],
        [encode(SAID["nudge"])[0]],
        [encode(SAID["several"])[0], 2],
        [encode(SAID["nudge"])[0], 0, 0],
        [7, 0],
    ],
)
def test_one_that_can_t_be_read_does_not_hide_the_others(ignored, part):
    nudge = [encode(SAID["nudge"])[0], 0]
    found = list(apart(Several([nudge, part, nudge], b"")))

    assert [type(one) for one in found] == [Nudge, Garbled, Nudge]
    assert ignored.counts == {"malformed": 1}


@pytest.mark.parametrize("size", [-1, "2", None, 10**9])
def test_a_length_that_can_t_be_is_never_more_than_what_is_there(size):
    [found] = apart(Several([[encode(SAID["echo"])[0], size]], b"ab"))

    assert found == Echo(b"ab" if size == 10**9 else b"")


def test_a_newer_one_among_several_says_whom_it_is_for(ignored):
    head = json.dumps({**json.loads(encode(SAID["batch"])[0]), "v": 7})
    [found] = apart(Several([[head, 8]], b"one\ntwo\n"))

    assert (found.is_newer, found.member) == (True, "p|7|")
