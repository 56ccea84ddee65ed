"""Requests besides the stream: how many at a time, which wait for which, and who is charged."""

import asyncio
import json

import pytest

from django_logtail import protocol
from django_logtail.access import Refused
from django_logtail.control.messages import Failed, Found, Piece, Read
from django_logtail.models import Log
from django_logtail.place import Place
from django_logtail.protocol import CloseCode, decode_batch
from django_logtail.timing import Supervisor
from django_logtail.viewing.rechecks import Changed
from django_logtail.viewing.requests import Answers, offered
from django_logtail.viewing.socket import End
from django_logtail.viewing.spending import spending_here
from tests.viewing.seat import ROW, now, play

__all__ = ["play"]


class Asker:
    """One viewer: what it asks for, and when it is told what."""

    def __init__(self, relay, user="7"):
        self.user = user
        self.relay = relay
        self.row = Log(**ROW)
        self.outcome = self.row
        self.sent = []
        self.answers = Answers(relay, user, self._admit, self._send)

    async def asks(self, *requests):
        for request in requests:
            await self.answers.begin(protocol.Range(request, Place("f", 0), 10))
        await asyncio.sleep(0.001)

    async def searches(self, *requests):
        for request in requests:
            await self.answers.begin(protocol.SearchFrom(request, Place("f", 3), "x", False, True))
        await asyncio.sleep(0.001)

    @property
    def wants(self):
        """What readers are asked for this user."""
        wants = [wanted.want("box") for wanted in self.relay.wants.by_member.values()]
        return [want for want in wants if want.user == self.user]

    def told(self, request):
        return [said for said in self.sent if isinstance(said, dict) and said.get("request") == request]

    async def _admit(self):
        if isinstance(self.outcome, Exception):
            raise self.outcome
        return self.outcome

    async def _send(self, frame):
        sent = frame.encoded
        self.sent.append(json.loads(sent) if isinstance(sent, str) else decode_batch(sent))
        return len(sent)


def answer(relay, want, data=b"0123456789"):
    """What a reader says to it."""
    wanted = relay.wants.by_member[want.member]
    wanted.take(Piece("token", want.member, want.serial, Place("f", 0), data))
    wanted.take(Read("token", want.member, want.serial, Place("f", 0), len(data)))


@pytest.mark.parametrize(
    ("re2", "can"), [(object(), ["range", "search", "terms", "regex"]), (None, ["range", "search", "terms"])]
)
def test_expressions_are_offered_where_there_is_something_to_match_them(monkeypatch, re2, can):
    monkeypatch.setattr("django_logtail.tailing.text.matching._re2", lambda: re2)

    assert offered() == can


async def test_an_answer_that_fails_is_told_to_who_asked_and_logged(monkeypatch, caplog):
    said = []

    class Relay:
        supervisor = Supervisor("relay")

        def request(self, *arguments, **keywords):
            raise KeyError("a bug in the answer")

    async def admit():
        return Log(pk=1, slug="app", name="App", path="/var/log/app.log", queue="q", encoding="utf-8")

    async def send(frame):
        said.append(json.loads(frame.encoded))

    answers = Answers(Relay(), "7", admit, send)

    await answers.begin(protocol.Range(3, Place("f", 0), 10))
    await asyncio.gather(*answers.tasks)

    assert said == [
        {
            "type": "error",
            "request": 3,
            "id": "unavailable",
            "text": "reason:server-failed?",
        }
    ]
    assert "relay: answering a viewer failed" in caplog.messages
    assert "a bug in the answer" in caplog.text


def test_a_range_is_asked_of_the_log_s_reader_and_answered_to_who_asked(play):
    async def scene(relay):
        asker, other = Asker(relay), Asker(relay, "8")
        asker.outcome = Log(**ROW, access="signed-in")
        await asker.asks(5)
        [want] = asker.wants
        answer(relay, want)
        await asyncio.sleep(0.001)
        return want, asker.outcome.revision, asker.sent, other.sent, asker.wants, asker.answers.tasks

    want, revision, sent, others, wants, tasks = play(scene)

    assert (want.log, want.position.file, want.position.offset, want.end) == ("1", "f", 0, 10)
    assert (want.user, want.revision, want.before_lines, want.search) == ("7", revision, None, None)
    [(header, data), done] = sent
    assert (header["request"], header["start"], header["end"], data) == (5, 0, 10, b"0123456789")
    assert done == {"type": "done", "request": 5, "file": "f", "start": 0, "end": 10}
    assert (others, wants, tasks) == ([], [], [])


def test_lines_before_a_place_and_searches_are_asked_for_as_they_were_said(play):
    async def scene(relay):
        asker = Asker(relay)
        await asker.answers.begin(protocol.RangeBefore(1, Place("g", 77), 50))
        await asker.searches(2)
        return asker.wants

    before, search = play(scene)

    assert (before.position.file, before.position.offset, before.before_lines, before.end) == (
        "g",
        77,
        50,
        None,
    )
    assert (search.position.file, search.position.offset) == ("f", 3)
    assert (search.search.pattern, search.search.regex, search.search.case) == ("x", False, True)


def test_four_ranges_and_two_searches_may_be_under_way_and_no_more(play, settings):
    settings.LOGTAIL = {**settings.LOGTAIL, "MAX_SEARCHES_PER_USER": 10}

    async def scene(relay):
        asker = Asker(relay)
        await asker.asks(1, 2, 3, 4, 5)
        await asker.searches(6, 7, 8)
        refused = list(asker.sent)
        for want in asker.wants[:1]:
            answer(relay, want)
        await asyncio.sleep(0.001)
        await asker.asks(9)
        return refused, asker.told(9), len(asker.answers.tasks)

    refused, later, count = play(scene)

    assert refused == [
        {"type": "error", "request": 5, "id": "too-many-ranges", "text": "reason:too-many-requests?count=4"},
        {
            "type": "error",
            "request": 8,
            "id": "too-many-searches",
            "text": "reason:too-many-requests?count=2",
        },
    ]
    assert later == []
    assert count == 6


@pytest.mark.parametrize(("first", "second"), [("asks", "asks"), ("asks", "searches"), ("searches", "asks")])
def test_a_number_that_is_in_use_names_no_second_request(play, first, second):
    async def scene(relay):
        asker = Asker(relay)
        await getattr(asker, first)(1)
        await getattr(asker, second)(1)
        return [said["id"] for said in asker.sent], len(asker.wants)

    ids, count = play(scene)

    assert ids == ["too-many-ranges" if second == "asks" else "too-many-searches"]
    assert count == 1


def test_searches_of_one_user_are_counted_over_their_viewers_and_freed_when_they_end(play, settings):
    settings.LOGTAIL = {**settings.LOGTAIL, "MAX_SEARCHES_PER_USER": 1}

    async def scene(relay):
        mine, also_mine, others = Asker(relay), Asker(relay), Asker(relay, "8")
        await mine.searches(1)
        await also_mine.searches(1)
        await others.searches(1)
        refused = list(also_mine.sent)
        mine.answers.cancel(1)
        await asyncio.sleep(0.001)
        await also_mine.searches(2)
        others.answers.cancel(1)
        return refused, others.sent, also_mine.told(2), len(also_mine.wants)

    refused, others, again, count = play(scene)

    assert refused == [
        {
            "type": "error",
            "request": 1,
            "id": "too-many-searches",
            "text": "reason:too-many-searches?count=1",
        }
    ]
    assert (others, again, count) == ([], [], 1)


def test_what_is_cancelled_is_wanted_no_more_and_the_other_is(play):
    async def scene(relay):
        asker = Asker(relay)
        await asker.asks(1, 2)
        asker.answers.cancel(1)
        asker.answers.cancel(99)
        await asyncio.sleep(0.001)
        one_left = len(asker.wants), len(asker.answers.tasks)
        answer(relay, asker.wants[0])
        await asyncio.sleep(0.001)
        return one_left, [said["request"] for said in asker.sent if isinstance(said, dict)]

    assert play(scene) == ((1, 1), [2])


def test_two_ranges_of_one_user_are_read_at_a_time_and_another_user_waits_for_neither(play):
    async def scene(relay):
        mine, also_mine, others = Asker(relay), Asker(relay), Asker(relay, "8")
        await mine.asks(1, 2)
        await also_mine.asks(3)
        await others.asks(4)
        before = len(mine.wants), len(others.wants)
        answer(relay, mine.wants[0])
        await asyncio.sleep(0.001)
        return (
            before,
            list(also_mine.sent),
            len(mine.wants),
            [said["request"] for said in mine.sent if isinstance(said, dict)],
        )

    assert play(scene) == ((2, 1), [], 2, [1])


def test_a_user_gets_so_many_ranges_a_second_and_another_user_waits_for_none(play, settings):
    settings.LOGTAIL = {**settings.LOGTAIL, "RANGES_PER_SECOND_PER_USER": 4}

    async def scene(relay):
        mine, others, asked_at = Asker(relay), Asker(relay, "8"), []
        for request in range(1, 9):
            await mine.asks(request)
            while not mine.wants:
                await asyncio.sleep(0.01)
            asked_at.append(now())
            answer(relay, mine.wants[0])
            await asyncio.sleep(0)
            await asyncio.sleep(0)
        began = now()
        await others.asks(1)
        return asked_at, len(others.wants), now() - began

    asked_at, others, waited = play(scene)

    assert max(asked_at[:4]) < 0.05
    assert [round(at, 1) for at in asked_at[4:]] == [0.3, 0.5, 0.8, 1.0]
    assert (others, waited < 0.01) == (1, True)


def test_who_has_spent_their_share_of_the_processor_waits_and_another_user_does_not(play):
    async def scene(relay):
        mine, others = Asker(relay), Asker(relay, "8")
        spending_here().processor.spend("7", 3 * 10**9)
        waiting = asyncio.ensure_future(mine.asks(1))
        await others.asks(2)
        before = len(mine.wants), len(others.wants), waiting.done()
        await waiting
        return before, now(), len(mine.wants)

    before, at, count = play(scene)

    assert before == (0, 1, False)
    assert 1.9 < at < 2.5
    assert count == 1


@pytest.mark.parametrize(
    "outcome", [Refused(CloseCode.NO_ACCESS, "no-access", "It ended."), Changed("entry"), End(None)]
)
def test_who_may_not_stay_is_answered_nothing_and_nothing_is_read(play, outcome):
    async def scene(relay):
        asker = Asker(relay)
        asker.outcome = outcome
        await asker.asks(1)
        await asker.searches(2)
        return asker.sent, asker.wants, asker.answers.tasks

    assert play(scene) == ([], [], [])


@pytest.mark.parametrize(
    ("does", "id", "text"),
    [
        ("fails", "not-there", "the file that held these bytes no longer exists"),
        ("says nothing", "no-reader", "reason:no-answer?"),
    ],
)
@pytest.mark.parametrize("asks", ["asks", "searches"])
def test_a_request_that_no_reader_can_serve_is_told_so_and_wanted_no_more(play, does, id, text, asks):
    async def scene(relay):
        asker = Asker(relay)
        await getattr(asker, asks)(1)
        if does == "fails":
            [want] = asker.wants
            relay.wants.by_member[want.member].take(
                Failed("token", want.member, want.serial, "the file that held these bytes no longer exists")
            )
        await asyncio.sleep(14.9)
        in_time = list(asker.sent)
        await asyncio.sleep(0.2)
        return in_time, asker.sent, asker.wants

    in_time, sent, wants = play(scene)

    assert sent == [{"type": "error", "request": 1, "id": id, "text": text}]
    assert in_time == (sent if does == "fails" else [])
    assert wants == []


def test_a_search_that_goes_on_is_waited_for_as_long_as_it_says_something(play):
    async def scene(relay):
        asker = Asker(relay)
        await asker.searches(1)
        [want] = asker.wants
        for at in range(1, 6):
            await asyncio.sleep(14)
            relay.wants.by_member[want.member].take(
                Found("token", want.member, want.serial, [], 0, at, 5, at == 5)
            )
        await asyncio.sleep(0.001)
        return [(said["type"], said.get("at")) for said in asker.sent]

    assert play(scene) == [
        ("progress", 1), ("progress", 2), ("progress", 3), ("progress", 4), ("done", None),
    ]  # fmt: skip


def test_what_comes_for_a_user_is_charged_to_them_and_to_nobody_else(play):
    async def scene(relay):
        asker, shares = Asker(relay), spending_here().processor
        before = shares.left("7"), shares.left("8")
        await asker.asks(1)
        answer(relay, asker.wants[0], b"x" * 2**20)
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        return before[0] - shares.left("7"), before[1] - shares.left("8")

    mine, others = play(scene)

    assert mine >= 8_000  # microseconds a MiB, beside what it took
    assert others == 0
