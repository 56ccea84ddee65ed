"""Random programs of everything that can happen between a file and its viewers, on a virtual clock.

Two web processes and any number of readers, woken, killed or started at the same time, are connected through memory.
Whatever is lost, duplicated, delayed or reordered, a viewer gets every byte once and in order, or a gap that says
exactly what is missing.
"""

from __future__ import annotations

import asyncio
import json
import os
import random
import selectors
import shutil
import tempfile
import time
import uuid
from collections.abc import Callable, Coroutine, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any, TypeVar

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from django_logtail import reader as reader_module
from django_logtail.control import ControlUnavailable, Note, process
from django_logtail.control.in_memory import MemoryControl
from django_logtail.control.mailboxes import MailboxUnavailable, MemoryMailboxes
from django_logtail.control.messages import Message
from django_logtail.protocol import decode_batch
from django_logtail.reader import Reader
from django_logtail.reader.limits import Limits
from django_logtail.reader.sources import Source
from django_logtail.relay import Relay, feeds, gap, pace
from django_logtail.relay.feed_viewer import FeedViewer
from django_logtail.tailing import Place
from django_logtail.tailing.files.system import System
from tests.length import at_length

T = TypeVar("T")
QUEUE = "q"
LOG = "1"
#: Programs, and the steps of each.
PROGRAMS = at_length(2_000, short=60)
STEPS = 40
#: Turns of the loop in which no time passes before it counts as stuck.
MOST_TURNS = 200_000
#: Seconds after which everything must have arrived once nothing goes wrong any more: a want lives 15.
SETTLE_SECONDS = 60.0


class _Selector(selectors.DefaultSelector):
    """Never waits: when nothing is ready, the time it was to wait for has passed."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 1_000.0
        self.turns = 0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        events = super().select(0)
        self.turns += 1
        if not events and timeout is None:
            raise AssertionError("nothing will ever happen again")
        if not events and timeout is not None and timeout > 0:
            self.now += timeout
            self.turns = 0
        assert self.turns < MOST_TURNS, "the loop turns without waiting for anything"
        return events


class VirtualLoop(asyncio.SelectorEventLoop):
    """An event loop whose time passes only while nothing is to be done. Threads would miss it."""

    def __init__(self) -> None:
        self.virtual = _Selector()
        super().__init__(self.virtual)
        self._clock_resolution = 1e-6

    def time(self) -> float:
        return self.virtual.now


class InPlace(ThreadPoolExecutor):
    """Does what it is asked to at once, in no thread."""

    def submit(self, function: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        future: Future[Any] = Future()
        try:
            future.set_result(function(*args, **kwargs))
        except Exception as error:  # noqa: BLE001 - as an executor does
            future.set_exception(error)
        return future


class Names:
    """Names as if of chance, the same in each course of a program."""

    def __init__(self) -> None:
        self.chance = random.Random()

    def begin(self, seed: int) -> None:
        self.chance.seed(seed)

    def next(self) -> uuid.UUID:
        return uuid.UUID(int=self.chance.getrandbits(128), version=4)


NAMES = Names()


class BadControl(MemoryControl):
    """A Redis that may be out of reach, and may lose its data."""

    is_away = False

    def _family(self, queue: str) -> Any:
        if self.is_away:
            raise ControlUnavailable("away")
        return super()._family(queue)

    def forget_everything(self) -> None:
        self._queues.clear()

    def forget_reader(self) -> None:
        """As when the reader slept for longer than its lease."""
        family = self._queues.get(QUEUE)
        if family is not None:
            family.reader = None


class BadMailboxes(MemoryMailboxes):
    """Loses, doubles, delays and refuses a share of the messages."""

    def __init__(self, chance: random.Random) -> None:
        super().__init__()
        self.chance = chance
        self.faults: dict[str, float] = {}

    async def send(self, mailbox: str, message: Message) -> None:
        fault = next((name for name, share in self.faults.items() if self.chance.random() < share), "")
        if fault == "refuse":
            raise MailboxUnavailable("full")
        if fault == "drop":
            return
        if fault == "delay":
            # Long enough to come from a reader of the past.
            seconds = self.chance.choice([0.001, 0.02, 0.3, 4.0])
            asyncio.get_running_loop().call_later(seconds, self._put_late, mailbox, message)
            return
        if fault == "double":
            await super().send(mailbox, message)
        await super().send(mailbox, message)

    def _put_late(self, mailbox: str, message: Message) -> None:
        if mailbox not in self._boxes:
            return  # its owner has ended meanwhile
        _, box = self._boxes.get(mailbox, (None, None))
        if box is not None and not box.full():
            box.put_nowait(message)


class Written:
    """The log and every generation it ever had: what there is to be got.

    Old files are named as by date, and written at times of the loop's clock: a whole program takes less than the
    clock of a file system can tell apart.
    """

    def __init__(self, path: Path, clock: Callable[[], float]) -> None:
        self.path = path
        self.clock = clock
        self.generations: list[bytearray] = []
        self.ids: dict[str, int] = {}
        self.lines = 0
        self.writes = 0
        self.rotate()

    def rotate(self) -> None:
        if self.generations:
            self.path.rename(f"{self.path}-20260101{len(self.generations):04d}")
        self.generations.append(bytearray())
        self._write(b"")

    def append(self, count: int, filling: int, *, ends: bool) -> None:
        text = b""
        for _ in range(count):
            self.lines += 1
            text += b"%06d %s\n" % (self.lines, b"." * filling)
        self._write(text if ends else text[:-1])

    def end_line(self) -> None:
        if self.generations[-1] and not self.generations[-1].endswith(b"\n"):
            self._write(b"\n")

    def _write(self, data: bytes) -> None:
        with self.path.open("ab") as file:
            file.write(data)
        self.generations[-1] += data
        self.writes += 1
        now = int(self.clock() * 1e9) + self.writes
        os.utime(self.path, ns=(now, now))

    def number_of(self, file: str, start: int, data: bytes) -> int:
        """Which generation `file` is: known, or told by its bytes. The end of a line may be alike in several."""
        if file in self.ids:
            return self.ids[file]
        holders = [n for n, text in enumerate(self.generations) if text[start : start + len(data)] == data]
        assert holders, f"{data[:20]!r} at {start} of {file} is in no generation"
        if len(holders) == 1:
            self.ids[file] = holders[0]
        return holders[-1]

    def rename(self, old: str, new: str) -> None:
        if old in self.ids:
            assert self.ids.setdefault(new, self.ids[old]) == self.ids[old]


class Taker:
    """A viewer that checks every item: it begins where the last one ended, and its bytes are those of the file."""

    def __init__(
        self, web: Web, written: Written, viewer: FeedViewer, resume: tuple[str, int] | None
    ) -> None:
        self.web = web
        self.written = written
        self.viewer = viewer
        self.place = resume
        self.has_begun = False
        self.was_held = False
        self.is_held = False
        self.got = 0
        self.gaps: list[dict[str, Any]] = []
        #: When it took what, without the names, which are chance.
        self.taken: list[tuple[float, str, int | None, int | None]] = []
        self.task = asyncio.ensure_future(self._take_all())

    async def _take_all(self) -> None:
        while True:
            self.viewer.news.clear()
            if not self.is_held:
                for frame, place in self.viewer.frames():
                    self._take(frame.encoded)
                    assert place is None or (place.file, place.offset) == self.place
                self.web.relay.feeds.share(self.viewer)
            if not self.viewer.news.is_set():
                await self.viewer.news.wait()

    def _take(self, frame: bytes | str) -> None:
        if isinstance(frame, bytes):
            header, data = decode_batch(frame)
            self._note("batch", header["start"], len(data))
            self._take_batch(header, data)
            return
        fields = json.loads(frame)
        self._note(fields.get("kind", "gap"), fields.get("offset"), fields.get("end"))
        if fields["type"] == "gap":
            self._take_gap(fields)
        else:
            self._take_event(fields)

    def _note(self, kind: str, start: int | None, end: int | None) -> None:
        self.taken.append((asyncio.get_running_loop().time(), kind, start, end))

    def _take_batch(self, header: dict[str, Any], data: bytes) -> None:
        file, start = header["file"], header["start"]
        assert not header.get("late"), "nothing is written to an older generation here"
        assert self.has_begun
        assert self.place == (file, start)
        text = self.written.generations[self.written.number_of(file, start, data)]
        assert text[start : start + len(data)] == data
        if not header.get("partial"):
            self.place = (file, header["end"])
            self.got += len(data)

    def _take_gap(self, gap: dict[str, Any]) -> None:
        assert self.was_held, "a gap for somebody who takes everything at once"
        assert self.place == (gap["file"], gap["start"])
        assert gap["end"] > gap["start"]
        number = self.written.ids.get(gap["file"])
        assert number is None or gap["end"] <= len(self.written.generations[number])
        self.place = (gap["file"], gap["end"])
        self.gaps.append(gap)

    def _take_event(self, event: dict[str, Any]) -> None:
        kind, before = event["kind"], event.get("before")
        after = (event["file"], event["offset"]) if "file" in event else None
        if kind == "started" and not self.has_begun:
            if self.place is not None:
                assert event["resumed"], "begun somewhere else"
                assert event["offset"] == self.place[1]
                self.written.rename(self.place[0], event["file"])
            self.has_begun = True
            self.place = after
            return
        assert before is None or (before["file"], before["offset"]) == self.place
        if kind == "note":
            return
        assert self.has_begun
        if kind == "rotated":
            number = self.written.ids.get(self.place[0])
            if number is not None:
                assert self.place[1] == len(self.written.generations[number]), "left before its end"
                self.written.ids.setdefault(event["file"], number + 1)
                passed_over = self.written.generations[number + 1 : self.written.ids[event["file"]]]
                assert not any(passed_over), "a generation was passed over"
            assert event["offset"] == 0
            self.place = after
            return
        if kind == "started" and event["resumed"]:
            # A short file's name is made of what it held: another reader may call it something else.
            self.written.rename(self.place[0], event["file"])
            assert event["offset"] == self.place[1]
            self.place = after
            return
        # The two last: others on this machine took every inotify instance there is, or gave one back.
        assert kind in {"started", "gone", "back", "degraded", "restored"}, event
        assert after is None or after == self.place, event

    @property
    def is_at_the_end(self) -> bool:
        if self.place is None or not self.has_begun:
            return False
        file, offset = self.place
        text = self.written.generations[-1]
        known = self.written.ids.get(file, len(self.written.generations) - 1)
        return known == len(self.written.generations) - 1 and offset == len(text)

    async def leave(self) -> None:
        self.task.cancel()
        await asyncio.gather(self.task, return_exceptions=True)
        self.web.relay.feeds.leave(self.viewer)


class Web:
    """One web process."""

    def __init__(self, house: House) -> None:
        self.relay = Relay(house.control, house.mailboxes, house.wake, clock=house.loop.time)
        self.relay.start()


class House:
    """Two web processes, one log, and whatever readers there are."""

    def __init__(self, loop: VirtualLoop, folder: Path, chance: random.Random) -> None:
        self.loop = loop
        self.chance = chance
        self.written = Written(folder / "app.log", loop.time)
        self.control = BadControl(loop.time)
        self.mailboxes = BadMailboxes(chance)
        self.readers: list[tuple[Reader, asyncio.Task[Any]]] = []
        self.loses_wake_ups = False
        self.webs = [Web(self), Web(self)]
        self.takers: list[Taker] = []
        self.left_at: list[tuple[str, int]] = []

    async def wake(self, queue: str) -> None:
        if not self.loses_wake_ups:
            self.start_reader()

    def start_reader(self) -> None:
        reader = Reader(
            QUEUE,
            self.control,
            self.mailboxes,
            lambda logs: {log: Source(self.written.path, "utf-8", log) for log in logs},
            permit=lambda descriptor: None,
            wake=self.wake,
            limits=Limits(prompt_processor_percent=5),
            clock=self.loop.time,
            processor_clock=lambda: 0.0,  # a real one would not repeat
        )
        self.readers.append((reader, asyncio.ensure_future(reader.run())))

    def living(self) -> list[tuple[Reader, asyncio.Task[Any]]]:
        for _, task in self.readers:
            if task.done():
                task.result()  # a reader that broke fails the test
        self.readers = [(reader, task) for reader, task in self.readers if not task.done()]
        return self.readers

    async def kill(self, task: asyncio.Task[Any]) -> None:
        """As SIGKILL does: nothing is handed over."""
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        self.readers = [(reader, other) for reader, other in self.readers if other is not task]

    def join(self, web: Web, lines: int, resume: tuple[str, int] | None) -> None:
        place = None if resume is None else Place(*resume)
        viewer = web.relay.feeds.join(LOG, QUEUE, lines=lines, resume=place)
        self.takers.append(Taker(web, self.written, viewer, resume))

    async def leave(self, taker: Taker) -> None:
        self.takers.remove(taker)
        await taker.leave()
        if taker.place is not None and taker.has_begun:
            self.left_at.append(taker.place)

    async def close(self) -> None:
        for taker in list(self.takers):
            await taker.leave()
        for web in self.webs:
            await web.relay.close()
        for _, task in list(self.readers):
            await self.kill(task)


def one_of(things: Sequence[T], data: st.DataObject) -> T:
    """One of them. What is drawn does not depend on how many there are: Hypothesis calls a program that draws otherwise
    the second time a broken test."""
    return things[data.draw(st.integers(0, 59)) % len(things)]


class Delivery(RuleBasedStateMachine):
    """The programs."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp(prefix="logtail-machine-"))
        self.loop = VirtualLoop()
        self.house: House

    @initialize(seed=st.integers(0, 2**32), lines=st.integers(0, 50))
    def begin(self, seed: int, lines: int) -> None:
        async def make() -> None:
            NAMES.begin(seed)
            self.house = House(self.loop, self.folder, random.Random(seed))
            self.house.written.append(lines, 20, ends=True)

        self._do(make())

    def _do(self, work: Coroutine[Any, Any, Any]) -> Any:
        return self.loop.run_until_complete(work)

    # -- the file ----------------------------------------------------------------------------------

    @rule(
        count=st.sampled_from([1, 3, 40, 300]),
        filling=st.sampled_from([0, 5, 60, 400]),
        ends=st.sampled_from([True, True, False]),
    )
    def write(self, count: int, filling: int, ends: bool) -> None:
        self.house.written.end_line()
        self.house.written.append(min(count, 60_000 // (filling + 8)), filling, ends=ends)

    @rule()
    def rotate(self) -> None:
        self.house.written.end_line()
        if self.house.written.generations[-1]:  # one that is empty has nothing to be known by
            self.house.written.rotate()

    # -- time --------------------------------------------------------------------------------------

    @rule(seconds=st.sampled_from([0.001, 0.03, 0.2, 0.7, 2.0, 6.0, 18.0]))
    def wait(self, seconds: float) -> None:
        self._do(asyncio.sleep(seconds))

    # -- viewers -----------------------------------------------------------------------------------

    @precondition(lambda self: len(self.house.takers) < 5)
    @rule(web=st.integers(0, 1), lines=st.sampled_from([0, 1, 5, 30, 500]))
    def join(self, web: int, lines: int) -> None:
        async def join() -> None:
            self.house.join(self.house.webs[web], lines, None)

        self._do(join())

    @precondition(lambda self: len(self.house.takers) < 5)
    @rule(web=st.integers(0, 1), data=st.data())
    def come_back(self, web: int, data: st.DataObject) -> None:
        places: list[tuple[str, int] | None] = [*self.house.left_at]
        place = one_of(places or [None], data)

        async def join() -> None:
            self.house.join(self.house.webs[web], 0, place)

        self._do(join())

    @precondition(lambda self: self.house.takers)
    @rule(data=st.data())
    def leave(self, data: st.DataObject) -> None:
        self._do(self.house.leave(one_of(self.house.takers, data)))

    @precondition(lambda self: self.house.takers)
    @rule(data=st.data())
    def hold(self, data: st.DataObject) -> None:
        taker = one_of(self.house.takers, data)
        taker.is_held = taker.was_held = True

    @precondition(lambda self: any(taker.is_held for taker in self.house.takers))
    @rule()
    def release(self) -> None:
        for taker in self.house.takers:
            taker.is_held = False
            taker.viewer.news.set()

    # -- what goes wrong ---------------------------------------------------------------------------

    @rule(
        fault=st.sampled_from(["drop", "double", "delay", "refuse"]),
        share=st.sampled_from([0.0, 0.1, 0.5]),
    )
    def messages(self, fault: str, share: float) -> None:
        self.house.mailboxes.faults[fault] = share

    @rule()
    def messages_go_right(self) -> None:
        self.house.mailboxes.faults.clear()

    @rule(data=st.data())
    def kill_reader(self, data: st.DataObject) -> None:
        living = [task for _, task in self.house.living()]
        task = one_of([*living] or [None], data)
        if task is not None:
            self._do(self.house.kill(task))

    @rule()
    def worker_shuts_down(self) -> None:
        async def leave() -> None:
            for reader, _ in self.house.living()[:1]:
                reader.leave()

        self._do(leave())

    @rule(its_lease_lapsed=st.booleans())
    def another_reader_starts(self, its_lease_lapsed: bool) -> None:
        async def start() -> None:
            if its_lease_lapsed:
                self.house.control.forget_reader()
            self.house.start_reader()

        self._do(start())

    @rule(is_away=st.booleans())
    def redis(self, is_away: bool) -> None:
        self.house.control.is_away = is_away

    @rule()
    def redis_loses_its_data(self) -> None:
        self.house.control.forget_everything()

    @rule(are_lost=st.booleans())
    def wake_ups(self, are_lost: bool) -> None:
        self.house.loses_wake_ups = are_lost

    @rule()
    def web_process_dies(self) -> None:
        async def die() -> None:
            web = self.house.webs.pop(0)
            for taker in [taker for taker in self.house.takers if taker.web is web]:
                await self.house.leave(taker)
            await web.relay.close()
            self.house.webs.append(Web(self.house))

        self._do(die())

    # -- what is said ------------------------------------------------------------------------------

    @rule()
    def note(self) -> None:
        if not self.house.control.is_away:
            self.house.control.add_note(QUEUE, Note("*", "deploy", "info", 1.0))

    @rule(is_set=st.booleans())
    def stop_flag(self, is_set: bool) -> None:
        if self.house.control.is_away:
            return
        if is_set:
            self.house.control.set_stop(QUEUE, LOG, "maintenance")
        else:
            self.house.control.clear_stop(QUEUE, LOG)

    # -- what must hold ----------------------------------------------------------------------------

    @invariant()
    def nothing_was_wrong(self) -> None:
        if hasattr(self, "house"):
            self.house.living()
            for taker in self.house.takers:
                if taker.task.done():
                    taker.task.result()

    def teardown(self) -> None:
        try:
            if hasattr(self, "house"):
                self._do(self._settle())
        finally:
            if hasattr(self, "house"):
                self._do(self.house.close())
            self.loop.close()
            shutil.rmtree(self.folder)

    async def _settle(self) -> None:
        """Once nothing goes wrong any more, everybody has everything."""
        house = self.house
        house.mailboxes.faults.clear()
        house.control.is_away = house.loses_wake_ups = False
        house.control.clear_stop(QUEUE, LOG)
        house.written.end_line()
        for taker in house.takers:
            taker.is_held = False
            taker.viewer.news.set()
        deadline = self.loop.time() + SETTLE_SECONDS
        while not all(taker.is_at_the_end for taker in house.takers):
            self.nothing_was_wrong()
            assert self.loop.time() < deadline, [
                (taker.place, taker.got, taker.viewer.feed.state, taker.viewer.feed.ring.position)
                for taker in house.takers
                if not taker.is_at_the_end
            ]
            await asyncio.sleep(0.1)


#: The sizes of the product, made small, so that small files reach every limit; and no threads.
SMALL = [
    (reader_module, "ThreadPoolExecutor", InPlace),
    (reader_module.slow_files, "ThreadPoolExecutor", InPlace),
    (reader_module.sources, "ThreadPoolExecutor", InPlace),
    (process, "_threads", InPlace()),
    (reader_module.files, "MAX_BATCH_BYTES", 512),
    (reader_module.files, "BACKLOG_BYTES", 4_096),
    (reader_module.flow, "MAX_BATCH_BYTES", 512),
    (reader_module.flow, "TURN_BYTES", 2_048),
    (reader_module.ranges, "MAX_BATCH_BYTES", 512),
    (pace, "CREDIT_BYTES", 4_096),
    (pace, "LEAST_CREDIT_BYTES", 1_024),
    (feeds, "RING_BYTES", 12_000),
    (feeds, "LEAST_RING_BYTES", 6_000),
    (feeds, "PROCESS_RING_BYTES", 24_000),
    (gap, "JUMP_BYTES", 1_024),
]
#: What would make a program take another course the second time: clocks of the machine, and names made of chance.
REPEATABLE = [
    (System, "wall_ns", lambda self: 1),  # whatever happened to a file is recent
    (System, "seconds", lambda self: 0.0),
    (time, "thread_time", lambda: 0.0),
    (uuid, "uuid4", NAMES.next),
]


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    for thing, name, value in [*SMALL, *REPEATABLE]:
        monkeypatch.setattr(thing, name, value)


@pytest.mark.usefixtures("small")
def test_nothing_is_lost_doubled_or_reordered_without_its_gap() -> None:
    run_state_machine_as_test(
        Delivery,
        settings=settings(
            max_examples=PROGRAMS,
            stateful_step_count=STEPS,
            deadline=None,
            suppress_health_check=list(HealthCheck),
            database=None,
            print_blob=True,
        ),
    )


class Chance:
    """Draws as Hypothesis does, from a seed."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)

    def draw(self, strategy: Any) -> int:
        return self.random.randrange(60)


def played(seed: int) -> list[Any]:
    """What everybody took in a program of chance."""
    chance = Chance(seed)
    pick = chance.random.choice
    machine = Delivery()
    machine.begin(seed=seed, lines=pick([0, 5, 50]))
    taken = []
    steps: list[Callable[[], object]] = [
        lambda: machine.write(count=pick([1, 40, 300]), filling=pick([0, 60]), ends=pick([True, False])),
        machine.rotate,
        lambda: machine.wait(seconds=pick([0.001, 0.03, 0.7, 6.0, 18.0])),
        lambda: len(machine.house.takers) < 5 and machine.join(web=pick([0, 1]), lines=pick([0, 5, 500])),
        lambda: len(machine.house.takers) < 5 and machine.come_back(web=pick([0, 1]), data=chance),
        lambda: machine.house.takers and machine.leave(data=chance),
        lambda: machine.messages(fault=pick(["drop", "double", "delay", "refuse"]), share=pick([0.0, 0.5])),
        machine.messages_go_right,
        lambda: machine.kill_reader(data=chance),
        machine.worker_shuts_down,
        lambda: machine.another_reader_starts(its_lease_lapsed=pick([True, False])),
        lambda: machine.redis(is_away=pick([True, False, False])),
        machine.redis_loses_its_data,
        machine.web_process_dies,
    ]
    for _ in range(STEPS):
        pick(steps)()
        taken.append([list(taker.taken) for taker in machine.house.takers])
    machine.teardown()
    return taken


@pytest.mark.usefixtures("small")
def test_a_program_takes_the_same_course_each_time() -> None:
    for seed in range(6):
        assert played(seed) == played(seed), seed
