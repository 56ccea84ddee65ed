"""The lines that a search finds in several logs, as one file: log after log, whatever happens to one of them."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from django.db import DatabaseError

from django_logtail.access import Refused
from django_logtail.models import Log
from django_logtail.protocol import BadMessage, CloseCode, decode_hits_query, decode_logs_query
from django_logtail.viewing import download, rechecks, several_hits
from django_logtail.viewing.download import BrokenOff, Requester
from django_logtail.viewing.rechecks import Stay
from django_logtail.viewing.several_hits import SeveralHits
from tests.delivery.test_delivery import QUEUE, House, numbered
from tests.viewing.seat import allowed

LINE = len(numbered(0, 1))
REQUESTER = Requester("7", "session", "127.0.0.1")
LOGS = {
    "web": allowed(pk=1, slug="web", name="web.log", path="/nowhere", queue=QUEUE, encoding="utf-8"),
    "db": allowed(pk=1, slug="db", name="db.log", path="/nowhere", queue=QUEUE, encoding="utf-8"),
}
GONE = Refused(CloseCode.NO_SUCH_LOG, "no-such-log", "Whatever.")
SIGNED_OUT = Refused(CloseCode.SIGNED_OUT, "signed-out", "Sign in again.")
NOT_THERE = "This log doesn't exist, or you don't have access to it."


@pytest.fixture
async def house(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[House]:
    """A log of 1,500 lines that has two names; `deaf` is none of the reader's."""
    path = tmp_path / "app.log"
    path.write_bytes(numbered(0, 1_500))
    house = House(path, LOGS["web"].revision)
    for module in (download, several_hits):
        monkeypatch.setattr(module, "relay_here", lambda: house.relay)
    monkeypatch.setattr(rechecks, "_admitted", lambda who, lookups: LOGS[who.slug])

    async def admitted(user_id: str, session_key: str, slug: str, **facts: str) -> Log:
        if slug == "signed-out":
            raise SIGNED_OUT
        if slug == "down":
            raise DatabaseError("cut off")
        if slug not in LOGS:
            raise GONE
        return LOGS[slug]

    monkeypatch.setattr(several_hits, "admitted", admitted)
    yield house
    await house.close()


async def file_of(slugs: list[str], pattern: str = "0000007", form: str = "text") -> str:
    asked = decode_hits_query({"asked": json.dumps({"pattern": pattern})})[1]
    return b"".join([piece async for piece in SeveralHits(slugs, asked, form, REQUESTER).encoded()]).decode()


async def test_each_log_has_a_heading_and_all_of_its_lines(house: House) -> None:
    assert await file_of(["web", "db"], "line") == (
        "# === web.log ===\n"
        + numbered(0, 1_500).decode()
        + "# === db.log ===\n"
        + numbered(0, 1_500).decode()
    )


async def test_as_ndjson_each_line_names_its_log(house: House) -> None:
    found = [json.loads(line) for line in (await file_of(["web", "db"], form="ndjson")).splitlines()]

    line = {"file": "app.log", "start": 7 * LINE, "end": 8 * LINE, "text": numbered(7, 1).decode().strip()}
    assert found == [
        {"log": "web", "name": "web.log", **line},
        {"log": "db", "name": "db.log", **line},
    ]


@pytest.mark.parametrize(
    ("slug", "text"),
    [("secret", NOT_THERE), ("down", "the server can't check your access right now; try again")],
)
async def test_a_log_that_may_not_be_seen_is_said_as_it_was_asked_for_and_the_others_follow(
    house: House, slug: str, text: str
) -> None:
    seven = numbered(7, 1).decode()

    assert await file_of([slug, "db"]) == f"# {slug}: {text}\n# === db.log ===\n{seven}"
    ndjson = (await file_of([slug], form="ndjson")).splitlines()
    assert [json.loads(line) for line in ndjson] == [{"log": slug, "reason": text}]


async def test_a_log_that_cannot_be_searched_says_why_and_the_others_follow(house: House) -> None:
    house.control.set_stop(QUEUE, "1", "disk is full")

    assert await file_of(["web", "db"]) == (
        "# === web.log ===\n# disk is full\n# === db.log ===\n# disk is full\n"
    )
    ndjson = (await file_of(["web"], form="ndjson")).splitlines()
    assert [json.loads(line) for line in ndjson] == [
        {"log": "web", "name": "web.log", "reason": "disk is full"}
    ]


async def test_files_that_were_not_read_whole_are_named_under_their_log(house: House) -> None:
    house.path.with_name("app.log.2.Z").write_bytes(b"\x1f\x9d unknown")

    *_, last = (await file_of(["web"], form="ndjson")).splitlines()

    assert {key: value for key, value in json.loads(last).items() if key != "reason"} == {
        "log": "web",
        "name": "web.log",
        "unread": "app.log.2.Z",
    }


async def test_nothing_more_of_a_log_comes_when_access_to_it_ends(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept, stays = rechecks.Rounds.kept, []

    def watched(rounds: Any, who: Any, log: Log) -> Any:
        stays.append(who.slug)
        return kept(rounds, who, log)

    monkeypatch.setattr(rechecks.Rounds, "kept", watched)

    async def admit(stay: Stay, seconds: float = 1.0) -> Log:
        if stays[-1] == "web":
            raise GONE
        return LOGS[stays[-1]]

    monkeypatch.setattr(Stay, "admit", admit)

    assert await file_of(["web", "db"]) == (
        f"# === web.log ===\n# {NOT_THERE}\n# === db.log ===\n{numbered(7, 1).decode()}"
    )
    # Each is watched twice: while its first lines are looked for, and as long as they are sent.
    assert stays == ["web", "web", "db", "db"]


async def test_who_is_signed_out_gets_a_file_that_visibly_failed(house: House) -> None:
    with pytest.raises(BrokenOff, match="signed out"):
        await file_of(["web", "signed-out", "db"])


@pytest.mark.parametrize(
    ("slugs", "found"),
    [
        (["a", "b", "a"], ["a", "b"]),
        ([f"log-{n}" for n in range(199)], 199),
        ([f"log-{n}" for n in range(200)], 200),
        ([f"log-{n}" for n in range(201)], "over 200 logs"),
        ([], "'log' is missing"),
        (["a", "b\n# === c ==="], "'log' is not a slug"),
        (["a", "b\n"], "'log' is not a slug"),
        (["a", ""], "'log' is not a slug"),
        (["a", "\u65e5\u5fd7"], "'log' is not a slug"),
        (["a", "-B_9"], ["a", "-B_9"]),
    ],
)
def test_two_hundred_logs_can_be_asked_for(slugs: list[str], found: list[str] | int | str) -> None:
    if isinstance(found, str):
        with pytest.raises(BadMessage, match=found):
            decode_logs_query(slugs)
    else:
        assert decode_logs_query(slugs) == (found if isinstance(found, list) else slugs)
