"""Who may not see earlier lines but those up to an age: over each path the recent ones, and none before them."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Iterator
from datetime import datetime, timezone
from typing import Any
from urllib.parse import urlencode

import pytest

from tests.attack.test_rights import Host
from tests.client import Client
from tests.stack import Stack

pytestmark = [pytest.mark.whole]

HOURS = 2
#: By identity its permissions.
PEOPLE = {
    "watching": (),
    "searching": ("search_log", "download_log"),
    "everything": ("history_log", "search_log", "download_log"),
}
NOW = time.time()


def line(hours: float, text: str) -> bytes:
    """An entry so many hours old."""
    written = datetime.fromtimestamp(NOW - hours * 3600, timezone.utc)
    return f"{written:%Y-%m-%d %H:%M:%S},000 INFO app: {text}\n".encode()


#: Long enough to have the same id for everybody.
PAD = "." * 2_000
ROTATED = line(9, f"rotated {PAD}") + line(8, "rotated, too")
OLD = line(3, f"secret of old {PAD}") + line(2.2, "old, but not much")
RECENT = line(1.5, "recent") + line(0.5, "most recent")


@pytest.fixture(scope="module")
def host(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Host]:
    logtail = {"READER": "local", "ACCESS_POLICY": "django_logtail.policies.PermissionPolicy"}
    with Stack(tmp_path_factory.mktemp("recent") / "stack", logtail=logtail) as stack:
        sessions = {who: stack.make_user(who, rights=granted) for who, granted in PEOPLE.items()}
        fields = {"access": "signed-in", "time_zone": "UTC"}
        for slug, hours in (("recent", HOURS), ("none", None)):
            path = stack.add_log(slug, OLD + RECENT, history_hours=hours, **fields)
            path.with_name(f"{slug}.log.1").write_bytes(ROTATED)
        stack.add_log("timeless", b"no times\nat all\n", history_hours=HOURS, **fields)
        stack.add_log("disorderly", RECENT + OLD + RECENT, history_hours=HOURS, **fields)
        stack.add_log("past", OLD, history_hours=HOURS, **fields)
        stack.add_log("young", RECENT, history_hours=HOURS, **fields)
        yield Host(stack, stack.start_web(), sessions)


async def first_lines(host: Host, who: str, slug: str, **more: Any) -> tuple[bytes, dict[str, Any]]:
    async with Client(host.stack, host.web, slug, host.sessions[who], **more) as client:
        client.place = None
        await client.until_live(60)
        assert client.hello is not None
        return bytes(client.bytes), client.hello


@pytest.mark.parametrize(
    ("slug", "watched"),
    [
        ("recent", RECENT),
        ("young", RECENT),
        ("none", b""),
        ("timeless", b""),
        ("disorderly", b""),
        ("past", b""),
    ],
    # The lines' times are those of this run: other processes would collect tests of other names.
    ids=["recent", "young", "none", "timeless", "disorderly", "past"],
)
def test_the_first_lines_are_the_recent_ones_if_their_age_is_certain(
    host: Host, slug: str, watched: bytes
) -> None:
    seen, hello = asyncio.run(first_lines(host, "watching", slug))
    everything, _ = asyncio.run(first_lines(host, "everything", slug))

    assert seen == watched
    assert ("range" in hello["can"], "search" in hello["can"]) == (watched != b"", False)
    assert hello.get("resumes") is (None if watched else False)
    assert everything.endswith(OLD) if slug == "past" else len(everything) > 15
    status, said = host.ask("GET", f"/logs/{slug}/lines/", "watching")
    assert (status, "secret" in said, "recent" in said) == (200, False, watched != b"")


def test_fewer_lines_than_are_recent_come_if_fewer_are_asked_for(host: Host) -> None:
    seen, _ = asyncio.run(first_lines(host, "watching", "recent", lines=1))

    assert seen == line(0.5, "most recent")


ENDS = ("done", "files", "time", "error")


async def asked(host: Host, who: str, slug: str, *messages: dict[str, Any]) -> list[list[dict[str, Any]]]:
    """What is answered to each message, with the ids that somebody who may see everything is told."""
    root = host.sessions["everything"]
    async with Client(host.stack, host.web, slug, root) as other:
        await other.until_live(60)
        await other.send({"type": "files", "request": 1})
        await other.until(lambda: other.answers, 60)
        older, current = (file["file"] for file in other.answers[0]["files"])
    found = []
    async with Client(host.stack, host.web, slug, host.sessions[who]) as client:
        await client.until_live(60)
        for number, message in enumerate(messages, 1):
            text = (
                json.dumps({**message, "request": number}).replace("{older}", older).replace("{now}", current)
            )
            await client.send(json.loads(text))
            await client.until(
                lambda number=number: any(
                    one["request"] == number and one["type"] in ENDS for one in client.answers
                ),
                60,
            )
            found.append([one for one in client.answers if one["request"] == number])
    return found


#: Where the recent lines begin, the second of them, and the file's end.
P, SECOND, END = len(OLD), len(OLD + line(1.5, "recent")), len(OLD + RECENT)


def outcome(answer: list[dict[str, Any]]) -> object:
    """What an answer tells, in short."""
    last = answer[-1]
    match last["type"]:
        case "error":
            return last["id"], last["text"]
        case "files":
            return [file["name"] for file in last["files"]]
        case "time":
            return last["result"], last["offset"]
    if any(one["type"] == "volume" for one in answer):
        (*_, picture) = (one for one in answer if one["type"] == "volume")
        return sum(map(sum, picture["columns"]))
    if any(one["type"] == "found" for one in answer) or "found" in last:
        hits = [hit["start"] for one in answer if one["type"] == "found" for hit in one["hits"]]
        return hits, last.get("count")
    data = b"".join(one["bytes"] for one in answer if one["type"] == "batch")
    return last["start"], last["end"], data


TOO_OLD = "you may not see lines that are more than 2 h old; an administrator decides about that"
NOT_ALLOWED = "you may not do this with this log; an administrator decides about that"
REFUSED, NO_RIGHT = ("not-allowed", TOO_OLD), ("not-allowed", NOT_ALLOWED)
MS = round(NOW * 1000)
SOUGHT = {"type": "search", "pattern": "INFO"}
#: The message, and what it brings to who may search; NO_RIGHT to who only watches, if it is a search.
ASKED: list[tuple[dict[str, Any], object]] = [
    ({"type": "range", "file": "{now}", "start": P, "end": END}, (P, END, RECENT)),
    ({"type": "range", "file": "{now}", "start": 0, "end": END}, (P, END, RECENT)),
    ({"type": "range", "file": "{now}", "start": 0, "end": P}, REFUSED),
    ({"type": "range", "file": "{now}", "start": 0, "end": P + 1}, (P, P + 1, RECENT[:1])),
    ({"type": "range", "file": "{older}", "start": 0, "end": 50}, REFUSED),
    ({"type": "range", "file": "{now}", "before": END, "lines": 1}, (SECOND, END, line(0.5, "most recent"))),
    ({"type": "range", "file": "{now}", "before": END, "lines": 9}, (P, END, RECENT)),
    ({"type": "range", "file": "{now}", "before": P, "lines": 9}, REFUSED),
    ({"type": "range", "file": "{older}", "before": 50, "lines": 9}, REFUSED),
    ({"type": "files"}, ["recent.log"]),
    ({"type": "time", "at": MS - 9 * 3_600_000}, ("found", P)),
    ({"type": "time", "at": MS - 3_600_000}, ("found", SECOND)),
    ({"type": "volume", "from": None, "to": None, "columns": 10}, 2),
    ({"type": "volume", "from": MS - 9 * 3_600_000, "to": None, "columns": 10}, 2),
    ({"type": "volume", "from": None, "to": MS - 4 * 3_600_000, "columns": 10}, REFUSED),
    ({**SOUGHT, "file": "{now}", "start": 0}, REFUSED),
    ({**SOUGHT, "file": "{older}", "start": 0}, REFUSED),
    ({**SOUGHT, "file": "{now}", "start": P}, ([P, SECOND], None)),
    ({**SOUGHT, "order": "newest"}, ([SECOND, P], 2)),
    ({**SOUGHT, "order": "oldest", "from": {"file": "{older}", "offset": 0}}, ([P, SECOND], 2)),
    ({**SOUGHT, "order": "oldest", "to": {"file": "{older}", "offset": 50}}, REFUSED),
    ({**SOUGHT, "order": "oldest", "since": MS - 9 * 3_600_000}, ([P, SECOND], 2)),
    ({**SOUGHT, "order": "oldest", "since": MS - 3_600_000}, ([SECOND], None)),
    ({**SOUGHT, "order": "oldest", "until": MS - 4 * 3_600_000}, REFUSED),
    ({**SOUGHT, "order": "newest", "pattern": "secret"}, ([], 0)),
]


@pytest.mark.parametrize("who", ["watching", "searching"])
def test_each_message_brings_what_is_recent_and_nothing_before(host: Host, who: str) -> None:
    answers = asyncio.run(asked(host, who, "recent", *(message for message, _ in ASKED)))

    for (message, expected), answer in zip(ASKED, answers, strict=True):
        is_allowed = message["type"] != "search" or who == "searching"
        assert (message, outcome(answer)) == (message, expected if is_allowed else NO_RIGHT)
        assert "secret" not in str(answer)
        assert "rotated" not in str(answer)


@pytest.mark.parametrize("slug", ["none", "timeless", "disorderly"])
def test_nothing_is_answered_where_the_age_is_not_certain(host: Host, slug: str) -> None:
    path = host.stack.logs / f"{slug}.log.1"
    path.write_bytes(ROTATED)

    answers = asyncio.run(asked(host, "searching", slug, *(message for message, _ in ASKED)))

    assert {outcome(answer) for answer in answers} == {NO_RIGHT}


def test_who_may_see_earlier_lines_is_not_limited(host: Host) -> None:
    answers = asyncio.run(asked(host, "everything", "recent", *(message for message, _ in ASKED)))

    assert outcome(answers[1]) == (0, END, OLD + RECENT)
    assert outcome(answers[9]) == ["recent.log.1", "recent.log"]
    assert outcome(answers[12]) == 6
    assert outcome(answers[-1]) == ([0], 1)


def test_resuming_continues_where_it_is_recent_and_not_before(host: Host) -> None:
    async def resumed(offset: int) -> bytes:
        async with Client(host.stack, host.web, "recent", host.sessions["everything"]) as other:
            await other.until_live(60)
            assert other.place is not None
            file = other.place[0]
        return (await first_lines(host, "watching", "recent", resume=(file, offset)))[0]

    middle = SECOND
    assert [asyncio.run(resumed(offset)) for offset in (0, P, middle)] == [
        RECENT,
        RECENT,
        line(0.5, "most recent"),
    ]


@pytest.mark.parametrize("who", PEOPLE)
def test_over_http_a_search_brings_what_is_recent_and_files_nothing(host: Host, who: str) -> None:
    status, said = host.ask("POST", "/logs/recent/search/", who, json.dumps({"pattern": "INFO"}))
    if who == "watching":
        assert (status, json.loads(said)["error"]) == (403, "not-allowed")
    else:
        done = json.loads(said.splitlines()[-1])
        assert (status, done["count"], "secret" in said) == (
            (200, 6, True) if who == "everything" else (200, 2, False)
        )

    query = urlencode({"asked": json.dumps({"pattern": "INFO"}), "form": "text"})
    for path in ("download/", f"hits/?{query}"):
        status, said = host.ask("GET", f"/logs/recent/{path}", who)
        assert (status, "secret" in said) == ((200, True) if who == "everything" else (403, False))
    status, said = host.ask("GET", f"/logs/-/hits/?{query}&log=recent", who)
    assert ("secret" in said, "recent" in said) == ((True, True) if who == "everything" else (False, False))


def test_the_list_offers_what_may_be_done(host: Host) -> None:
    for who, searches in (("watching", False), ("searching", True), ("everything", True)):
        logs = {log["slug"]: log for log in json.loads(host.ask("GET", "/logs/-/logs/", who)[1])["logs"]}
        assert (bool(logs["recent"]["search"]), bool(logs["recent"]["download"])) == (
            searches,
            who == "everything",
        )
        assert bool(logs["none"]["search"]) is (who == "everything")


def test_what_the_row_no_longer_allows_ends_with_it(host: Host) -> None:
    async def scene() -> tuple[str, bytes]:
        async with Client(host.stack, host.web, "young", host.sessions["watching"]) as client:
            await client.until_live(60)
            assert client.bytes == RECENT
            await asyncio.to_thread(host.stack.call, "change_log", "young", history_hours=None)
            await client.until(lambda: client.ended is not None, 60)
            assert client.ended is not None
            ended = client.ended["reason"]
        seen, _ = await first_lines(host, "watching", "young")
        return ended, seen

    try:
        assert asyncio.run(scene()) == ("log-changed", b"")
    finally:
        host.stack.call("change_log", "young", history_hours=HOURS)
