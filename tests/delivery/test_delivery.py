"""A reader and a relay connected through memory: every byte arrives once and in order, whatever gets lost."""

import asyncio
import contextlib
import json
import logging
import os
import random
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from django_logtail.control import Note, ReaderLease
from django_logtail.control.in_memory import MemoryControl
from django_logtail.control.mailboxes import MailboxUnavailable, MemoryMailboxes
from django_logtail.control.messages import Batch, Event, Failed, Message, Piece
from django_logtail.protocol import decode_batch
from django_logtail.reader import Reader
from django_logtail.reader.lifetime import Ending
from django_logtail.reader.limits import Limits
from django_logtail.reader.redacting import Redaction
from django_logtail.reader.sources import Source
from django_logtail.relay import Relay, feeds, pace
from django_logtail.relay.feed_viewer import FeedViewer
from django_logtail.relay.feeds import RING_BYTES
from django_logtail.relay.pace import CREDIT_BYTES
from django_logtail.tailing import Follower, Place
from django_logtail.tailing.files.system import System
from django_logtail.tailing.reasons import in_full

QUEUE = "q"


class Faulty(MemoryMailboxes):
    """Mailboxes that apply `fault` to a message: "drop", "double", "refuse" or nothing."""

    def __init__(self) -> None:
        super().__init__()
        self.fault: Callable[[Message], str] = lambda message: ""
        self.sent: list[Message] = []
        self.held: Message | None = None

    async def send(self, mailbox, message):
        match self.fault(message):
            case "drop":
                return
            case "refuse":
                raise MailboxUnavailable("full")
            case "hold":  # until the next one has passed it
                self.held = message
                return
            case "double":
                await super().send(mailbox, message)
        self.sent.append(message)
        await super().send(mailbox, message)
        if self.held is not None:
            held, self.held = self.held, None
            await super().send(mailbox, held)


class Taker:
    """A viewer that takes everything, and checks that each item begins where the last one ended."""

    def __init__(self, relay: Relay, viewer: FeedViewer) -> None:
        self.relay = relay
        self.viewer = viewer
        self.bytes = b""
        self.events: list[dict] = []
        self.gaps: list[dict] = []
        self.place: tuple[str, int] | None = None

    def take(self) -> None:
        for sent, _ in self.viewer.frames():
            frame = sent.encoded
            if isinstance(frame, bytes):
                header, data = decode_batch(frame)
                if header.get("partial"):
                    continue
                if header.get("late"):
                    self.bytes += data
                    continue
                assert self.place is None or self.place == (header["file"], header["start"])
                self.place = (header["file"], header["end"])
                self.bytes += data
                continue
            fields = json.loads(frame)
            if fields["type"] == "gap":
                assert self.place == (fields["file"], fields["start"])
                self.place = (fields["file"], fields["end"])
                self.gaps.append(fields)
            else:
                self.events.append(fields)
                if "file" in fields:
                    self.place = (fields["file"], fields["offset"])
        self.relay.feeds.share(self.viewer)

    async def until(self, is_true: Callable[[], object], seconds: float = 60.0) -> None:
        async def wait() -> None:
            while True:
                self.viewer.news.clear()
                self.take()
                if is_true():
                    return
                await self.viewer.news.wait()

        try:
            await asyncio.wait_for(wait(), seconds)
        except asyncio.TimeoutError:
            raise AssertionError(
                f"not in time: {len(self.bytes)} bytes, at {self.place}, {self.gaps}, {self.events}"
            ) from None


class House:
    """One web process and as many readers as are woken or started."""

    def __init__(self, path, revision="") -> None:
        self.path = path
        #: Of every log's row.
        self.revision = revision
        self.paths = {"1": path}
        self.encoding = "utf-8"
        self.redaction: Redaction | None = None
        self.limits = Limits()
        self.permit = lambda descriptor: None
        self.control = MemoryControl()
        self.mailboxes = Faulty()
        self.readers: list[tuple[Reader, asyncio.Task]] = []
        self.relay = Relay(self.control, self.mailboxes, self.wake)
        self.relay.start()

    async def wake(self, queue: str) -> None:
        self.start_reader()

    def start_reader(self) -> tuple[Reader, asyncio.Task]:
        reader = Reader(
            QUEUE,
            self.control,
            self.mailboxes,
            lambda logs: {
                log: Source(
                    self.paths[log],
                    self.encoding,
                    log,
                    self.revision,
                    is_newest="%" in self.paths[log].name,
                    redaction=self.redaction,
                )
                for log in logs
                if log in self.paths
            },
            permit=lambda descriptor: self.permit(descriptor),
            wake=self.wake,
            limits=self.limits,
        )
        self.readers.append((reader, asyncio.ensure_future(reader.run())))
        return self.readers[-1]

    async def kill_reader(self) -> None:
        """As SIGKILL does: nothing is handed over, the lease lapses by itself."""
        _, task = self.readers.pop()
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

    def join(self, lines: int = 500, resume: tuple[str, int] | None = None) -> Taker:
        place = None if resume is None else Place(*resume)
        return Taker(
            self.relay, self.relay.feeds.join("1", QUEUE, lines=lines, resume=place, revision=self.revision)
        )

    def append(self, data: bytes) -> None:
        with self.path.open("ab") as file:
            file.write(data)

    async def close(self) -> None:
        await self.relay.close()
        for _, task in self.readers:
            task.cancel()
        await asyncio.gather(*(task for _, task in self.readers), return_exceptions=True)


@pytest.fixture
async def house(tmp_path):
    path = tmp_path / "app.log"
    path.write_bytes(b"")
    house = House(path)
    yield house
    await house.close()


def open_inodes() -> set[int]:
    """Of the files this process has open."""
    found = set()
    for descriptor in Path("/proc/self/fd").iterdir():
        with contextlib.suppress(OSError):
            found.add(os.fstat(int(descriptor.name)).st_ino)
    return found


async def eventually(is_true: Callable[[], object], seconds: float = 60.0) -> None:
    deadline = time.monotonic() + seconds
    while not is_true():
        assert time.monotonic() < deadline, "not in time"
        await asyncio.sleep(0.01)


def numbered(first: int, count: int) -> bytes:
    return b"".join(
        b"line %07d with some text behind it\n" % number for number in range(first, first + count)
    )


async def test_the_backlog_comes_first_and_then_every_line(house):
    house.append(numbered(0, 50))
    taker = house.join(lines=10)
    await taker.until(lambda: taker.bytes == numbered(40, 10))
    house.append(numbered(50, 5))
    await taker.until(lambda: taker.bytes == numbered(40, 15))

    assert [event["kind"] for event in taker.events] == ["started"]


async def test_a_second_viewer_gets_its_backlog_from_the_ring_to_the_line(house):
    house.append(numbered(0, 100))
    first = house.join(lines=50)
    await first.until(lambda: first.bytes)
    second = house.join(lines=7)
    await second.until(lambda: second.bytes == numbered(93, 7))

    assert second.viewer.feed is first.viewer.feed
    assert second.events[0]["kind"] == "started"
    assert second.events[0]["offset"] == 93 * len(numbered(0, 1))


async def test_a_viewer_that_wants_more_than_the_ring_has_gets_it_and_joins_the_others(house):
    house.append(numbered(0, 100))
    first = house.join(lines=5)
    await first.until(lambda: first.bytes)
    second = house.join(lines=60)
    await second.until(lambda: second.bytes == numbered(40, 60))
    house.append(numbered(100, 1))
    await second.until(lambda: second.bytes == numbered(40, 61))

    assert second.viewer.feed is first.viewer.feed


async def test_a_viewer_that_comes_back_goes_on_where_it_was(house):
    house.append(numbered(0, 100))
    first = house.join(lines=100)
    await first.until(lambda: first.bytes == numbered(0, 100))
    file, _ = first.place
    back = house.join(resume=(file, 80 * len(numbered(0, 1))))
    await back.until(lambda: back.bytes == numbered(80, 20))

    assert back.events[0]["resumed"] is True


@pytest.mark.parametrize("losses", [0, 1, 2])
async def test_late_bytes_of_a_rotated_file_are_asked_for_again_when_they_get_lost(house, losses):
    house.append(b"one\n")
    taker = house.join()
    await taker.until(lambda: taker.bytes == b"one\n")
    lost = []

    def lose(message):
        if getattr(message, "is_late", False) and len(lost) < losses:
            lost.append(message)
            return "drop"
        return ""

    house.mailboxes.fault = lose
    with house.path.open("ab") as old:
        house.path.rename(house.path.with_name("app.log.1"))
        house.append(b"new\n")
        await taker.until(lambda: taker.bytes.endswith(b"new\n"))
        for number in range(3):
            old.write(b"late %d\n" % number)
            old.flush()
            await taker.until(lambda n=number: b"late %d\n" % n in taker.bytes)

    assert taker.bytes == b"one\nnew\nlate 0\nlate 1\nlate 2\n"
    assert len(lost) == losses


@pytest.mark.parametrize("fault", ["drop", "double", "refuse", "hold"])
async def test_a_flood_arrives_complete_whatever_happens_to_every_tenth_message(house, fault):
    generator = random.Random(1)
    house.mailboxes.fault = lambda message: (
        fault if isinstance(message, (Batch, Event)) and generator.random() < 0.1 else ""
    )
    taker = house.join()
    await taker.until(lambda: taker.events)
    for number in range(30):
        house.append(numbered(number * 2000, 2000))
        await asyncio.sleep(0)
    await taker.until(lambda: len(taker.bytes) >= len(numbered(0, 60_000)), 60)

    assert taker.bytes == numbered(0, 60_000)
    assert taker.gaps == []


async def test_a_last_batch_that_is_lost_before_silence_is_asked_for_again(house):
    taker = house.join()
    await taker.until(lambda: taker.events)
    lost = []

    def lose_one(message):
        if isinstance(message, Batch) and not lost:
            lost.append(message)
            return "drop"
        return ""

    house.mailboxes.fault = lose_one
    house.append(b"the last words\n")
    await taker.until(lambda: taker.bytes == b"the last words\n")

    assert lost


async def test_a_killed_reader_is_replaced_and_nothing_is_lost_or_doubled(house):
    taker = house.join()
    house.append(numbered(0, 100))
    await taker.until(lambda: taker.bytes == numbered(0, 100))
    await house.kill_reader()
    house.append(numbered(100, 100))
    await taker.until(lambda: taker.bytes == numbered(0, 200))

    assert len(house.readers) == 1


async def test_a_reader_that_leaves_hands_over_at_once(house):
    taker = house.join()
    house.append(numbered(0, 10))
    await taker.until(lambda: taker.bytes)
    reader, task = house.readers[0]
    reader.leave()
    ending = await task
    house.append(numbered(10, 10))
    await taker.until(lambda: taker.bytes == numbered(0, 20), 2.0)

    assert ending is Ending.HANDED_OVER


async def test_two_readers_at_once_do_no_harm(house):
    taker = house.join()
    house.append(numbered(0, 10))
    await taker.until(lambda: taker.bytes)
    house.control._family(QUEUE).reader = None  # the lease lapsed while the first reader slept
    second, task = house.start_reader()
    await taker.until(
        lambda: (reader := house.control.reader(QUEUE)) is not None and reader.token == second.lease.token
    )
    for number in range(20):
        house.append(numbered(10 + number * 10, 10))
        await taker.until(lambda n=number: len(taker.bytes) >= len(numbered(0, 20 + n * 10)))

    assert taker.bytes == numbered(0, 210)
    assert await house.readers[0][1] is Ending.LOST
    assert not task.done()


async def test_a_reader_that_slept_through_anothers_term_is_heard_again(house):
    taker = house.join()
    house.append(numbered(0, 10))
    await taker.until(lambda: taker.bytes)
    slept = house.control._family(QUEUE).reader
    another = ReaderLease.new()
    for holder in (slept, another, slept):
        house.control._family(QUEUE).reader = holder
        house.relay.readers.holds(QUEUE, holder.token, 0.0)
    taker.viewer.feed.ask_again("something was lost meanwhile")
    house.append(numbered(10, 10))
    await taker.until(lambda: taker.bytes == numbered(0, 20))

    assert len(house.readers) == 1


async def test_a_viewer_that_takes_nothing_paces_the_reader(house):
    house.append(b"start\n")
    taker = house.join()
    await taker.until(lambda: taker.bytes)
    house.append(numbered(0, 200_000))
    other = [message.number for message in house.mailboxes.sent if isinstance(message, Batch)]
    await asyncio.sleep(1.0)
    sent = sum(len(message.data) for message in house.mailboxes.sent if isinstance(message, Batch))

    assert other
    assert CREDIT_BYTES // 2 <= sent <= CREDIT_BYTES + 64 * 1024


async def test_a_slow_viewer_beside_a_fast_one_gets_the_exact_gap(house):
    house.append(b"start\n")
    slow, fast = house.join(), house.join()
    await slow.until(lambda: slow.bytes)
    await fast.until(lambda: fast.bytes)
    text = numbered(0, 200_000)
    house.append(text)
    await fast.until(lambda: len(fast.bytes) == len(text) + 6)
    slow.take()
    await slow.until(lambda: slow.place == fast.place)
    [gap] = slow.gaps

    assert fast.bytes == b"start\n" + text
    assert gap["reason"] == "slow"
    assert gap["end"] - gap["start"] + len(slow.bytes) == len(fast.bytes)
    assert fast.bytes.endswith(slow.bytes[6:])
    assert len(slow.bytes) < 256 * 1024


async def test_viewers_who_can_keep_up_get_every_byte_of_a_burst_although_one_is_served_first(
    house, monkeypatch
):
    monkeypatch.setattr(pace, "STEP_SECONDS", 60.0)
    monkeypatch.setattr(pace, "CATCH_UP_SECONDS", 60.0)
    first, second = house.join(), house.join()
    await first.until(lambda: first.place)
    await second.until(lambda: second.place)
    burst = numbered(0, 400_000)
    house.append(burst)

    await first.until(
        lambda: first.viewer.feed.pace._awaited
    )  # the first took what there was, the second nothing
    assert len(first.bytes) < RING_BYTES
    await asyncio.gather(
        first.until(lambda: len(first.bytes) == len(burst)),
        second.until(lambda: len(second.bytes) == len(burst)),
    )

    assert first.bytes == second.bytes == burst
    assert first.gaps == second.gaps == []


async def test_a_viewer_that_stands_still_is_waited_for_once_at_most(house, monkeypatch):
    monkeypatch.setattr(pace, "STEP_SECONDS", 0.05)
    first, still = house.join(), house.join()
    await first.until(lambda: first.place)
    await still.until(lambda: still.place)
    waits = []
    wait = pace.Pace._wait_for_slower

    def counted(self, credit):
        wait(self, credit)
        waits.append(len(self._awaited))

    monkeypatch.setattr(pace.Pace, "_wait_for_slower", counted)
    burst = numbered(0, 400_000)
    house.append(burst)

    await first.until(lambda: len(first.bytes) == len(burst))
    still.take()

    assert waits.count(1) <= 1
    assert first.gaps == []
    assert len(still.gaps) == 1


async def test_a_viewer_that_joins_where_the_ring_ends_gets_no_gap(house, monkeypatch):
    monkeypatch.setattr(feeds, "RING_BYTES", 100_000)
    first = house.join()
    while first.viewer.feed.ring.first == 0:  # until something has left the ring
        house.append(numbered(0, 100))
        await first.until(lambda: first.place and first.place[1] == house.path.stat().st_size)
    feed = first.viewer.feed
    oldest = feed.ring.item(feed.ring.first).before
    last = next(message for message in reversed(house.mailboxes.sent) if isinstance(message, Batch))

    second = house.join(resume=(oldest.file, oldest.offset))
    for _ in range(3):  # items that had come by then
        last = replace(last, number=last.number + 1, start=last.start.ahead(len(last.data)))
        feed.take(last)
        first.take()
    second.take()

    assert second.gaps == []
    assert second.place == first.place


async def test_a_viewer_that_took_nothing_from_the_start_gets_its_start_and_the_exact_gap(house, monkeypatch):
    monkeypatch.setattr(feeds, "RING_BYTES", 100_000)
    house.append(numbered(0, 10))
    first = house.join(lines=5)
    second = house.join(lines=5)
    while first.viewer.feed.ring.first == 0:
        house.append(numbered(0, 1_000))
        size = house.path.stat().st_size
        await first.until(lambda size=size: first.place and first.place[1] == size)

    second.take()

    (start,) = second.events
    (gap,) = second.gaps
    assert (start["kind"], start["offset"]) == ("started", first.events[0]["offset"])
    assert gap["start"] == start["offset"]
    assert second.place == first.place
    assert gap["end"] + len(second.bytes) == second.place[1]


async def test_the_file_is_closed_when_the_last_viewer_leaves(house):
    house.append(b"x\n")
    taker = house.join()
    await taker.until(lambda: taker.bytes)
    reader, _ = house.readers[0]
    house.relay.feeds.leave(taker.viewer)
    deadline = asyncio.get_running_loop().time() + 2
    while reader.flows and asyncio.get_running_loop().time() < deadline:
        await asyncio.sleep(0.02)

    assert not reader.flows


async def test_a_log_with_something_left_to_send_may_be_closed_during_the_turn_of_another(house, tmp_path):
    house.paths["2"] = other = tmp_path / "other.log"
    other.write_bytes(b"")
    leaves, stays = house.join(), Taker(house.relay, house.relay.feeds.join("2", QUEUE, lines=5, resume=None))
    for taker in (leaves, stays):
        await taker.until(lambda taker=taker: taker.viewer.feed.state == "live")
    is_sending, has_left, send = asyncio.Event(), asyncio.Event(), house.mailboxes.send

    async def slow_for_the_other(mailbox, message):
        if isinstance(message, (Batch, Event)) and "|2|" in message.member:
            is_sending.set()
            await has_left.wait()
        await send(mailbox, message)

    house.mailboxes.send = slow_for_the_other
    house.mailboxes.fault = lambda message: "refuse" if "|1|" in getattr(message, "member", "") else ""
    reader, task = house.readers[0]
    house.append(b"never sent\n")
    await eventually(lambda: any(flow.outbox for flow in reader.flows))
    other.write_bytes(b"sent\n")
    await is_sending.wait()
    house.relay.feeds.leave(leaves.viewer)
    await eventually(lambda: len(reader.flows) == 1)
    has_left.set()
    await stays.until(lambda: stays.bytes == b"sent\n")
    with other.open("ab") as file:
        file.write(b"sent as well\n")
    await stays.until(lambda: stays.bytes == b"sent\nsent as well\n")

    assert not task.done()


async def test_the_stop_flag_ends_the_reading_and_clearing_it_goes_on_where_it_was(house):
    house.append(b"before\n")
    taker = house.join()
    await taker.until(lambda: taker.bytes == b"before\n" and taker.viewer.feed.state == "live")
    house.control.set_stop(QUEUE, "1", "maintenance")
    await taker.until(lambda: taker.viewer.feed.state == "stopped")
    reason = taker.viewer.feed.reason
    house.append(b"while stopped\n")
    house.control.clear_stop(QUEUE, "1")
    await taker.until(lambda: taker.bytes == b"before\nwhile stopped\n")

    assert reason == "maintenance"


async def test_a_note_stands_where_it_was_said_and_moves_nothing(house):
    house.append(b"before\n")
    taker = house.join()
    await taker.until(lambda: taker.bytes)
    house.control.add_note(QUEUE, Note("*", "deploy 4.2 started", "info", 1.5))
    await taker.until(lambda: taker.events[-1]["kind"] == "note")
    house.append(b"after\n")
    await taker.until(lambda: taker.bytes == b"before\nafter\n")

    assert taker.events[-1]["text"] == "deploy 4.2 started"


async def test_a_file_system_that_does_not_answer_stalls_its_own_log_only(house, tmp_path, monkeypatch):
    answers = threading.Event()
    dead = tmp_path / "dead.log"
    dead.write_bytes(b"from the dead\n")

    def permit(descriptor):
        if Path(f"/proc/self/fd/{descriptor}").readlink() == dead:
            answers.wait(30)

    monkeypatch.setattr("django_logtail.reader.slow_files.STALLED_SECONDS", 0.2)
    monkeypatch.setattr(house, "permit", permit)
    monkeypatch.setitem(house.paths, "2", dead)
    stalled = Taker(house.relay, house.relay.feeds.join("2", QUEUE, lines=5, resume=None))
    taker = house.join()
    await stalled.until(lambda: stalled.viewer.feed.state == "stalled")
    house.append(b"alive\n")
    await taker.until(lambda: taker.bytes == b"alive\n")
    answers.set()
    await stalled.until(lambda: stalled.bytes == b"from the dead\n" and stalled.viewer.feed.state == "live")


async def test_many_logs_on_a_dead_file_system_hold_up_no_other_that_is_opened_then(
    house, tmp_path, monkeypatch
):
    answers = threading.Event()
    dead = {str(number): tmp_path / "dead" / f"{number}.log" for number in range(2, 8)}
    (tmp_path / "dead").mkdir()

    def permit(descriptor):
        if Path(f"/proc/self/fd/{descriptor}").readlink() in dead.values():
            answers.wait(30)

    for log, path in dead.items():
        path.write_bytes(b"from the dead\n")
        monkeypatch.setitem(house.paths, log, path)
    monkeypatch.setattr("django_logtail.reader.slow_files.STALLED_SECONDS", 0.2)
    monkeypatch.setattr(house, "permit", permit)
    house.append(b"alive\n")

    stalled = [Taker(house.relay, house.relay.feeds.join(log, QUEUE, lines=5, resume=None)) for log in dead]
    for taker in stalled:
        await taker.until(lambda taker=taker: taker.viewer.feed.state == "stalled")
    taker = house.join()
    await taker.until(lambda: taker.bytes == b"alive\n")
    answers.set()
    for taker in stalled:
        await taker.until(lambda taker=taker: taker.bytes == b"from the dead\n")


async def test_old_bytes_on_a_dead_file_system_hold_up_no_log_and_no_others_old_bytes(
    house, tmp_path, monkeypatch
):
    answers, is_dead = threading.Event(), threading.Event()
    other = tmp_path / "other.log"
    other.write_bytes(b"other\n")
    house.append(b"alive\n")

    def permit(descriptor):
        if is_dead.is_set() and Path(f"/proc/self/fd/{descriptor}").readlink() == house.path:
            answers.wait(30)

    monkeypatch.setattr(house, "permit", permit)
    monkeypatch.setitem(house.paths, "2", other)
    taker = house.join()
    await taker.until(lambda: taker.bytes == b"alive\n")
    is_dead.set()
    for _ in range(Limits().history_jobs):
        asked = house.relay.request("1", QUEUE, Place(*taker.place), before_lines=1)
        with pytest.raises(asyncio.TimeoutError):
            await asyncio.wait_for(asked.next(), 0.5)
        asked.close()

    others = Taker(house.relay, house.relay.feeds.join("2", QUEUE, lines=5, resume=None))
    await others.until(lambda: others.bytes == b"other\n")
    asked = house.relay.request("2", QUEUE, Place(*others.place), before_lines=1)
    found = await asked.next()
    answers.set()

    assert found.data == b"other\n"


async def test_who_comes_after_a_log_s_entry_was_changed_is_shown_nothing_of_what_it_named_before(
    house, tmp_path, monkeypatch
):
    def come(path: Path) -> Taker:
        return Taker(house.relay, house.relay.feeds.join("1", QUEUE, lines=5, resume=None, path=str(path)))

    house.append(b"secret\n")
    before = come(house.path)
    await before.until(lambda: before.bytes == b"secret\n")
    public = tmp_path / "public.log"
    public.write_bytes(b"public\n")
    monkeypatch.setitem(house.paths, "1", public)

    after = come(public)
    await after.until(lambda: after.bytes == b"public\n")
    house.relay.feeds.leave(before.viewer)
    later = come(public)
    await later.until(lambda: later.bytes == b"public\n")


async def test_who_comes_after_a_log_was_moved_to_another_queue_asks_that_one(house):
    before = house.join()

    after = house.relay.feeds.join("1", "web-2", lines=5, resume=None)

    assert (before.viewer.feed.queue, after.feed.queue) == (QUEUE, "web-2")


async def test_a_log_whose_encoding_there_is_not_is_said_so(house):
    house.encoding = "klingon"
    viewer = house.relay.feeds.join("1", QUEUE, lines=5, resume=None)
    taker = Taker(house.relay, viewer)
    await taker.until(lambda: viewer.feed.state == "unreadable")

    assert in_full(viewer.feed.reason) == "there is no encoding called 'klingon'"


async def test_a_want_that_changes_during_a_slow_read_is_served_from_its_new_place(house, monkeypatch):
    monkeypatch.setattr(Follower, "is_remote", property(lambda follower: True))
    generator = random.Random(3)
    house.mailboxes.fault = lambda message: (
        "drop" if isinstance(message, (Batch, Event)) and generator.random() < 0.1 else ""
    )
    taker = house.join()
    await taker.until(lambda: taker.events)
    for number in range(10):
        house.append(numbered(number * 2000, 2000))
        await asyncio.sleep(0)
    await taker.until(lambda: len(taker.bytes) >= len(numbered(0, 20_000)), 60)

    assert taker.bytes == numbered(0, 20_000)


@pytest.mark.parametrize(
    ("limits", "name"),
    [
        (Limits(bytes_per_second=2_000_000), "READ_BYTES_PER_SECOND"),
        (Limits(bytes_per_second_per_log=2_000_000), "READ_BYTES_PER_SECOND_PER_LOG"),
    ],
)
async def test_a_flood_is_read_no_faster_than_the_settings_allow_and_the_limit_is_named(house, limits, name):
    house.limits = limits
    house.append(b"start\n")
    taker = house.join()
    await taker.until(lambda: taker.bytes)
    house.append(numbered(0, 100_000))
    began = time.monotonic()
    await taker.until(lambda: "limited" in taker.viewer.feed.reason)
    reason = taker.viewer.feed.reason
    await taker.until(lambda: len(taker.bytes) >= 3_000_000)
    took = time.monotonic() - began

    assert in_full(reason) == f'limited to 2,000,000 bytes/s by LOGTAIL["{name}"]'
    assert len(taker.bytes) <= 2_000_000 * (took + 1) + 64 * 1024


async def test_a_reader_that_follows_enough_logs_opens_no_more_and_says_so(house, tmp_path):
    house.limits = Limits(logs=1)
    house.paths["2"] = house.path
    taker = house.join()
    await taker.until(lambda: taker.viewer.feed.state == "live")
    second = Taker(house.relay, house.relay.feeds.join("2", QUEUE, lines=5, resume=None))
    await second.until(lambda: second.viewer.feed.state == "unreadable")

    assert (
        in_full(second.viewer.feed.reason)
        == 'the reader has reached its log limit (1), LOGTAIL["MAX_LOGS_PER_READER"]'
    )


async def test_a_log_that_our_own_messages_go_to_is_said_so(house):
    house.append(b"x\n")
    handler = logging.FileHandler(house.path)
    logging.getLogger("django_logtail").addHandler(handler)
    try:
        taker = house.join()
        await taker.until(lambda: [event for event in taker.events if event["kind"] == "note"])
    finally:
        logging.getLogger("django_logtail").removeHandler(handler)
        handler.close()

    assert "own messages go to this log" in taker.events[-1]["text"]


async def test_a_log_that_is_not_registered_here_is_said_so(house):
    viewer = house.relay.feeds.join("2", QUEUE, lines=5, resume=None)
    taker = Taker(house.relay, viewer)
    await taker.until(lambda: viewer.feed.state == "unreadable")

    assert in_full(viewer.feed.reason) == "this log is not registered on the reading host, or is disabled"


async def test_a_log_nobody_reads_is_said_so_after_three_seconds(house):
    async def nobody(queue):
        return

    house.relay._wake = nobody
    taker = house.join()
    await taker.until(lambda: taker.viewer.feed.state == "no-reader", 6)


async def test_history_answers_bytes_and_lines_before(house):
    house.append(numbered(0, 1000))
    taker = house.join(lines=1)
    await taker.until(lambda: taker.bytes)
    file, end = taker.place
    size = len(numbered(0, 1))

    async def answer(**asked):
        found = b""
        pending = house.relay.request("1", QUEUE, asked.pop("place"), **asked)
        try:
            while isinstance(message := await pending.next(), Piece):
                found += message.data
            return found, message.start.offset, message.end
        finally:
            pending.close()

    some = await answer(place=Place(file, 10 * size), end=20 * size)
    before = await answer(place=Place(file, end), before_lines=100)

    assert some == (numbered(10, 10), 10 * size, 20 * size)
    assert before == (numbered(900, 100), 900 * size, end)


async def test_history_of_a_file_that_is_gone_says_so(house):
    house.append(b"x\n")
    taker = house.join()
    await taker.until(lambda: taker.bytes)
    pending = house.relay.request("1", QUEUE, Place("0-0-0-0", 0), end=10)

    answer = await pending.next()
    pending.close()

    assert in_full(answer.error) == "the file that held these bytes no longer exists"


async def test_history_that_is_asked_for_before_there_is_a_mailbox_is_answered(tmp_path):
    house = House(tmp_path / "app.log")
    pending = house.relay.request("1", QUEUE, Place("0-0-0-0", 0), end=10)

    answer = await pending.next()
    await house.close()

    assert isinstance(answer, Failed)


async def test_that_a_resting_log_may_no_longer_be_read_is_said_by_the_next_heartbeat(house, monkeypatch):
    monkeypatch.setattr("django_logtail.reader.files.REGISTRY_SECONDS", 0.1)
    monkeypatch.setattr("django_logtail.reader.flows.CHANGED_BEATS", 1)
    monkeypatch.setattr("django_logtail.reader.heartbeats.FULL_BEATS", 10**6)
    house.append(b"x\n")
    taker = house.join()
    await taker.until(lambda: taker.viewer.feed.state == "live")
    reader, _ = house.readers[0]
    await eventually(lambda: not reader.flows.moving)

    house.paths.clear()

    await taker.until(lambda: taker.viewer.feed.state == "unreadable")


async def test_files_that_come_and_go_while_nothing_can_be_sent_are_not_lost(house, monkeypatch):
    monkeypatch.setattr("django_logtail.reader.pump.KEEP_LOOKING_SECONDS", 0.02)
    house.append(numbered(0, 5))
    taker = house.join()
    await taker.until(lambda: taker.bytes == numbered(0, 5))

    house.mailboxes.fault = lambda message: "refuse" if isinstance(message, (Batch, Event)) else ""
    for turn in range(1, 6):
        house.append(numbered(5 * turn, 5))
        inode = house.path.stat().st_ino
        await eventually(lambda inode=inode: inode in open_inodes())
        house.path.unlink()
        house.path.write_bytes(b"")
    house.mailboxes.fault = lambda message: ""

    await taker.until(lambda: taker.bytes == numbered(0, 30) and len(taker.events) >= 6)
    assert [event["kind"] for event in taker.events] == ["started", *["replaced"] * 5]


async def test_no_rotation_is_looked_for_in_the_event_loop(house, monkeypatch):
    listed: list[str] = []
    names_in = System.names_in

    def watched(self, directory, most):
        listed.append(threading.current_thread().name)
        return names_in(self, directory, most)

    monkeypatch.setattr(System, "names_in", watched)
    house.append(numbered(0, 100))
    taker = house.join(lines=1)
    await taker.until(lambda: taker.bytes)

    for number in range(3):
        house.path.rename(house.path.with_name(f"app.log.{3 - number}"))
        house.append(numbered(100 * (number + 1), 10))
        await taker.until(lambda end=100 * (number + 1) + 10: taker.bytes.endswith(numbered(end - 1, 1)))

    assert len(listed) > 3
    assert {name.rpartition("_")[0] for name in listed} == {"logtail-apart"}
