"""Which details of a host each viewer sees."""

import gc
import json
import weakref

import pytest

from django_logtail.place import Place
from django_logtail.protocol import Frame
from django_logtail.tailing.reasons import in_full, in_short, reason, reason_of
from django_logtail.viewing.told import told


class Weak(Frame):
    """One whose end can be seen."""


OUTSIDE = reason("outside", path="/srv/ä b&c=1/secret.txt")


@pytest.mark.parametrize(
    ("text", "short", "full"),
    [
        (
            OUTSIDE,
            "it is outside the allowed directories",
            "path '/srv/ä b&c=1/secret.txt' is outside LOGTAIL[\"ROOTS\"]",
        ),
        (
            reason("not-permitted", owner="root", mode="0600", reader="www"),
            "the reader has no permission to open it",
            "owned by root, mode 0600, reader runs as www",
        ),
        (
            reason("not-searchable", reader="www"),
            "the reader has no permission to enter its directory",
            "the reader runs as www, which has no permission to enter its directory",
        ),
        (
            reason_of(PermissionError(13, "Permission denied", "/srv/x")),
            "permission denied",
            "permission denied: '/srv/x'",
        ),
        (reason_of(OSError(5, "Input/output error")), "input/output error", "input/output error"),
        (reason_of(LookupError("the file is gone")), "the file is gone", "the file is gone"),
        ("deploy until 3 o'clock", "deploy until 3 o'clock", "deploy until 3 o'clock"),
        (
            reason("redis", error="Error 111 connecting to 10.0.0.4:6379. Connection refused."),
            "the server can't reach Redis",
            "the server can't reach Redis: Error 111 connecting to 10.0.0.4:6379. Connection refused.",
        ),
        (
            reason("redis-refuses", error="OOM command not allowed"),
            "Redis refused a command from the server",
            "Redis refused a command from the server: OOM command not allowed",
        ),
        (
            reason("reader-newer", host="web-2"),
            "the reader is newer than this web process",
            "the reader on web-2 is newer than this web process",
        ),
        ("", "", ""),
        # What a newer reader says, or one that leaves out what this version knows:
        (
            "reason:newer?path=%2Fsrv",
            "an administrator can see the reason",
            "reason:newer?path=%2Fsrv",
        ),
        (
            "reason:outside?",
            "it is outside the allowed directories",
            "it is outside the allowed directories",
        ),
        ("reason:", "an administrator can see the reason", "reason:"),
    ],
)
def test_a_reason_has_a_sentence_for_everybody_and_one_for_staff(text, short, full):
    assert (in_short(text), in_full(text)) == (short, full)


def test_a_detail_does_nothing_on_a_terminal():
    assert in_full("reason:stopped?user=%1B%5B31mann%0A%E2%80%AE") == "stopped by  [31mann  "


def test_details_are_never_taken_for_places_of_other_details():
    text = reason("not-permitted", owner="{reader}", mode="0600", reader="{0.__class__}")

    assert in_full(text) == "owned by {reader}, mode 0600, reader runs as {0.__class__}"


@pytest.mark.parametrize(
    ("message", "left"),
    [
        (
            {"kind": "hello", "protocol": 1, "log": "a", "queue": "web-1", "can": []},
            {"type": "hello", "protocol": 1, "log": "a", "can": []},
        ),
        (
            {"kind": "status", "state": "live", "reader": {"host": "web-1", "queue": "q"}, "pid": 4},
            {"type": "status", "state": "live"},
        ),
        (
            {"kind": "status", "state": "refused", "reason": OUTSIDE},
            {
                "type": "status",
                "state": "refused",
                "reason": "it is outside the allowed directories",
                "why": {"code": "outside"},
            },
        ),
        (
            {"kind": "error", "request": 1, "id": "not-there", "text": OUTSIDE},
            {
                "type": "error",
                "request": 1,
                "id": "not-there",
                "text": "it is outside the allowed directories",
                "why": {"code": "outside"},
            },
        ),
    ],
)
def test_others_than_staff_get_a_message_without_what_is_of_the_host(message, left):
    kind = message.pop("kind")

    assert json.loads(told(Frame.message(kind, **message), sees_host=False).encoded) == left


def test_a_name_in_another_directory_is_told_without_the_directory():
    frame = Frame.message("event", kind="gone", name="/srv/elsewhere/app.log.1", inode=5)

    assert json.loads(told(frame, sees_host=False).encoded) == {"type": "event", "name": "app.log.1"} | {
        "kind": "gone"
    }
    assert json.loads(told(frame, sees_host=True).encoded)["name"] == "/srv/elsewhere/app.log.1"


@pytest.mark.parametrize("sees_host", [True, False])
def test_the_text_of_a_note_is_told_whole_though_it_looks_like_a_path(sees_host):
    note = Frame.message("event", kind="note", file="f/g", offset=0, text="deploy 4/2 started", level="info")

    assert told(note, sees_host=sees_host) is note


def test_why_a_file_of_a_list_cannot_be_read_is_told_in_words():
    files = [{"file": None, "name": "a.1", "reason": OUTSIDE}, {"file": "f", "name": "a"}]
    frame = Frame.message("files", request=1, files=files)

    assert told(frame, sees_host=False).fields["files"] == [
        {
            "file": None,
            "name": "a.1",
            "reason": "it is outside the allowed directories",
            "why": {"code": "outside"},
        },
        {"file": "f", "name": "a"},
    ]


@pytest.mark.parametrize("kind", ["progress", "done"])
def test_why_a_file_could_not_be_searched_whole_is_told_in_words(kind: str) -> None:
    frame = Frame.message(kind, request=1, at=5, end=9, count=7, unread=[{"name": "a.1", "reason": OUTSIDE}])

    assert told(frame, sees_host=False).fields == {
        "request": 1,
        "at": 5,
        "end": 9,
        "count": 7,
        "unread": [
            {
                "name": "a.1",
                "reason": "it is outside the allowed directories",
                "why": {"code": "outside"},
            }
        ],
    }


def test_lines_and_hits_are_not_touched():
    batch = Frame.batch(Place("f", 0), b'{"type":"hello","queue":"q"}\n')
    found = Frame.message("found", request=1, file="f", hits=[{"parts": [OUTSIDE]}])

    assert told(batch, sees_host=False) is batch
    assert told(found, sees_host=False) is found


def test_a_type_that_nobody_listed_tells_others_than_staff_nothing_but_itself():
    frame = Frame.message("weather", host="web-1", path="/srv/app.log", reason=OUTSIDE)

    assert json.loads(told(frame, sees_host=False).encoded) == {"type": "weather"}
    assert json.loads(told(frame, sees_host=True).encoded) == {
        "type": "weather",
        "host": "web-1",
        "path": "/srv/app.log",
        "reason": "path '/srv/ä b&c=1/secret.txt' is outside LOGTAIL[\"ROOTS\"]",
        "why": {"code": "outside", "path": "'/srv/ä b&c=1/secret.txt'"},
    }


@pytest.mark.parametrize(
    "frame",
    [
        Frame.message("gap", file="f", start=1, end=2, reason="slow"),
        Frame.message(
            "found", request=1, file="f", name="a.1", hits=[{"start": 0, "end": 2, "parts": ["a"]}]
        ),
        Frame.message("files", request=1, files=[{"file": "f", "name": "a"}], more=True),
        Frame.message("time", request=1, result="found", file="f", offset=4, written="8:00", ms=5, read=6),
        Frame.message(
            "volume",
            **{"from": 1, "to": 9},
            request=1,
            columns=[[1, 2]],
            estimated=True,
            at=3,
            end=4,
            file="f",
            offset=5,
        ),
        Frame.message("done", request=1, file="f", start=1, end=2, found=3, more=True),
        Frame.message("done", request=1, at=1, end=2, count=3, found=3),
        Frame.message("progress", request=1, at=1, end=2),
        Frame.message("end", reason="stopped", text="You stopped watching this log.", limit=20),
        Frame.batch(Place("f", 3), b"one\n", partial=True, late=True, request=4),
    ],
    ids=lambda frame: frame.kind,
)
def test_what_is_for_everybody_is_listed_and_what_is_added_to_it_is_not(frame):
    more = Frame(frame.kind, {**frame.fields, "host": "web-1"}, frame.data)

    assert told(frame, sees_host=False) is frame
    assert told(more, sees_host=False).encoded == frame.encoded
    assert told(more, sees_host=True) is more


@pytest.mark.parametrize("sees_host", [True, False])
def test_what_is_for_everybody_is_encoded_once_for_all(sees_host):
    started = Frame.message("event", kind="started", file="f", offset=0, size=3, resumed=False)
    rotated = Frame.message("event", kind="rotated", file="g", offset=0, name="app.log.1")

    assert told(started, sees_host=sees_host) is started
    assert told(rotated, sees_host=sees_host) is rotated


@pytest.mark.parametrize("sees_host", [True, False])
def test_everyone_learns_whether_all_lines_before_a_cut_were_read(sees_host: bool) -> None:
    cut = Frame.message("event", kind="truncated", file="f", offset=0, to=0, complete=0)

    fields = json.loads(told(cut, sees_host=sees_host).encoded)

    assert (fields["kind"], fields["to"], fields["complete"]) == ("truncated", 0, 0)


def test_what_is_told_is_made_and_encoded_once_for_all_who_see_the_same():
    status = Frame.message("status", state="live", reader={"host": "web-1"})

    others, staff = told(status, sees_host=False), told(status, sees_host=True)

    assert json.loads(others.encoded) == {"type": "status", "state": "live"}
    assert json.loads(staff.encoded) == {"type": "status", "state": "live", "reader": {"host": "web-1"}}
    assert told(status, sees_host=False) is others
    assert told(status, sees_host=True) is staff is status


def test_a_batch_with_a_field_of_the_host_is_not_told_to_others():
    batch = Frame("batch", {"file": "f", "start": 0, "end": 1, "path": "/srv/secret"}, b"x")

    assert told(batch, sees_host=False).fields == {"file": "f", "start": 0, "end": 1}
    assert told(batch, sees_host=True).fields["path"] == "/srv/secret"


def test_a_frame_is_forgotten_with_its_last_viewer():
    gc.disable()
    try:
        frame = Weak("event", {"kind": "note", "text": "hello"})
        told(frame, sees_host=True)
        told(frame, sees_host=False)
        gone = weakref.ref(frame)
        del frame
        assert gone() is None
    finally:
        gc.enable()
