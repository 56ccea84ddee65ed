"""Requests besides the stream: how many at a time, which wait for which, and who is charged."""

import asyncio
import json

import pytest

from django_logtail import protocol
from django_logtail.access import Refused
from django_logtail.control.messages import Counted, Failed, Found, Listed, Piece, Reached, Read
from django_logtail.control.wants import Sought
from django_logtail.place import Place
from django_logtail.protocol import CloseCode, decode_batch
from django_logtail.rights import Right
from django_logtail.timing import Supervisor
from django_logtail.viewing.rechecks import Changed
from django_logtail.viewing.requests import AllFiles, Answers, offered
from django_logtail.viewing.socket import End
from django_logtail.viewing.spending import spending_here
from tests.viewing.seat import ROW, allowed, now, play

__all__ = ["play"]


class Asker:
    """One viewer: what it asks for, and when it is told what."""

    def __init__(self, relay, user="7"):
        self.user = user
        self.relay = relay
        self.row = allowed(**ROW)
        self.outcome = self.row
        self.sent = []
        self.answers = Answers(relay, user, self._admit, self._send)

    async def asks(self, *requests):
        for request in requests:
            await self.answers.begin(protocol.Range(request, Place("f", 0), 10))
        await asyncio.sleep(0.001)

    async def searches_all(self, *requests):
        for request in requests:
            since = Place("f", 3)
            asked = protocol.SearchAll(request, "newest", since, None, True, "x", False, True, levels="E")
            await self.answers.begin(asked)
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
    ("re2", "can"),
    [
        (object(), ["range", "search", "terms", "order", "heads", "files", "time", "volume", "regex"]),
        (None, ["range", "search", "terms", "order", "heads", "files", "time", "volume"]),
    ],
)
def test_expressions_are_offered_where_there_is_something_to_match_them(monkeypatch, re2, can):
    monkeypatch.setattr("django_logtail.tailing.text.matching._re2", lambda: re2)

    assert offered(Right) == can


async def test_an_answer_that_fails_is_told_to_who_asked_and_logged(monkeypatch, caplog):
    said = []

    class Relay:
        supervisor = Supervisor("relay")

        def request(self, *arguments, **keywords):
            raise KeyError("a bug in the answer")

    async def admit():
        return allowed(pk=1, slug="app", name="App", path="/var/log/app.log", queue="q", encoding="utf-8")

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
        asker.outcome = allowed(**ROW, access="signed-in")
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


def test_the_list_of_files_is_asked_of_the_log_s_reader_and_given_to_who_asked(play):
    async def scene(relay):
        asker, other = Asker(relay), Asker(relay, "8")
        await asker.answers.begin(protocol.Files(5))
        await asyncio.sleep(0.001)
        [want] = asker.wants
        files = [{"file": "f", "name": "app.log", "size": None, "stored": 9, "compression": "gz"}]
        relay.wants.by_member[want.member].take(Listed("token", want.member, want.serial, files, more=True))
        await asyncio.sleep(0.001)
        return want, asker.sent, other.sent, asker.wants

    want, sent, others, wants = play(scene)

    assert (want.log, want.files, want.position, want.is_history, want.user) == ("1", True, None, True, "7")
    assert sent == [
        {
            "type": "files",
            "request": 5,
            "files": [{"file": "f", "name": "app.log", "size": None, "stored": 9, "compression": "gz"}],
            "more": True,
        }
    ]
    assert (others, wants) == ([], [])


def test_a_moment_is_asked_of_the_log_s_reader_and_its_place_given_to_who_asked(play):
    async def scene(relay):
        asker, other = Asker(relay), Asker(relay, "8")
        await asker.answers.begin(protocol.Time(5, 1_800_000_000_123))
        await asyncio.sleep(0.001)
        [want] = asker.wants
        address, place = ("token", want.member, want.serial), Place("f", 12)
        reached = Reached(*address, "found", place, "14:32:05", 1_800_000_000_200, 900)
        relay.wants.by_member[want.member].take(reached)
        await asyncio.sleep(0.001)
        return want, asker.sent, other.sent, asker.wants

    want, sent, others, wants = play(scene)

    assert (want.log, want.moment, want.is_history, want.user) == ("1", 1_800_000_000_123, True, "7")
    place = {"file": "f", "offset": 12, "written": "14:32:05", "ms": 1_800_000_000_200}
    assert sent == [{"type": "time", "request": 5, "result": "found", **place, "read": 900}]
    assert (others, wants) == ([], [])


def counted(want, columns, *, done):
    return Counted("token", want.member, want.serial, 9, 19, columns, not done, 3, 7, done)


def test_entries_over_time_are_told_as_the_picture_gets_better(play):
    async def scene(relay):
        asker, other = Asker(relay), Asker(relay, "8")
        await asker.answers.begin(protocol.Volume(5, 9, None, 2))
        await asyncio.sleep(0.001)
        [want] = asker.wants
        taker = relay.wants.by_member[want.member]
        taker.take(counted(want, [[0, 0, 1], [0, 0, 0]], done=False))
        taker.take(counted(want, [[0, 0, 2], [1, 0, 0]], done=True))
        await asyncio.sleep(0.001)
        return want, asker.sent, other.sent, asker.wants

    want, sent, others, wants = play(scene)

    assert (want.log, want.columns, want.since, want.until) == ("1", 2, 9, None)
    assert (want.is_history, want.user) == (True, "7")
    span = {"type": "volume", "request": 5, "from": 9, "to": 19, "at": 3, "end": 7}
    assert sent == [
        {**span, "columns": [[0, 0, 1], [0, 0, 0]], "estimated": True},
        {**span, "columns": [[0, 0, 2], [1, 0, 0]], "estimated": False},
        {"type": "done", "request": 5},
    ]
    assert (others, wants) == ([], [])


def test_a_viewer_gets_two_pictures_at_a_time_and_ranges_beside_them(play):
    async def scene(relay):
        asker = Asker(relay)
        for request in (1, 2, 3):
            await asker.answers.begin(protocol.Volume(request, None, None, 2))
        await asker.asks(4)
        before = [(want.columns, want.end) for want in asker.wants]
        asker.answers.cancel(1)
        await asyncio.sleep(0.001)
        return before, asker.sent, [(want.columns, want.end) for want in asker.wants]

    before, sent, after = play(scene)

    assert before == [(2, None), (2, None), (None, 10)]
    assert [(said["request"], said["id"]) for said in sent] == [(3, "too-many-volumes")]
    assert after == [(2, None), (None, 10)]


def test_of_pictures_that_a_slow_viewer_has_not_taken_later_ones_are_left_out_but_never_the_last(play):
    async def scene(relay):
        asked = relay.request("1", "q", columns=1)
        want = asked.want("box")
        for number in range(20):
            asked.take(counted(want, [[0, 0, number]], done=False))
        asked.take(counted(want, [[0, 0, 20]], done=True))
        found = [(await asked.next()).columns[0][2] for _ in range(9)]
        asked.close()
        return found

    assert play(scene) == [0, 1, 2, 3, 4, 5, 6, 7, 20]


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


def test_a_search_over_all_files_is_asked_for_as_it_was_said_and_counts_as_a_search(play):
    async def scene(relay):
        asker = Asker(relay)
        await asker.searches_all(1, 2, 3)
        return asker.wants[0], asker.told(3)

    want, refused = play(scene)

    assert want.position is None
    assert want.is_history
    assert want.search == Sought(
        "x", case=True, levels="E", order="newest", since=Place("f", 3), limit=1_000, counts=True
    )
    assert [message["id"] for message in refused] == ["too-many-searches"]


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


def test_each_message_of_a_search_is_told_whole(play):
    async def scene(relay):
        asker = Asker(relay)
        await asker.searches(1)
        [want] = asker.wants
        found = [[5, 9, ["a", "x", "b"], False, True]]
        for message in (
            Found("token", want.member, want.serial, found, 1, 9, 20, False, reason="bytes-used-up"),
            Found("token", want.member, want.serial, [], 1, 18, 20, True, True, reason="archive-unfinished"),
        ):
            relay.wants.by_member[want.member].take(message)
            await asyncio.sleep(0.001)
        return asker.sent

    assert play(scene) == [
        {
            "type": "found",
            "request": 1,
            "file": "f",
            "hits": [{"start": 5, "end": 9, "parts": ["a", "x", "b"], "after": True}],
        },
        {"type": "progress", "request": 1, "at": 9, "end": 20, "reason": "bytes-used-up"},
        {
            "type": "done",
            "request": 1,
            "file": "f",
            "start": 3,
            "end": 18,
            "found": 1,
            "more": True,
            "reason": "archive-unfinished",
        },
    ]


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


def found_of(token: str, *, count: int, total: int, unread: str, done: bool) -> Found:
    hits = [[n, n + 1, ["x"], False, False] for n in range(count)]
    return Found(
        *(token, "p|7|s", 1, hits, count, 9, 9, done),
        file="f",
        name="app.log",
        total=total,
        unread=[{"name": unread, "reason": "damaged"}],
    )


@pytest.mark.parametrize(("counts", "more"), [(True, True), (False, False)])
async def test_what_a_second_reader_could_not_read_joins_what_the_first_could_not(counts, more):
    said = [
        [found_of("first", count=1, total=1, unread="a.2.gz", done=False)],
        [found_of("second", count=1, total=2, unread="a.9.gz", done=True)],
    ]
    readers = iter([[*said[0], *said[1]], said[1]])

    class Answer:
        def __init__(self) -> None:
            self.left = iter(next(readers))

        async def next(self) -> Found:
            return next(self.left)

        def close(self) -> None:
            pass

    search = AllFiles(lambda sought: Answer(), Sought("x", order="newest", counts=counts))
    async for _ in search.messages():
        pass

    assert [file["name"] for file in search.unread] == ["a.2.gz", "a.9.gz"]
    assert (search.taken, search.total, search.has_more) == (2, 3, more)


@pytest.mark.parametrize(
    ("rights", "refused"),
    [
        ([Right.VIEW], ["range", "searches"]),
        ([Right.VIEW, Right.DOWNLOAD], ["range", "searches"]),
        ([Right.VIEW, Right.HISTORY], ["searches"]),
        ([Right.VIEW, Right.SEARCH], ["range"]),
        ([Right.VIEW, Right.HISTORY, Right.SEARCH], []),
    ],
)
def test_what_somebody_may_not_do_is_wanted_of_no_reader(play, rights, refused):
    async def scene(relay):
        asker, other = Asker(relay), Asker(relay, user="8")
        asker.outcome = allowed(*rights, **ROW)
        await asker.asks(1)
        await asker.searches(2)
        await other.asks(1)
        await other.searches(2)
        found = []
        for one in (asker, other):
            said = {"range": one.told(1), "searches": one.told(2)}
            found.append([name for name, told in said.items() if told and told[0]["id"] == "not-allowed"])
            found.append(len(one.wants))
        return found

    assert play(scene) == [refused, 2 - len(refused), [], 2]
