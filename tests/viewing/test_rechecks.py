"""Whether admitted viewers may stay, on a virtual clock."""

from __future__ import annotations

import asyncio
import contextlib
from collections import Counter
from collections.abc import Sequence

import pytest
from django.db import DatabaseError, OperationalError

from django_logtail.access import Ended, Refused
from django_logtail.models import Log
from django_logtail.protocol import CloseCode
from django_logtail.rights import Right
from django_logtail.viewing import rechecks as module
from django_logtail.viewing.changes import of_end
from django_logtail.viewing.rechecks import Changed, Looks, Rounds, Who
from tests.virtual_time import run_virtually

ROW = {
    "pk": 1,
    "slug": "app",
    "name": "App",
    "path": "/var/log/app.log",
    "queue": "web-1",
    "encoding": "utf-8",
}
ANNA = Who("1", "anna's", "app")
NO_ACCESS = Refused(CloseCode.NO_ACCESS, "no-access", "Your access to this log has ended.")


class Database:
    """Says what it is told to, and when it was asked what."""

    def __init__(self) -> None:
        self.asked: list[tuple[float, Who]] = []
        self.row: dict[str, object] = dict(ROW)
        self.error: Exception | None = None
        self.hangs = False
        self.rested = 0

    async def look(self, whos: Sequence[Who]) -> list[Log | Exception]:
        now = asyncio.get_running_loop().time() - 1_000.0
        self.asked += [(now, who) for who in whos]
        if self.hangs:
            await asyncio.Event().wait()
        return [Log(**self.row) if self.error is None else self.error for _ in whos]

    def rest(self) -> None:
        self.rested += 1

    def rounds(self, chance: float = 0.5) -> Rounds:
        return Rounds(self.look, rest=self.rest, chance=lambda: chance)

    @property
    def times(self) -> list[float]:
        return [round(at, 3) for at, _ in self.asked]


def now() -> float:
    return asyncio.get_running_loop().time() - 1_000.0


@pytest.mark.parametrize(("chance", "seconds"), [(0.0, 12.0), (0.5, 15.0), (1.0, 18.0)])
def test_who_stays_is_looked_up_every_15_s_give_or_take_a_fifth(chance, seconds):
    database = Database()

    async def stay() -> None:
        with database.rounds(chance).kept(ANNA, Log(**ROW)):
            await asyncio.sleep(61.0)

    run_virtually(stay())

    assert database.times == [seconds * n for n in range(1, int(61 / seconds) + 1)]


def test_viewers_of_one_session_and_log_share_a_look():
    database = Database()

    async def stay() -> None:
        rounds = database.rounds()
        with contextlib.ExitStack() as stack:
            for _ in range(100):
                stack.enter_context(rounds.kept(ANNA, Log(**ROW)))
            stack.enter_context(rounds.kept(Who("1", "anna's", "shop"), Log(**ROW)))
            stack.enter_context(rounds.kept(Who("1", "anna's other", "app"), Log(**ROW)))
            await asyncio.sleep(16.0)

    run_virtually(stay())

    assert len(database.asked) == 3


def test_looks_at_many_are_spread_over_the_interval():
    database = Database()

    async def stay() -> None:
        rounds = Rounds(database.look)
        with contextlib.ExitStack() as stack:
            for number in range(1_000):
                stack.enter_context(rounds.kept(Who(str(number), "s", "app"), Log(**ROW)))
            await asyncio.sleep(60.0)

    run_virtually(stay())

    by_second = Counter(int(at) for at in database.times)
    assert max(by_second.values()) < 300  # the first round within six seconds, as all came at once
    assert max(by_second[second] for second in range(45, 60)) < 300
    assert 3_000 <= len(database.asked) <= 5_000


@pytest.mark.parametrize(
    "change",
    [
        {"pk": 2},
        {"path": "/var/log/other.log"},
        {"queue": "web-2"},
        {"encoding": "gbk"},
        {"access": "signed-in"},
        {"membership": 1},
    ],
)
def test_who_watches_a_log_that_says_something_else_now_is_told(change):
    database = Database()

    async def stay() -> float:
        with database.rounds().kept(ANNA, Log(**ROW)) as stay:
            database.row.update(change)
            with pytest.raises(Changed):
                await stay.until_lost()
            return now()

    assert run_virtually(stay()) == 15.0


def test_who_comes_after_the_change_stays_and_who_came_before_does_not():
    database = Database()

    async def stay() -> tuple[bool, bool]:
        rounds = database.rounds()
        with rounds.kept(ANNA, Log(**ROW)) as before:
            await asyncio.sleep(5)
            database.row["encoding"] = "gbk"
            with rounds.kept(ANNA, Log(**database.row)) as after:
                await asyncio.sleep(11)
                return before.lost.done(), after.lost.done()

    assert run_virtually(stay()) == (True, False)


def test_a_log_with_another_name_is_watched_on():
    database = Database()

    async def stay() -> bool:
        with database.rounds().kept(ANNA, Log(**ROW)) as stay:
            database.row.update(name="Application", group="web", order=2)
            await asyncio.sleep(100)
            return stay.lost.done()

    assert run_virtually(stay()) is False


def test_who_is_no_longer_staff_watches_on_and_is_told_less():
    database, log = Database(), Log(**ROW)
    log.sees_host = True

    async def stay() -> None:
        with database.rounds().kept(ANNA, log):
            await asyncio.sleep(16)

    run_virtually(stay())

    assert log.sees_host is False


def test_who_loses_a_right_watches_on_and_may_do_less():
    database, log = Database(), Log(**ROW)
    log.rights = frozenset({Right.VIEW, Right.DOWNLOAD})

    async def stay() -> None:
        with database.rounds().kept(ANNA, log):
            await asyncio.sleep(16)

    run_virtually(stay())

    assert log.rights == frozenset()


def test_who_may_not_stay_is_told_at_the_next_look():
    database = Database()

    async def stay() -> float:
        with database.rounds(1.0).kept(ANNA, Log(**ROW)) as stay:
            database.error = NO_ACCESS
            with pytest.raises(Refused, match="no-access"):
                await stay.until_lost()
            return now()

    assert run_virtually(stay()) == 18.0


def test_one_failure_of_the_database_is_forgiven_and_the_second_in_a_row_is_not():
    database = Database()

    async def stay() -> list[float]:
        lost = []
        rounds = database.rounds()
        with rounds.kept(ANNA, Log(**ROW)) as stay:
            database.error = OperationalError("gone")
            await asyncio.sleep(16)
            database.error = None
            await asyncio.sleep(14)
            database.error = OperationalError("gone")
            with pytest.raises(OperationalError):
                await stay.until_lost()
            lost.append(now())
        return lost

    assert run_virtually(stay()) == [54.0]  # looks at 15 (fails), 27, 42 (fails), 54 (fails)
    assert database.times == [15.0, 27.0, 42.0, 54.0]


@pytest.mark.parametrize("chance", [0.0, 0.5, 1.0])
@pytest.mark.parametrize("others", [0, 1, 500])
@pytest.mark.parametrize("hangs_from", [0.0, 11.9, 14.0, 17.9])
def test_a_database_that_hangs_leaves_nobody_for_longer_than_90_s(chance, others, hangs_from):
    database = Database()

    async def one(rounds: Rounds, who: Who, after: float) -> float:
        await asyncio.sleep(after)
        with rounds.kept(who, Log(**ROW)) as stay:
            with pytest.raises(DatabaseError, match="no answer within 30 s"):
                await stay.until_lost()
            return now() - max(after, hangs_from)

    async def hang() -> None:
        await asyncio.sleep(hangs_from)
        database.hangs = True

    async def stay() -> list[float]:
        rounds = database.rounds(chance)
        people = [one(rounds, Who(str(n), "s", "app"), n * 0.03) for n in range(others + 1)]
        *lost, _ = await asyncio.gather(*people, hang())
        return lost

    lost = run_virtually(stay())

    assert len(lost) == others + 1
    assert max(lost) <= 90.0


def test_what_a_policy_raises_concerns_those_viewers_alone():
    database = Database()

    async def look(whos: Sequence[Who]) -> list[Log | Exception]:
        found = await database.look(whos)
        return [
            ZeroDivisionError() if who.slug == "broken" else outcome
            for who, outcome in zip(whos, found, strict=True)
        ]

    async def stay() -> bool:
        rounds = Rounds(look, chance=lambda: 0.5)
        with (
            rounds.kept(Who("1", "s", "broken"), Log(**ROW)) as broken,
            rounds.kept(ANNA, Log(**ROW)) as anna,
        ):
            with pytest.raises(ZeroDivisionError):
                await broken.until_lost()
            await asyncio.sleep(60)
            return anna.lost.done()

    assert run_virtually(stay()) is False
    assert len(database.asked) >= 4


def test_the_decision_of_the_last_second_serves():
    database = Database()

    async def stay() -> None:
        with database.rounds().kept(ANNA, Log(**ROW)) as stay:
            for _ in range(100):
                await stay.admit()
                await asyncio.sleep(0.05)

    run_virtually(stay())

    assert 4 <= len(database.asked) <= 5  # and not a hundred, in five seconds


def test_many_who_ask_at_once_ask_the_database_once():
    database = Database()

    async def stay() -> None:
        with database.rounds().kept(ANNA, Log(**ROW)) as stay:
            await asyncio.sleep(2)
            await asyncio.gather(*(stay.admit() for _ in range(60)))

    run_virtually(stay())

    assert database.times == [2.0]


def test_who_waits_for_an_answer_comes_before_all_that_is_overdue():
    async def slow(whos: Sequence[Who]) -> list[Log]:
        await asyncio.sleep(1.0)
        return [Log(**ROW)]

    async def stay() -> float:
        rounds = Rounds(slow, chance=lambda: 0.5)
        with contextlib.ExitStack() as stack:
            for number in range(100):
                stack.enter_context(rounds.kept(Who(str(number), "s", "app"), Log(**ROW)))
            anna = stack.enter_context(rounds.kept(ANNA, Log(**ROW)))
            await asyncio.sleep(30)  # some fifteen of them were looked up since 15 s
            began = now()
            await anna.admit()
            return now() - began

    assert run_virtually(stay()) <= 2.0


def test_who_lost_access_is_refused_what_they_ask_for_a_second_later_and_ends():
    database = Database()

    async def stay() -> float:
        with database.rounds().kept(ANNA, Log(**ROW)) as stay:
            database.error = NO_ACCESS
            await stay.admit()
            await asyncio.sleep(1.01)
            with pytest.raises(Refused):
                await stay.admit()
            assert stay.lost.done()
            return now()

    assert run_virtually(stay()) == pytest.approx(1.01)


def test_a_request_that_the_database_fails_says_so_and_ends_nobody():
    database = Database()

    async def stay() -> bool:
        with database.rounds().kept(ANNA, Log(**ROW)) as stay:
            database.error = OperationalError("gone")
            for _ in range(5):
                await asyncio.sleep(2)
                with pytest.raises(OperationalError):
                    await stay.admit()
            return stay.lost.done()

    assert run_virtually(stay()) is False


def test_what_changed_in_this_process_is_looked_up_at_once():
    database = Database()

    async def stay() -> float:
        rounds = database.rounds()
        with rounds.kept(ANNA, Log(**ROW)) as stay, rounds.kept(Who("1", "s", "shop"), Log(**ROW)):
            await asyncio.sleep(0.5)
            database.row["access"] = "chosen"
            rounds.stale(lambda who: who.slug == "app")
            with pytest.raises(Changed):
                await stay.until_lost()
            return now()

    assert run_virtually(stay()) == 0.5
    assert len(database.asked) == 1


@pytest.mark.parametrize(
    ("told", "looked_up"),
    [("log|app", ["app"]), ("user|1", ["app", "shop"]), ("all", ["app", "shop"]), ("user|2", [])],
)
def test_what_another_process_tells_is_looked_up_within_half_a_second(told, looked_up):
    database, news = Database(), []

    async def hear():
        found, news[:] = list(news), []
        return found

    async def stay() -> None:
        rounds = Rounds(database.look, hear=hear, chance=lambda: 0.5)
        with rounds.kept(ANNA, Log(**ROW)), rounds.kept(Who("1", "s", "shop"), Log(**ROW)):
            await asyncio.sleep(3.2)
            news.append(told)
            await asyncio.sleep(0.5)

    run_virtually(stay())

    assert sorted(who.slug for _, who in database.asked) == looked_up
    assert set(database.times) <= {3.5}


def test_nothing_is_listened_to_once_nobody_watches():
    heard = []

    async def hear():
        heard.append(now())
        return []

    async def stay() -> None:
        rounds = Rounds(Database().look, hear=hear)
        with rounds.kept(ANNA, Log(**ROW)):
            await asyncio.sleep(1.2)
        await asyncio.sleep(60)

    run_virtually(stay())

    assert [round(at, 3) for at in heard] == [0.0, 0.5, 1.0]


def test_nobody_is_looked_up_who_left_and_nothing_goes_on():
    database = Database()

    async def stay() -> tuple[int, int]:
        rounds = database.rounds()
        for number in range(1_000):
            with rounds.kept(Who(str(number), "s", "app"), Log(**ROW)):
                await asyncio.sleep(0.01)
        await asyncio.sleep(100)
        return len(rounds), len(asyncio.all_tasks())

    assert run_virtually(stay()) == (0, 1)
    assert database.asked == []
    assert database.rested


def test_of_those_who_left_nothing_is_held():
    database = Database()

    async def stay() -> tuple[int, int]:
        rounds = database.rounds()
        with rounds.kept(ANNA, Log(**ROW)):
            for number in range(1_000):
                with rounds.kept(Who(str(number), "s", "app"), Log(**ROW)):
                    pass
            during = len(rounds._due)
        return during, len(rounds._due)

    during, after = run_virtually(stay())

    assert during < 100
    assert after == 0


def test_those_who_stay_are_looked_up_however_many_left():
    database = Database()

    async def stay() -> list[float]:
        rounds = database.rounds()
        with rounds.kept(ANNA, Log(**ROW)), rounds.kept(Who("2", "s", "app"), Log(**ROW)):
            for number in range(1_000):
                with rounds.kept(Who(str(number), "other", "app"), Log(**ROW)):
                    pass
            await asyncio.sleep(19)
        return [who.session_key for _, who in database.asked]

    assert sorted(run_virtually(stay())) == ["anna's", "s"]


class Connection:
    def __init__(self) -> None:
        self.closed = 0

    def close(self) -> None:
        self.closed += 1


@pytest.fixture
def connection(monkeypatch) -> Connection:
    connection = Connection()

    class Connections:
        def all(self, initialized_only: bool) -> list[Connection]:
            return [connection]

    monkeypatch.setattr(module, "connections", Connections())
    return connection


def test_looks_share_a_connection_for_a_minute(connection, monkeypatch):
    monkeypatch.setattr(module, "_admitted", lambda who, lookups: Log(**ROW))
    at = 0.0
    looks = Looks(clock=lambda: at)
    for step in range(1_000):
        at = step * 0.1
        looks.look([ANNA])

    assert connection.closed == 2  # before the first, and after a minute


def test_a_connection_that_was_cut_while_idle_costs_nobody_a_failure(connection, monkeypatch):
    answers = iter([Log(**ROW), OperationalError("cut"), Log(**ROW)])

    def admitted(who, lookups):
        answer = next(answers)
        if isinstance(answer, Exception):
            raise answer
        return answer

    monkeypatch.setattr(module, "_admitted", admitted)
    looks = Looks(clock=lambda: 0.0)
    looks.look([ANNA])

    assert looks.look([ANNA])[0].slug == "app"
    assert connection.closed == 2


def test_whom_a_decision_cannot_be_told_may_not_stay_and_the_others_are_looked_up_on(caplog):
    async def kept() -> tuple[bool, bool, int]:
        database = Database()
        rounds = Rounds(database.look, chance=lambda: 0.5)
        with rounds.kept(ANNA, Log(**ROW)) as bad, rounds.kept(ANNA, Log(**ROW)) as good:
            bad.tell = lambda outcome: {}["a bug"]
            await asyncio.sleep(100)
            return bad.lost.done(), good.lost.done(), len(database.asked)

    assert run_virtually(kept()) == (True, False, 6)
    assert "web process: telling viewers of a decision failed" in caplog.messages


def test_looking_up_goes_on_after_what_nobody_expected(monkeypatch, caplog):
    async def kept() -> int:
        database = Database()
        rounds = Rounds(database.look, chance=lambda: 0.5)
        next_due, failed = rounds._next_due, []

        def fails_once(ahead):
            if not failed:
                failed.append(True)
                raise KeyError("a bug in the rounds")
            return next_due(ahead)

        rounds._next_due = fails_once
        with rounds.kept(ANNA, Log(**ROW)):
            await asyncio.sleep(50)
            return len(database.asked)

    assert run_virtually(kept()) == 3
    assert "web process: re-checking access failed and starts again in 0.25 s" in caplog.messages


def test_after_a_change_of_access_nothing_is_served_on_the_decision_before_it():
    database = Database()

    async def stay() -> float:
        rounds = database.rounds()
        with rounds.kept(ANNA, Log(**ROW)) as stay:
            await asyncio.sleep(0.5)
            database.error = NO_ACCESS
            rounds._stale(lambda who: who == ANNA)
            with pytest.raises(Refused):
                await stay.admit()
            return now()

    assert run_virtually(stay()) == 0.5


@pytest.mark.parametrize(
    ("opened", "passed", "tries"),
    [
        (False, 0.0, 1),  # a connection that is new was not cut
        (True, 0.0, 2),
        (True, 10_000.0, 1),  # so long ago that it was closed, and opened anew
    ],
)
def test_a_look_is_taken_again_only_where_the_connection_may_have_been_cut(
    monkeypatch: pytest.MonkeyPatch, opened: bool, passed: float, tries: int
) -> None:
    now, calls, is_away = [1_000.0], [], [False]

    def admitted(who: Who, lookups: object) -> str:
        calls.append(who)
        if is_away[0]:
            raise OperationalError("away")
        return "log"

    monkeypatch.setattr(module, "_admitted", admitted)
    monkeypatch.setattr(Looks, "_close", lambda looks: setattr(looks, "_opened_at", None))
    looks = Looks(lambda: now[0])
    if opened:
        looks.look([ANNA])
    calls.clear()
    is_away[0] = True
    now[0] += passed

    with pytest.raises(OperationalError):
        looks.look([ANNA])
    assert len(calls) == tries
    is_away[0] = False
    assert looks.look([ANNA]) == ["log"]


@pytest.mark.parametrize(
    ("lost_after", "outcome", "is_ended"),
    [(None, "done", False), (20.0, "done", False), (5.0, "refused", True), (10.0, "refused", False)],
)
def test_work_for_a_viewer_ends_when_they_may_not_stay(
    lost_after: float | None, outcome: str, is_ended: bool
) -> None:
    async def scene() -> tuple[str, bool]:
        database, ended = Database(), []

        async def work() -> str:
            try:
                await asyncio.sleep(10.0)
            except asyncio.CancelledError:
                ended.append(True)
                raise
            return "done"

        with database.rounds().kept(ANNA, Log(**ROW)) as stay:
            if lost_after is not None:
                asyncio.get_running_loop().call_later(lost_after, stay.lose, NO_ACCESS)
            try:
                return await stay.during(work()), bool(ended)
            except Refused:
                return "refused", bool(ended)

    assert run_virtually(scene()) == (outcome, is_ended)


def test_an_end_ends_the_viewings_that_it_names_and_no_others():
    database = Database()
    heard = []

    async def hear():
        return [heard.pop(0)] if heard else []

    async def watch():
        rounds = Rounds(database.look, hear=hear)
        log, ben = Log(**ROW), Who("2", "ben's", "app")
        with rounds.kept(ANNA, log) as mine, rounds.kept(ANNA, log) as other, rounds.kept(ben, log) as bens:
            heard.extend([of_end(["no such", mine.session], "maintenance"), of_end([mine.session], "again")])
            with pytest.raises(Ended) as ended:
                await mine.until_lost()
            seconds = now()
            await asyncio.sleep(2)
            return ended.value, seconds, other.lost.done(), bens.lost.done()

    error, seconds, *others = run_virtually(watch())

    assert (error.code, error.reason, error.note) == (4410, "ended", "maintenance")
    assert error.text == "An administrator ended this view: “maintenance”."
    assert seconds <= 0.5
    assert others == [False, False]


def test_a_replayed_end_finds_nobody_because_no_name_is_used_again():
    database = Database()

    async def watch():
        rounds = Rounds(database.look)
        names = set()
        for _ in range(200):
            with rounds.kept(ANNA, Log(**ROW)) as stay:
                rounds.end(names, "replayed")
                await asyncio.sleep(0)
                assert not stay.lost.done()
                names.add(stay.session)
        return names

    names = run_virtually(watch())
    assert len(names) == 200
    assert {len(name) for name in names} == {12}


def test_an_end_without_a_reason_says_so_briefly():
    assert Ended().text == "An administrator ended this view."


def test_those_who_are_due_within_a_second_are_looked_up_together_and_others_are_not():
    database, rounds_of = Database(), []

    async def look(whos: Sequence[Who]) -> list[Log | Exception]:
        rounds_of.append((round(now(), 2), [who.slug for who in whos]))
        return await database.look(whos)

    async def stay() -> None:
        rounds = Rounds(look, chance=lambda: 0.5)
        with contextlib.ExitStack() as stack:
            for slug, pause in (("a", 0.0), ("b", 0.9), ("c", 0.2), ("d", 0.0)):
                await asyncio.sleep(pause)
                stack.enter_context(rounds.kept(Who("1", "s", slug), Log(**ROW)))
            await asyncio.sleep(16)

    run_virtually(stay())

    assert rounds_of == [(15.0, ["a", "b"]), (16.1, ["c", "d"])]


def test_at_most_a_hundred_are_looked_up_together():
    database, sizes = Database(), []

    async def look(whos: Sequence[Who]) -> list[Log | Exception]:
        sizes.append(len(whos))
        return await database.look(whos)

    async def stay() -> None:
        rounds = Rounds(look, chance=lambda: 0.5)
        with contextlib.ExitStack() as stack:
            for number in range(101):
                stack.enter_context(rounds.kept(Who(str(number), "s", "app"), Log(**ROW)))
            await asyncio.sleep(16)

    run_virtually(stay())

    assert sizes == [100, 1]


def test_who_was_not_looked_up_with_the_others_is_the_first_of_the_next_round():
    rounds_of = []

    async def look(whos: Sequence[Who]) -> list[Log | Exception]:
        rounds_of.append([who.slug for who in whos])
        return [Log(**ROW)] * min(2, len(whos))

    async def stay() -> None:
        rounds = Rounds(look, chance=lambda: 0.5)
        with contextlib.ExitStack() as stack:
            for slug in "abcde":
                stack.enter_context(rounds.kept(Who("1", "s", slug), Log(**ROW)))
            await asyncio.sleep(16)

    run_virtually(stay())

    assert rounds_of == [["a", "b", "c", "d", "e"], ["c", "d", "e"], ["e"]]


@pytest.mark.parametrize("asks", [False, True])
def test_what_changes_during_a_look_is_looked_up_again_before_it_counts(asks):
    database, outcomes = Database(), [Log(**ROW), NO_ACCESS]

    async def look(whos: Sequence[Who]) -> list[Log | Exception]:
        await asyncio.sleep(1.0)
        database.asked += [(now(), who) for who in whos]
        return [outcomes.pop(0)]

    async def stay() -> float:
        rounds = Rounds(look, chance=lambda: 0.5)
        with rounds.kept(ANNA, Log(**ROW)) as stay:
            await asyncio.sleep(15.5)
            rounds._stale(lambda who: who == ANNA)
            with pytest.raises(Refused):
                await (stay.admit() if asks else stay.until_lost())
            return now()

    assert run_virtually(stay()) == 17.0
    assert database.times == [16.0, 17.0]


def test_of_several_looks_one_failure_concerns_one_and_a_lost_database_those_that_are_left(monkeypatch):
    whos = [Who(str(number), "s", "app") for number in range(4)]
    answers = {"0": NO_ACCESS, "1": "log", "2": OperationalError("away"), "3": "log"}

    def admitted(who: Who, lookups: object) -> object:
        if isinstance(answer := answers[who.user_id], Exception):
            raise answer
        return answer

    monkeypatch.setattr(module, "_admitted", admitted)
    monkeypatch.setattr(module, "Lookups", lambda keys: None)
    monkeypatch.setattr(Looks, "_close", lambda looks: setattr(looks, "_opened_at", None))

    assert Looks(lambda: 0.0).look(whos) == [NO_ACCESS, "log"]
    with pytest.raises(OperationalError):
        Looks(lambda: 0.0).look(whos[2:])


def test_looks_that_take_long_are_not_made_on_what_was_fetched_before_them(monkeypatch):
    times = [0.0]

    def admitted(who: Who, lookups: object) -> str:
        times[0] += 0.04
        return "log"

    monkeypatch.setattr(module, "_admitted", admitted)
    monkeypatch.setattr(module, "Lookups", lambda keys: None)
    monkeypatch.setattr(Looks, "_close", lambda looks: setattr(looks, "_opened_at", None))

    assert Looks(lambda: times[0]).look([ANNA] * 5) == ["log"] * 3
