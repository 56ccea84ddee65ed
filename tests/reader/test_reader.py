"""What one reader does and when: for which log, for how long, within which limits, and what it reports to whom."""

from __future__ import annotations

import asyncio
import itertools
import os
import socket
import sys
from dataclasses import replace

import pytest
from django.db import OperationalError

from django_logtail.control import Note, ReaderLease, Seen
from django_logtail.control.messages import Batch, Event, Failed, Found, Heartbeat, Piece, Read
from django_logtail.control.wants import Sought
from django_logtail.place import Place
from django_logtail.reader import ranges
from django_logtail.reader.lifetime import Ending
from django_logtail.reader.limits import Limits, limits_of_settings
from tests.delivery.test_machine import InPlace
from tests.reader.desk import QUEUE, at_desk, clock, now

__all__ = ["at_desk"]


def test_each_want_is_sent_its_own_log_and_nothing_of_the_other(at_desk):
    async def scene(desk):
        desk.write("1", b"one\n")
        desk.write("2", b"two\n")
        wants = desk.want("1", "mine"), desk.want("2", "yours")
        desk.begin()
        await desk.passes(1, *wants)
        desk.write("2", b"more\n")
        await desk.passes(2, *wants)
        return desk.data("mine"), desk.data("yours")

    assert at_desk(scene) == (b"one\n", b"two\nmore\n")


@pytest.mark.parametrize(("before", "after"), [(0.005, 0.0005), (0.0005, 0.0005), (0.0001, 0.0001)])
def test_threads_that_compute_let_the_loop_run_soon(at_desk, before, after):
    async def scene(desk):
        desk.begin()
        await asyncio.sleep(0.1)
        return sys.getswitchinterval()

    as_it_was = sys.getswitchinterval()
    sys.setswitchinterval(before)
    try:
        assert at_desk(scene) == pytest.approx(after, abs=2e-6)
    finally:
        sys.setswitchinterval(as_it_was)


def test_items_are_numbered_from_1_on_and_a_new_serial_begins_anew_at_its_place(at_desk):
    async def scene(desk):
        desk.write("1", b"one\ntwo\n")
        want = desk.want("1")
        desk.begin()
        await desk.passes(1, want)
        place = Place(desk.place().file, 4)
        again = desk.want("1", position=place)
        await desk.passes(1, again)
        items = [item for _, _, item in desk.mailboxes.sent if isinstance(item, (Batch, Event))]
        return [(item.serial, item.number, getattr(item, "data", item.__class__)) for item in items]

    assert at_desk(scene) == [(1, 1, Event), (1, 2, b"one\ntwo\n"), (2, 1, Event), (2, 2, b"two\n")]


@pytest.mark.parametrize(
    ("log", "mine", "yours"), [("1", ["hi"], []), ("2", [], ["hi"]), ("*", ["hi"], ["hi"])]
)
def test_a_note_for_one_log_is_shown_in_that_one_and_one_for_all_in_all(at_desk, log, mine, yours):
    async def scene(desk):
        desk.write("1", b"one\n")
        desk.write("2", b"two\n")
        wants = desk.want("1", "mine"), desk.want("2", "yours")
        desk.begin()
        await desk.passes(1, *wants)
        desk.add_note(Note(log, "hi", "warning", 1_700_000_000.1234))
        await desk.passes(1, *wants)
        return desk.notes("mine"), desk.notes("yours")

    assert at_desk(scene) == (mine, yours)


def test_a_note_stands_where_the_stream_does_and_keeps_its_level_and_time(at_desk):
    async def scene(desk):
        desk.write("1", b"one\n")
        want = desk.want("1")
        desk.begin()
        await desk.passes(1, want)
        desk.add_note(Note("*", "hi", "warning", 1_700_000_000.1234))
        await desk.passes(1, want)
        return desk.sent(Event)[-1]

    note = at_desk(scene)

    assert (note.kind, note.before, note.before.offset) == ("note", note.after, 4)
    assert note.details == {"text": "hi", "level": "warning", "at": 1_700_000_000.123}


@pytest.mark.parametrize(("seconds", "is_over"), [(9.8, False), (11.0, True)])
def test_a_reader_lingers_for_10_s_after_the_last_want(at_desk, seconds, is_over):
    async def scene(desk):
        want = desk.want("1")
        task = desk.begin()
        await desk.passes(3, want)
        desk.drop(want)
        await asyncio.sleep(seconds)
        return task.done(), task.done() and task.result(), desk.control.reader(QUEUE) is None

    assert at_desk(scene) == ((True, Ending.IDLE, True) if is_over else (False, False, False))


def test_a_reader_that_is_wanted_again_in_time_goes_on(at_desk):
    async def scene(desk):
        want = desk.want("1")
        task = desk.begin()
        for _ in range(5):
            await desk.passes(3, want)
            desk.drop(want)
            await asyncio.sleep(8)
            want = desk.want("1")
        await desk.passes(15, want)
        return task.done()

    assert not at_desk(scene)


def test_an_answer_that_is_under_way_is_a_reason_to_stay(at_desk):
    async def scene(desk):
        desk.write("1", b"one\n")
        want = desk.want("1")
        task = desk.begin()
        await desk.passes(1, want)
        place = desk.place()
        desk.drop(want)
        desk.mailboxes.is_full = True
        asked = desk.want("1", flow="range-1", position=place, end=4)
        await desk.passes(14, asked)
        return task.done()

    assert not at_desk(scene)


@pytest.mark.parametrize(("seconds", "is_over"), [(58, False), (64, True)])
def test_a_reader_without_redis_ends_after_a_minute(at_desk, seconds, is_over):
    async def scene(desk):
        want = desk.want("1")
        task = desk.begin()
        await desk.passes(1, want)
        desk.control.is_away = True
        await asyncio.sleep(seconds)
        return task.done(), task.done() and task.result()

    assert at_desk(scene) == ((True, Ending.ORPHANED) if is_over else (False, False))


def test_while_redis_is_away_it_is_asked_every_2_s_at_most_and_at_once_often_again_when_it_is_back(at_desk):
    async def scene(desk):
        want = desk.want("1")
        desk.begin()
        await desk.passes(1, want)
        desk.control.is_away, desk.control.ticks = True, []
        await asyncio.sleep(9.0)
        away = len(desk.control.ticks)
        desk.control.is_away = False
        await desk.passes(6, want)
        desk.control.ticks.clear()
        await desk.passes(8, want)
        return away, len(desk.control.ticks)

    away, back = at_desk(scene)

    assert 5 <= away <= 9
    assert 7 <= back <= 10  # each second


def test_nothing_is_sent_once_the_lease_may_have_lapsed(at_desk):
    async def scene(desk):
        want = desk.want("1")
        desk.begin()
        await desk.passes(1, want)
        desk.control.is_away = True
        desk.mailboxes.sent.clear()
        before = now()
        await asyncio.sleep(1.0)
        desk.write("1", b"one\n")
        await asyncio.sleep(20.0)
        return before, [round(at - before, 2) for at, _, _ in desk.mailboxes.sent], want

    _, times, _ = at_desk(scene)

    assert times
    assert max(times) <= 2.5


@pytest.mark.parametrize("log", ["1", "*"])
def test_the_stop_flag_closes_a_log_and_says_why_and_leaves_the_others(at_desk, log):
    async def scene(desk):
        mine, yours = desk.want("1", "mine"), desk.want("2", "yours")
        for number in ("1", "2"):
            desk.write(number, b"one\n")
        desk.begin()
        await desk.passes(1, mine, yours)
        desk.control.set_stop(QUEUE, log, "disk is full")
        await desk.passes(2, mine, yours)
        for number in ("1", "2"):
            desk.write(number, b"two\n")
        await desk.passes(3, mine, yours)
        stopped = desk.data("mine"), desk.data("yours"), desk.said_of(mine, "mine")[-1]
        desk.control.clear_stop(QUEUE, log)
        await desk.passes(3, mine, yours)
        return stopped, desk.data("mine"), desk.data("yours"), desk.said_of(mine, "mine")[-1]

    stopped, mine, yours, after = at_desk(scene)

    assert stopped == (b"one\n", b"one\n" if log == "*" else b"one\ntwo\n", ("stopped", "disk is full"))
    assert mine == yours == b"one\ntwo\n"  # where it was
    assert after[0] == "reading"


def test_what_is_wanted_while_the_stop_flag_is_set_is_opened_when_it_is_cleared(at_desk):
    async def scene(desk):
        desk.write("1", b"one\n")
        desk.control.set_stop(QUEUE, "1", "disk is full")
        want = desk.want("1")
        desk.begin()
        await desk.passes(3, want)
        stopped = desk.data(), desk.said_of(want)[-1]
        desk.control.clear_stop(QUEUE, "1")
        await desk.passes(2, want)
        return stopped, desk.data()

    assert at_desk(scene) == ((b"", ("stopped", "disk is full")), b"one\n")


def test_the_registry_is_looked_at_every_15_s_and_a_log_it_no_longer_names_is_closed(at_desk):
    async def scene(desk):
        mine, yours = desk.want("1", "mine"), desk.want("2", "yours")
        for log in ("1", "2"):
            desk.write(log, b"one\n")
        desk.begin()
        await desk.passes(14, mine, yours)
        desk.looked_up.clear()
        path = desk.paths.pop("1")
        await desk.passes(2, mine, yours)
        with path.open("ab") as file:
            file.write(b"two\n")
        desk.write("2", b"two\n")
        await desk.passes(14, mine, yours)
        gone = desk.data("mine"), desk.data("yours"), desk.said_of(mine, "mine")[-1]
        desk.paths["1"] = path
        await desk.passes(15, mine, yours)
        return gone, desk.said_of(mine, "mine")[-1][0], desk.data("mine")

    gone, state, data = at_desk(scene)

    assert gone == (
        b"one\n",
        b"one\ntwo\n",
        ("unreadable", "reason:not-registered?"),
    )
    assert state == "reading"
    assert data == b"one\ntwo\n"


def test_a_row_whose_file_may_not_be_read_is_refused_with_the_reason(at_desk):
    async def scene(desk):
        desk.write("1", b"one\n")
        desk.refusals["1"] = "its path contains '..': write it without"
        want = desk.want("1")
        desk.begin()
        await desk.passes(3, want)
        return desk.data(), desk.said_of(want)[-1]

    assert at_desk(scene) == (b"", ("refused", "its path contains '..': write it without"))


@pytest.mark.parametrize(
    ("limits", "refused", "reason"),
    [
        (Limits(logs=2), ["3"], "reason:too-many-logs?count=2"),
        (Limits(open_files=2), ["3"], "reason:too-many-files?count=2"),
        (Limits(process_files=64, files_in_use=lambda: 47), [], ""),
        (Limits(process_files=64, files_in_use=lambda: 48), ["1", "2", "3"], "reason:process-files?count=64"),
        (Limits(process_files=2_000, files_in_use=lambda: 1_743), [], ""),
        (
            Limits(process_files=2_000, files_in_use=lambda: 1_744),
            ["1", "2", "3"],
            "reason:process-files?count=2000",
        ),
        (Limits(logs=3, open_files=3), [], ""),
    ],
    ids=["logs", "files", "spare", "few files", "much to spare", "many files", "enough"],
)
def test_no_more_is_opened_than_the_limits_allow_and_which_one_is_said(at_desk, limits, refused, reason):
    async def scene(desk):
        desk.limits = limits
        desk.paths["3"] = desk.folder / "3.log"
        desk.begin_with = []
        wants = []
        for log in ("1", "2", "3"):
            desk.write(log, b"x\n")
            wants.append(desk.want(log, log))
            if log == "1":
                desk.begin()
            await desk.passes(1, *wants)
        said = {want.log: desk.said_of(want, want.log)[-1] for want in wants}
        return [log for log, (state, _) in said.items() if state == "unreadable"], said["3"][1]

    assert at_desk(scene) == (refused, reason)


def test_files_that_are_being_opened_count_as_open(at_desk):
    async def scene(desk):
        desk.limits = Limits(process_files=64, files_in_use=lambda: 47)
        desk.paths["3"] = desk.folder / "3.log"
        wants = [desk.want(log, log) for log in ("1", "2", "3")]
        for log in ("1", "2", "3"):
            desk.write(log, b"x\n")
        desk.begin()
        await desk.passes(1, *wants)
        return sorted(desk.said_of(want, want.log)[-1] for want in wants)

    assert at_desk(scene) == [
        ("reading", ""),
        ("unreadable", "reason:process-files?count=64"),
        ("unreadable", "reason:process-files?count=64"),
    ]


def test_a_registry_that_cannot_be_opened_for_lack_of_a_descriptor_is_not_told_as_one_that_is_missing(
    at_desk,
):
    async def scene(desk):
        desk.limits = Limits(process_files=64, files_in_use=lambda: 64)
        desk.find_error = OperationalError("unable to open database file")
        want = desk.want("1")
        desk.begin()
        await desk.passes(1, want)
        return desk.said_of(want)[-1]

    assert at_desk(scene) == ("unreadable", "reason:process-files?count=64")


def test_a_place_that_comes_free_is_used_at_the_next_look_at_the_registry(at_desk):
    async def scene(desk):
        desk.limits = Limits(logs=1)
        desk.write("1", b"one\n")
        desk.write("2", b"two\n")
        first = desk.want("1", "mine")
        desk.begin()
        await desk.passes(1, first)
        second = desk.want("2", "yours")
        await desk.passes(1, first, second)
        refused = desk.said_of(second, "yours")[-1][0]
        desk.drop(first)
        await desk.passes(16, second)
        return refused, desk.data("yours")

    assert at_desk(scene) == ("unreadable", b"two\n")


def test_the_limits_are_those_of_the_settings_of_the_same_names_and_of_the_process(settings, monkeypatch):
    monkeypatch.setattr("resource.getrlimit", lambda kind: (1_024, 524_288))
    settings.LOGTAIL = {
        **settings.LOGTAIL,
        "READ_BYTES_PER_SECOND": 1_000_001,
        "READ_BYTES_PER_SECOND_PER_LOG": 1_000_002,
        "MAX_LOGS_PER_READER": 103,
        "MAX_OPEN_FILES": 104,
        "MAX_HISTORY_JOBS": 5,
        "SEARCH_BYTES_PER_SECOND": 1_000_006,
        "SEARCH_PROCESSOR_PERCENT": 57,
        "MAX_SEARCHES_PER_USER": 8,
        "HISTORY_BYTES_PER_SECOND_PER_USER": 1_000_009,
        "ANSWER_PROCESSOR_PERCENT_PER_USER": 11,
        "PROMPT_PROCESSOR_PERCENT": 12,
    }

    assert limits_of_settings() == Limits(
        bytes_per_second=1_000_001,
        bytes_per_second_per_log=1_000_002,
        logs=103,
        open_files=104,
        history_jobs=5,
        search_bytes_per_second=1_000_006,
        search_processor_percent=57,
        searches_per_user=8,
        history_bytes_per_second_per_user=1_000_009,
        answer_processor_percent_per_user=11,
        prompt_processor_percent=12,
        process_files=1_024,
    )


def test_a_heartbeat_comes_twice_a_second_and_names_what_changed_four_times_and_all_every_5_s(at_desk):
    async def scene(desk):
        desk.write("1", b"one\n")
        desk.write("2", b"two\n")
        mine, yours = desk.want("1"), desk.want("2")
        desk.begin()
        await desk.passes(4.9, mine, yours)
        desk.mailboxes.sent.clear()
        await desk.passes(6.3, mine, yours)
        desk.write("2", b"more\n")
        await desk.passes(3.7, mine, yours)
        beats = desk.sent(Heartbeat)
        return (
            desk.times(Heartbeat),
            [sorted(member[2] for member in beat.flows) for beat in beats],
            (beats[0].host, beats[0].queue),
            next(beat.flows[yours.member] for beat in reversed(beats) if yours.member in beat.flows),
        )

    times, named, (host, queue), beat = at_desk(scene)

    assert [round(later - earlier, 2) for earlier, later in itertools.pairwise(times)] == [0.5] * (
        len(times) - 1
    )
    full = [index for index, logs in enumerate(named) if logs == ["1", "2"]]
    assert [later - earlier for earlier, later in itertools.pairwise(full)] == [10]
    assert named.count(["2"]) == 4
    assert named.count([]) == len(named) - 4 - len(full)
    assert (host, queue) == (ReaderLease.new().host, "q")
    assert (beat[1], beat[2], beat[3], beat[4]) == (2, 3, 9, "reading")  # serial, items, size, state


def test_a_heartbeat_does_not_count_what_was_not_sent_yet(at_desk):
    async def scene(desk):
        desk.write("1", b"one\n")
        want = desk.want("1")
        desk.begin()
        await desk.passes(1, want)
        desk.mailboxes.is_full = True
        desk.write("1", b"two\n")
        await desk.passes(1, want)
        flow = next(iter(desk.reader.flows))
        return flow.number, len(flow.outbox)

    assert at_desk(scene) == (3, 1)


def test_it_is_reported_each_second_while_something_moves_and_each_4_s_at_rest(at_desk):
    async def scene(desk):
        desk.write("1", b"one\n")
        want = desk.want("1")
        desk.begin()
        await desk.passes(9.5, want)
        desk.control.reports.clear()
        await desk.passes(20, want)
        at_rest = len(desk.control.reports)
        desk.control.reports.clear()
        for _ in range(8):
            desk.write("1", b"x" * 999 + b"\n")
            await desk.passes(1, want)
        return at_rest, len(desk.control.reports), desk.control.reports[-1][1]

    at_rest, moving, report = at_desk(scene)

    assert at_rest in (4, 5)
    assert moving in (7, 8)
    assert report["host"] == ReaderLease.new().host
    assert report["pid"] == os.getpid()
    log = report["logs"]["1"]
    assert (log["state"], log["size"], log["flows"], log["behind"]) == ("reading", 8004, 1, 0)
    assert log["rate"] == pytest.approx(1000, rel=0.2)


def test_two_flows_of_a_log_are_reported_as_one_log_with_the_fastest_rate_and_the_slowest_flow(at_desk):
    async def scene(desk):
        desk.write("1", b"x" * 200_000 + b"\n")
        slow, fast = desk.want("1", "slow", flow="a", credit=0), desk.want("1", "fast", flow="b")
        desk.write("2", b"x\n")
        other = desk.want("2", "fast", flow="c")
        desk.begin()
        await desk.passes(1.5, slow, fast, other)
        return desk.control.reports[-1][1]["logs"]

    logs = at_desk(scene)

    assert (logs["1"]["flows"], logs["2"]["flows"]) == (2, 1)
    assert logs["1"]["behind"] > 100_000
    assert logs["2"]["behind"] == 0


def test_no_more_is_sent_than_the_credit_and_the_rest_when_there_is_more(at_desk):
    async def scene(desk):
        want = desk.want("1", credit=128 * 1024)
        desk.begin()
        await desk.passes(1, want)
        desk.write("1", b"x" * 400_000)
        await desk.passes(3, want)
        first = len(desk.data())
        more = desk.control._family(QUEUE).wants[want.member]
        desk.control.post(
            QUEUE,
            [
                type(more)(
                    **{
                        **{name: getattr(more, name) for name in more.__slots__},
                        "taken": first,
                        "position": Place(desk.place().file, first),
                    }
                )
            ],
            [],
            [],
        )
        await desk.passes(3, want)
        return first, len(desk.data())

    assert at_desk(scene) == (131_072, 262_144)


def test_a_want_that_lapses_is_served_no_longer(at_desk):
    async def scene(desk):
        desk.write("1", b"one\n")
        desk.want("1")
        other = desk.want("2", "other")
        desk.begin()
        await desk.passes(14, other)
        desk.write("1", b"two\n")
        await desk.passes(2, other)
        before = desk.data()
        desk.write("1", b"three\n")
        await desk.passes(3, other)
        return before, desk.data()

    before, after = at_desk(scene)

    assert before == after == b"one\ntwo\n"


def test_a_reader_that_lost_its_lease_ends_and_does_not_hand_over(at_desk):
    async def scene(desk):
        want = desk.want("1")
        task = desk.begin()
        await desk.passes(1, want)
        family = desk.control._family(QUEUE)
        family.reader, family.reader_until = ReaderLease("other", "web-2", 2, "9"), clock() + 100
        await desk.passes(2, want)
        return task.done() and task.result(), desk.woken, desk.control.reader(QUEUE).token

    assert at_desk(scene) == (Ending.LOST, [], "other")


@pytest.mark.parametrize("is_wanted", [True, False])
def test_a_reader_that_leaves_wakes_the_next_one_if_something_is_wanted(at_desk, is_wanted):
    async def scene(desk):
        want = desk.want("1")
        task = desk.begin()
        await desk.passes(1, want)
        if not is_wanted:
            desk.drop(want)
            await asyncio.sleep(1)
        desk.reader.leave()
        await asyncio.sleep(0.1)
        return task.done() and task.result(), len(desk.woken), desk.control.reader(QUEUE)

    assert at_desk(scene) == (Ending.HANDED_OVER, 1 if is_wanted else 0, None)


def test_a_reader_beside_one_that_holds_the_lease_does_nothing(at_desk):
    async def scene(desk):
        desk.write("1", b"one\n")
        desk.control.tick(QUEUE, ReaderLease("other", "web-2", 2, "9"), Seen(), may_end=False, starting=True)
        desk.want("1")
        task = desk.begin()
        await asyncio.sleep(0.5)
        return task.done() and task.result(), desk.mailboxes.sent

    assert at_desk(scene) == (Ending.LOST, [])


async def ask(desk, data=b"", **more):
    """What is answered about bytes that are in the file already."""
    desk.write("1", data)
    want = desk.want("1")
    desk.begin()
    await desk.passes(1, want)
    place = Place(desk.place().file, more.pop("offset", 0))
    asked = desk.want("1", "answers", flow="range-1", credit=0, position=place, **more)
    await desk.passes(2, want, asked)
    return desk.sent(Piece, "answers"), desk.sent(Read, "answers"), desk.sent(Failed, "answers")


@pytest.mark.parametrize(
    ("end", "answered"), [(2**20 - 1, 2**20 - 1), (2**20, 2**20), (2**20 + 1, 2**20), (2**30, 2**20)]
)
def test_one_range_answers_with_a_mib_at_most_in_pieces_of_64_kib(at_desk, end, answered):
    pieces, [read], failed = at_desk(lambda desk: ask(desk, b"x" * (2**20 + 9), end=end))

    assert sum(len(piece.data) for piece in pieces) == answered
    assert max(len(piece.data) for piece in pieces) == 65_536
    assert (read.start.offset, read.end) == (0, answered)
    assert failed == []


def test_lines_before_a_place_begin_within_a_mib_of_it(at_desk):
    pieces, [read], _ = at_desk(lambda desk: ask(desk, b"x" * (2**20 + 9), offset=2**20 + 5, before_lines=5))

    assert read.end == 2**20 + 5
    assert 0 < read.end - read.start.offset <= 2**20
    assert sum(len(piece.data) for piece in pieces) == read.end - read.start.offset


@pytest.mark.parametrize(
    ("offset", "lines", "data"), [(6, 1, b"34\n"), (6, 2, b"12\n34\n"), (6, 9, b"12\n34\n"), (99, 1, b"56\n")]
)
def test_the_lines_before_a_place_are_those_and_no_more(at_desk, offset, lines, data):
    pieces, _, _ = at_desk(lambda desk: ask(desk, b"12\n34\n56\n", offset=offset, before_lines=lines))

    assert b"".join(piece.data for piece in pieces) == data


def test_lines_before_the_first_byte_are_those_of_the_file_before(at_desk):
    async def scene(desk):
        (desk.folder / "1.log.1").write_bytes(b"old 1\nold 2\n")
        os.utime(desk.folder / "1.log.1", (1, 1))
        return await ask(desk, b"new\n", before_lines=1)

    pieces, [read], failed = at_desk(scene)

    assert b"".join(piece.data for piece in pieces) == b"old 2\n"
    assert (read.start.offset, read.end) == (6, 12)
    assert failed == []


def test_the_file_before_is_read_only_where_the_roots_allow_it(at_desk):
    async def scene(desk):
        older = desk.folder / "1.log.1"
        older.write_bytes(b"old 1\nold 2\n")
        os.utime(older, (1, 1))
        inode = older.stat().st_ino
        desk.permit = lambda descriptor: "outside" if os.fstat(descriptor).st_ino == inode else None
        return await ask(desk, b"new\n", before_lines=1)

    pieces, reads, [failed] = at_desk(scene)

    assert (pieces, reads, failed.error) == ([], [], "reason:no-older-file?")


def test_a_range_is_read_only_where_the_roots_allow_it(at_desk):
    async def scene(desk):
        desk.write("1", b"one\n")
        want = desk.want("1")
        desk.begin()
        await desk.passes(1, want)
        place = desk.place()
        desk.permit = lambda descriptor: "outside"
        asked = desk.want("1", "answers", flow="range-1", position=Place(place.file, 0), end=4)
        await desk.passes(1, want, asked)
        return desk.sent(Piece, "answers"), [failed.error for failed in desk.sent(Failed, "answers")]

    assert at_desk(scene) == ([], ["reason:bytes-gone?"])


def test_a_range_of_a_log_that_is_stopped_or_gone_is_refused_and_the_other_is_answered(at_desk):
    async def scene(desk):
        for log in ("1", "2"):
            desk.write(log, b"one\n")
        wants = desk.want("1", "mine"), desk.want("2", "yours")
        desk.begin()
        await desk.passes(1, *wants)
        mine, yours = desk.place("mine"), desk.place("yours")
        desk.control.set_stop(QUEUE, "1", "disk is full")
        await desk.passes(1, *wants)
        asked = (
            desk.want("1", "answers", flow="range-1", position=Place(mine.file, 0), end=4),
            desk.want("2", "others", flow="range-2", position=Place(yours.file, 0), end=4),
        )
        await desk.passes(1, *wants, *asked)
        return [failed.error for failed in desk.sent(Failed, "answers")], [
            piece.data for piece in desk.sent(Piece, "others")
        ]

    assert at_desk(scene) == (["disk is full"], [b"one\n"])


@pytest.mark.parametrize(
    "asked", [{"files": True}, {"moment": 0}, {"columns": 4}, {"search": Sought("one", order="newest")}]
)
def test_nothing_is_answered_of_a_log_that_is_stopped(at_desk, asked):
    async def scene(desk):
        for log in ("1", "2"):
            desk.write(log, b"2026-08-24 10:00:00 one\n")
        desk.begin()
        desk.control.set_stop(QUEUE, "1", "disk is full")
        wants = [desk.want(log, f"box {log}", flow="asked-1", credit=0, **asked) for log in ("1", "2")]
        await desk.passes(3, *wants)
        answers = [
            [message for _, box, message in desk.mailboxes.sent if box == f"box {log}"] for log in "12"
        ]
        return [message.error for message in answers[0]], {type(message) for message in answers[1]}

    mine, others = at_desk(scene)

    assert mine == ["disk is full"]
    assert others
    assert Failed not in others


def test_an_answer_waits_until_its_mailbox_takes_it(at_desk):
    async def scene(desk):
        desk.write("1", b"one\n")
        want = desk.want("1")
        desk.begin()
        await desk.passes(1, want)
        place = desk.place()
        desk.mailboxes.is_full = True
        asked = desk.want("1", "answers", flow="range-1", position=Place(place.file, 0), end=4)
        await desk.passes(3, want, asked)
        desk.mailboxes.is_full = False
        await desk.passes(1, want, asked)
        return [piece.data for piece in desk.sent(Piece, "answers")], len(desk.sent(Read, "answers"))

    assert at_desk(scene) == ([b"one\n"], 1)


def test_the_bytes_of_history_are_a_user_s_own_share(at_desk):
    async def scene(desk):
        desk.limits = Limits(history_bytes_per_second_per_user=500_000)
        desk.write("1", b"x" * 2**20)
        want = desk.want("1", lines=0)
        desk.begin()
        await desk.passes(1, want)
        wants, began = [want], now()
        for number, user in enumerate(["7", "7", "8"]):
            place = Place(desk.place().file, 0)
            wants.append(desk.want("1", user, flow=f"range-{number}", position=place, end=2**20, user=user))
            await desk.passes(0.2, *wants)
        await desk.passes(3, *wants)
        return [at - began for at in desk.times(Read, "7")], [at - began for at in desk.times(Read, "8")]

    mine, others = at_desk(scene)

    assert len(mine) == 2
    assert mine[0] < 0.2
    assert 1.0 < mine[1] < 1.4  # once what the first one took is paid
    assert others[0] < 0.6


def test_what_takes_a_log_s_name_while_nothing_can_be_sent_is_not_lost(at_desk):
    async def scene(desk):
        desk.write("1", b"one\n")
        want = desk.want("1")
        desk.begin()
        await desk.passes(1, want)
        desk.mailboxes.is_full = True
        desk.write("1", b"two\n")
        await desk.passes(2, want)
        desk.paths["1"].rename(desk.folder / "1.log.1")
        desk.write("1", b"three\n")
        await desk.passes(2, want)
        desk.paths["1"].unlink()  # it was here for so short that only a look in between can have seen it
        desk.write("1", b"four\n")
        await desk.passes(2, want)
        desk.mailboxes.is_full = False
        await desk.passes(4, want)
        return desk.data()

    assert at_desk(scene) == b"one\ntwo\nthree\nfour\n"


def test_old_bytes_wait_until_those_that_all_logs_read_together_are_paid_for(at_desk):
    async def scene(desk):
        desk.limits = Limits(bytes_per_second=500_000)
        desk.write("1", b"x" * 2**20)
        want = desk.want("1", lines=0)
        desk.begin()
        await desk.passes(2, want)
        wants, began = [want], now()
        for number in range(2):  # of two users, so that neither pays for the other
            place = Place(desk.place().file, 0)
            box = f"box {number}"
            wants.append(
                desk.want("1", box, flow=f"range-{number}", position=place, end=2**20, user=str(number))
            )
            await desk.passes(0.2, *wants)
        await desk.passes(3, *wants)
        return [at - began for box in ("box 0", "box 1") for at in desk.times(Read, box)]

    first, second = at_desk(scene)

    assert first < 0.2
    assert 1.0 < second < 1.4


@pytest.mark.parametrize(("is_moved", "renewals"), [(True, 1), (False, 0)])
def test_who_wants_the_same_in_another_mailbox_is_sent_to_over_new_connections(at_desk, is_moved, renewals):
    async def scene(desk):
        desk.write("1", b"one\n")
        want = desk.want("1", "old")
        desk.begin()
        await desk.passes(3, want)
        again = desk.want("1", "new" if is_moved else "old")
        await desk.passes(9, again)
        return len(desk.mailboxes.renewals), desk.data("new")

    assert at_desk(scene) == (renewals, b"one\n" if is_moved else b"")


def test_a_log_that_is_being_opened_is_not_opened_twice(at_desk):
    async def scene(desk):
        desk.write("1", b"one\n")
        desk.begin().cancel()
        files = desk.reader._open_files()
        flow = desk.reader.flows.begin(desk.want("1"))
        files.open_soon(flow)
        files.open_soon(flow)
        await asyncio.sleep(0.1)
        looked_up = len(desk.looked_up)
        files.close()
        return looked_up

    assert at_desk(scene) == 1


def test_a_search_of_a_file_that_is_gone_says_so(at_desk):
    async def scene(desk):
        desk.write("1", b"one\n")
        want = desk.want("1")
        desk.begin()
        await desk.passes(1, want)
        asked = desk.want(
            "1", "answers", flow="range-1", credit=0, position=Place("gone", 0), search=Sought("one")
        )
        await desk.passes(2, want, asked)
        return [message.error for message in desk.sent(Failed, "answers")]

    assert at_desk(scene) == ["reason:bytes-gone?"]


def test_a_search_costs_the_bytes_that_it_went_through(at_desk):
    async def scene(desk):
        desk.limits = Limits(search_bytes_per_second=2**20)
        desk.write("1", b"nothing here\n" * (3 * 2**20 // 13))
        want = desk.want("1", lines=0)
        desk.begin()
        await desk.passes(1, want)
        began = now()
        place = Place(desk.place().file, 0)
        asked = desk.want("1", "answers", flow="range-1", credit=0, position=place, search=Sought("needle"))
        await desk.passes(30, want, asked)
        return [
            at - began
            for at, box, message in desk.mailboxes.sent
            if box == "answers" and isinstance(message, Found) and message.done
        ]

    [seconds] = at_desk(scene)

    assert 1.0 < seconds < 3.5


def test_a_reader_reads_old_bytes_in_as_many_threads_as_the_limit_and_64_that_may_be_stuck(
    at_desk, monkeypatch
):
    made = []

    class Threads(InPlace):
        def __init__(self, **options):
            made.append(options)
            super().__init__(**options)

    monkeypatch.setattr("django_logtail.reader.ThreadPoolExecutor", Threads)

    async def scene(desk):
        desk.limits = Limits(history_jobs=5)
        desk.begin()

    at_desk(scene)

    assert made == [{"max_workers": 69, "thread_name_prefix": "logtail-reader"}]


def test_a_report_says_who_reads_and_how_each_log_is_and_what_failed(at_desk):
    async def scene(desk):
        desk.write("1", b"one\n")
        want = desk.want("1")
        desk.begin()
        await desk.passes(3, want)
        return desk.control.reports[-1][1]

    said = at_desk(scene)

    assert set(said) == {"host", "pid", "thread", "version", "since", "logs", "failures", "ignored", "unsent"}
    assert said["logs"] == {
        "1": {"state": "reading", "reason": "", "size": 4, "flows": 1, "rate": 0, "behind": 0}
    }
    assert (said["pid"], said["failures"]) == (os.getpid(), [])


def test_a_note_is_shown_while_the_file_is_missing(at_desk):
    async def scene(desk):
        want = desk.want("1")
        desk.begin()
        await desk.passes(3, want)
        desk.add_note(Note("1", "hi", "info", 5.0))
        await desk.passes(1, want)
        return desk.said_of(want)[-1][0], desk.notes()

    assert at_desk(scene) == ("missing", ["hi"])


def test_who_waited_for_credit_is_served_as_soon_as_there_is_some(at_desk):
    async def scene(desk):
        desk.write("1", b"x" * 99_999 + b"\n")
        want = desk.want("1", credit=0)
        desk.begin()
        await desk.passes(1, want)
        flow = next(iter(desk.reader.flows))
        assert desk.data() == b""
        flow.not_before = clock() + 60
        desk.control.post(QUEUE, [replace(want, credit=2**21)], [], [])
        await desk.passes(1, want)
        return len(desk.data())

    assert at_desk(scene) == 100_000


def test_a_log_that_the_database_cannot_be_asked_for_says_so_and_is_opened_when_it_can(at_desk):
    async def scene(desk):
        real, desk.is_away = desk._find, True

        def find(logs):
            if desk.is_away:
                raise OperationalError("no such table")
            return real(logs)

        desk._find = find
        desk.write("1", b"one\n")
        want = desk.want("1")
        desk.begin()
        await desk.passes(10, want)
        before = desk.said_of(want)
        desk.is_away = False
        await desk.passes(20, want)
        return before, desk.said_of(want)[-1], desk.data()

    before, after, data = at_desk(scene)

    assert before[-1] == ("unreadable", f"reason:no-registry?host={socket.gethostname()}&error=no+such+table")
    assert (after, data) == (("reading", ""), b"one\n")


def test_an_answer_that_takes_long_ends_when_the_log_is_stopped_meanwhile(at_desk, monkeypatch):
    class Endless:
        """A list of files that is never finished; the log is stopped after three steps."""

        is_done, read, unpacked = False, 0, (0, 0)
        steps = 0

        def __init__(self, *_, **__):
            pass

        def step(self):
            Endless.steps += 1
            if Endless.steps == 3:
                Endless.desk.reader._sources.stops = {"1": "disk is full"}
            assert Endless.steps < 100

        def close(self):
            pass

    async def scene(desk):
        Endless.desk = desk
        desk.write("1", b"one\n")
        desk.begin()
        monkeypatch.setattr(ranges, "Listing", Endless)
        asked = desk.want("1", "answers", flow="files-1", files=True)
        await desk.passes(0.05, asked)
        return [failed.error for failed in desk.sent(Failed, "answers")]

    assert at_desk(scene) == ["disk is full"]
    assert Endless.steps == 3


def test_a_file_is_read_while_the_mailbox_for_nudges_is_being_opened(at_desk):
    async def scene(desk):
        desk.write("1", b"one\n")
        want = desk.want("1")
        new = desk.mailboxes.new

        async def slow():
            await asyncio.sleep(5)
            return await new()

        desk.mailboxes.new = slow
        desk.begin()
        await desk.passes(4, want)
        before = desk.data(), desk.control.reader(QUEUE).mailbox
        await desk.passes(2, want)
        return before, bool(desk.control.reader(QUEUE).mailbox)

    assert at_desk(scene) == ((b"one\n", ""), True)
