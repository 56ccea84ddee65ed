"""The last lines in one response, from a reader and a relay connected through memory."""

import json
from collections.abc import Iterator

import pytest

from django_logtail.place import Place
from django_logtail.protocol import Frame
from django_logtail.relay import liveness
from django_logtail.viewing import last_lines as module
from django_logtail.viewing.last_lines import last_lines
from tests.delivery.test_delivery import QUEUE, House, numbered
from tests.viewing.seat import allowed

LOG = allowed(pk=1, slug="app", name="app.log", path="/nowhere", queue=QUEUE, encoding="utf-8")


@pytest.fixture
async def house(tmp_path):
    path = tmp_path / "app.log"
    path.write_bytes(b"")
    house = House(path, LOG.revision)
    yield house
    await house.close()


def messages_of(answer: bytes) -> Iterator[tuple[dict, bytes]]:
    """As docs/reference/protocol.md tells anyone to take an answer apart."""
    while answer:
        head, _, answer = answer.partition(b"\n")
        fields = json.loads(head)
        size = fields["end"] - fields["start"] if fields["type"] == "batch" else 0
        yield fields, answer[:size]
        answer = answer[size:]


def bytes_of(answer: bytes) -> bytes:
    return b"".join(
        data for fields, data in messages_of(answer) if "partial" not in fields and "late" not in fields
    )


def named(answer: bytes, kind: str) -> list[dict]:
    return [fields for fields, _ in messages_of(answer) if kind in (fields["type"], fields.get("kind"))]


def wants_of(house: House) -> object:
    return house.relay.feeds.by_member


async def test_the_answer_is_what_a_socket_would_have_sent_and_an_end(house):
    house.append(numbered(0, 50))

    answer = await last_lines(house.relay, LOG, lines=10, resume=None)

    assert [fields["type"] for fields, _ in messages_of(answer)] == [
        "hello",
        "event",
        "batch",
        "status",
        "end",
    ]
    assert bytes_of(answer) == numbered(40, 10)
    assert named(answer, "hello")[0]["encoding"] == "utf-8"
    assert named(answer, "status")[0]["state"] == "live"
    assert named(answer, "end") == [{"type": "end", "reason": "complete", "may_retry": True}]


async def test_nothing_is_wanted_any_more_when_the_answer_is_there(house):
    house.append(numbered(0, 50))

    await last_lines(house.relay, LOG, lines=10, resume=None)

    assert wants_of(house) == {}


async def test_an_answer_that_is_broken_off_leaves_nothing_wanted(house, monkeypatch):
    async def breaks_off(*args):
        raise ConnectionError

    monkeypatch.setattr(module, "_collect", breaks_off)

    with pytest.raises(ConnectionError):
        await last_lines(house.relay, LOG, lines=10, resume=None)

    assert wants_of(house) == {}


async def test_from_a_place_on_it_goes_through_a_rotation_to_the_newer_file(house):
    house.append(numbered(0, 50))
    first = await last_lines(house.relay, LOG, lines=10, resume=None)
    place = named(first, "batch")[-1]
    house.append(numbered(50, 5))
    house.path.rename(house.path.with_name("app.log.1"))
    house.append(numbered(55, 5))

    answer = await last_lines(house.relay, LOG, lines=0, resume=Place(place["file"], place["end"]))

    assert bytes_of(answer) == numbered(50, 10)
    assert named(answer, "rotated")[0]["before"]["file"] == place["file"]


async def test_a_place_in_a_file_that_is_gone_is_answered_with_the_one_that_is_there(house):
    house.append(numbered(0, 50))
    first = await last_lines(house.relay, LOG, lines=10, resume=None)
    place = named(first, "batch")[-1]
    house.path.unlink()
    house.append(numbered(100, 20))

    answer = await last_lines(house.relay, LOG, lines=0, resume=Place(place["file"], place["end"]))

    assert bytes_of(answer) == numbered(100, 20)
    assert named(answer, "end")[0]["reason"] == "complete"


async def test_a_line_that_is_not_finished_is_shown_early(house):
    house.append(b"one\ntw")

    answer = await last_lines(house.relay, LOG, lines=10, resume=None)

    assert bytes_of(answer) == b"one\n"
    assert [data for fields, data in messages_of(answer) if "partial" in fields] == [b"tw"]


async def test_what_is_too_much_says_that_there_is_more(house, monkeypatch):
    monkeypatch.setattr(module, "ANSWER_BYTES", 200_000)
    house.append(numbered(0, 1))
    first = await last_lines(house.relay, LOG, lines=10, resume=None)
    house.append(numbered(1, 30_000))

    resume = Place(named(first, "batch")[0]["file"], len(numbered(0, 1)))
    answer = await last_lines(house.relay, LOG, lines=0, resume=resume)

    assert named(answer, "end")[0]["reason"] == "more"
    assert 200_000 <= len(answer) < 270_000
    assert numbered(1, 30_000).startswith(bytes_of(answer))


async def test_a_file_that_is_missing_is_said(house):
    house.path.unlink()

    answer = await last_lines(house.relay, LOG, lines=10, resume=None)

    assert named(answer, "status")[0]["state"] == "missing"
    assert bytes_of(answer) == b""


async def test_that_no_reader_answers_is_said(house, monkeypatch):
    async def nobody(queue):
        pass

    monkeypatch.setattr(liveness, "NO_READER_SECONDS", 0.2)
    monkeypatch.setattr(liveness, "SILENT_SECONDS", 0.1)
    monkeypatch.setattr(liveness, "RETRY_SECONDS", 0.05)
    monkeypatch.setattr(house.relay, "_wake", nobody)

    answer = await last_lines(house.relay, LOG, lines=10, resume=None)

    assert named(answer, "status")[0]["state"] == "no-reader"


async def test_a_reader_that_takes_too_long_is_not_waited_for(house, monkeypatch):
    async def nobody(queue):
        pass

    monkeypatch.setattr(module, "ANSWER_SECONDS", 0.1)
    monkeypatch.setattr(house.relay, "_wake", nobody)

    answer = await last_lines(house.relay, LOG, lines=10, resume=None)

    assert named(answer, "end")[0]["reason"] == "no-answer"
    assert wants_of(house) == {}


async def test_a_live_viewer_beside_it_is_not_disturbed(house):
    house.append(numbered(0, 50))
    taker = house.join(lines=50)
    await taker.until(lambda: taker.bytes == numbered(0, 50))

    answer = await last_lines(house.relay, LOG, lines=10, resume=None)
    house.append(numbered(50, 5))
    await taker.until(lambda: taker.bytes == numbered(0, 55))

    assert bytes_of(answer) == numbered(40, 10)
    assert [event["kind"] for event in taker.events] == ["started"]


def test_lines_that_came_late_to_an_older_file_say_nothing_about_how_far_it_reaches():
    answer = module._Answer(sees_host=True)
    answer.add(Frame.message("event", kind="started", file="new", offset=0, size=4))

    answer.add(Frame.batch(Place("old", 90), b"late\n", late=True))
    assert not answer.is_caught_up

    answer.add(Frame.batch(Place("new", 0), b"one\n"))
    assert answer.is_caught_up
