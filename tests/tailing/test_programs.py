"""Random programs of everything that happens to logs, against a model that knows what must be shown.

A program is a seed. Each is played in lock-step with random budgets, random pauses and random rewinds, as a consumer
that loses messages would ask for. Without truncations that outrun the follower, every generation must be shown byte
for byte; with them, what is missing or repeated must be covered by an event.
"""

from __future__ import annotations

import os
import random
import shutil
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from django_logtail.tailing import Batch, Event, Follower, FromStart, Kind, Place
from tests.length import at_length
from tests.tailing.stage import open_descriptors

PROGRAMS = int(os.environ.get("LOGTAIL_PROGRAMS", at_length("10000", short="400")))
CHUNK = 100


class Consumer:
    """Takes items as the other end of a lossy line would: by position, and asks again where something is missing."""

    def __init__(self) -> None:
        self.here: Place | None = None
        self.order: list[str] = []
        self.bytes: dict[str, dict[int, bytes]] = {}
        self.kinds: list[Kind] = []
        self.skipped = 0

    def take(self, items: list[Batch | Event]) -> None:
        for item in items:
            if isinstance(item, Event):
                self._take_event(item)
            elif item.late:
                self._put(item)
            else:
                assert item.before == self.here
                if not item.partial:
                    self._put(item)
                    self.here = Place(item.before.file, item.end)

    def _take_event(self, event: Event) -> None:
        assert event.before == self.here
        self.here = event.after
        if event.after is not None:
            self._know(event.after.file)
        self.kinds.append(event.kind)
        if event.kind is Kind.MISSED:
            self.skipped += int(event.details["size"] or 0)

    def _know(self, file: str) -> None:
        if file not in self.bytes:
            self.order.append(file)
            self.bytes[file] = {}

    def _put(self, batch: Batch) -> None:
        file = batch.before.file
        self._know(file)
        known = self.bytes[file].setdefault(batch.before.offset, batch.data)
        shorter, longer = sorted((known, batch.data), key=len)
        assert longer.startswith(shorter), "other bytes at the same place"
        self.bytes[file][batch.before.offset] = longer

    def text(self) -> list[bytes]:
        """What each generation was shown as, in order; a place shown twice counts once."""
        texts = []
        for file in self.order:
            text, end = b"", -1
            for offset, data in sorted(self.bytes[file].items()):
                text += data[max(0, end - offset) :]
                end = max(end, offset + len(data))
            texts.append(text)
        return [text for text in texts if text]


@dataclass
class Program:
    """Plays random operations, and keeps `expected`: the text of each generation, oldest first."""

    directory: Path
    random: random.Random
    races: bool
    expected: list[bytearray] = field(default_factory=list)
    lost: list[bytes] = field(default_factory=list)
    log: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.path = self.directory / "app.log"
        self.now = 0.0
        self.number = 0
        self.unseen = 0
        #: A file was removed, and the next one rotated, before anybody looked: others may have been between them.
        self.has_removed = self.is_unproven = False
        self.consumer = Consumer()
        self.positions: list[Place] = []
        self.old_writers: list[tuple[int, bytearray]] = []
        self.writer = -1
        self.current = bytearray()
        self.make_anew()
        self.make_follower()

    def make_follower(self) -> None:
        batch_bytes = self.random.choice((200, 1000, 65536))
        self.follower = Follower(self.path, FromStart(), max_batch_bytes=batch_bytes)
        self.poll_once()

    def line(self) -> bytes:
        self.number += 1
        return b"line %d %s\n" % (self.number, b"x" * self.random.choice((0, 3, 10, 60, 300)))

    def make_anew(self) -> None:
        self.writer = os.open(self.path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_EXCL)
        self.current = bytearray()
        self.expected.append(self.current)

    def retire_writer(self) -> None:
        self.old_writers.append((self.writer, self.current))
        if len(self.old_writers) > 2:
            os.close(self.old_writers.pop(0)[0])

    # What happens to the file

    def write(self) -> None:
        for _ in range(self.random.randint(1, 8)):
            data = self.line()
            os.write(self.writer, data)
            self.current += data

    def write_split(self) -> None:
        data = self.line()
        cut = self.random.randint(1, len(data) - 1)
        os.write(self.writer, data[:cut])
        self.poll_once()
        os.write(self.writer, data[cut:])
        self.current += data

    def rotate(self) -> None:
        self.is_unproven = self.is_unproven or self.has_removed
        if self.unseen >= 6 or self.path.is_symlink():
            self.settle()  # more than anyone keeps; or a link, which is no older generation once it is renamed
        for number in range(8, 0, -1):
            older = self.directory / f"app.log.{number}"
            if older.exists():
                older.rename(self.directory / f"app.log.{number + 1}")
        (self.directory / "app.log.9").unlink(missing_ok=True)
        self.path.rename(self.directory / "app.log.1")
        self.retire_writer()
        if self.random.random() < 0.3:
            self.poll_once()
        self.make_anew()
        self.unseen += 1

    def write_late(self) -> None:
        if not self.old_writers or self.unseen > 1:
            return  # nobody could know of bytes that come late to a file seen by nobody
        descriptor, text = self.random.choice(self.old_writers)
        data = self.line()
        os.write(descriptor, data)
        text += data

    def remove(self) -> None:
        self.settle()
        self.path.unlink()
        self.has_removed = True
        self.retire_writer()
        if self.random.random() < 0.5:
            self.poll_for(0.5)
        self.make_anew()
        self.unseen += 1

    def switch_link(self) -> None:
        self.settle()
        if self.path.is_symlink():
            self.path.unlink()
        else:
            self.path.rename(self.directory / f"was-a-file-{self.number}")
        self.retire_writer()
        target = self.directory / f"target-{self.number}"
        self.writer = os.open(target, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_EXCL)
        self.number += 1
        self.current = bytearray()
        self.expected.append(self.current)
        self.path.symlink_to(target.name)
        self.unseen += 1

    def copy_and_empty(self) -> None:
        if self.unseen or not self.seen_some():
            self.settle()
        if not self.seen_some():
            return
        (self.directory / "app.log.9").unlink(missing_ok=True)
        for number in range(8, 0, -1):
            older = self.directory / f"app.log.{number}"
            if older.exists():
                older.rename(self.directory / f"app.log.{number + 1}")
        shutil.copy(self.path, self.directory / "app.log.1")
        self.empty_now()

    def seen_some(self) -> bool:
        """Without any byte read nothing can prove that a copy is one."""
        read_to = self.follower._chain.last.generation.anchor_at
        return read_to > 20 and not self.unseen

    def empty(self) -> None:
        self.settle()
        self.empty_now()

    def empty_now(self) -> None:
        os.truncate(self.path, 0)
        self.current = bytearray()
        self.expected.append(self.current)
        # A text of which nothing was read can't be told from the next one; give each a beginning of its own.
        self.write()
        self.unseen += 1
        if not self.races:
            self.settle()

    def cut(self) -> None:
        self.settle()
        text = self.path.read_bytes()
        keep = text.rfind(b"\n", 0, max(0, len(text) - self.random.randint(1, 400))) + 1
        if not keep or keep == len(text):
            return
        os.truncate(self.path, keep)
        self.current = bytearray()
        self.expected.append(self.current)
        self.settle()

    def race_to_empty(self) -> None:
        """Emptied and written again before the follower looked: what it had not read is lost."""
        self.write()
        self.lost.append(bytes(self.current))
        os.truncate(self.path, 0)
        self.current = bytearray()
        self.expected.append(self.current)
        self.write()
        self.unseen += 1

    # What the follower does

    def poll_once(self) -> None:
        budget = self.random.choice((0, 500, 262144, 262144))
        self.poll(budget)
        self.now += self.random.choice((0.001, 0.05, 0.4))

    def poll(self, budget: int) -> None:
        self.consumer.take(self.follower.poll(self.now, budget))
        position = self.follower.position
        if position is not None:
            self.positions.append(position)

    def poll_for(self, seconds: float) -> None:
        until = self.now + seconds
        while self.now < until:
            self.poll(262144)
            self.now = max(self.now + 0.001, min(until, self.follower.next_due(self.now)))

    def settle(self) -> None:
        self.poll_for(2.5)
        assert not self.follower.has_more
        self.unseen = 0
        self.has_removed = False

    def lose_messages(self) -> None:
        """The consumer lost everything since some earlier place, and asks for it again."""
        position = self.random.choice(self.positions[-6:]) if self.positions else None
        if position is not None and self.follower.rewind(position):
            self.consumer.here = position

    def play(self, steps: int) -> None:
        operations: dict[Callable[[], None], int] = {
            self.write: 10,
            self.write_split: 3,
            self.rotate: 3,
            self.write_late: 2,
            self.remove: 1,
            self.switch_link: 1,
            self.copy_and_empty: 1,
            self.empty: 1,
            self.cut: 1,
            self.poll_once: 8,
            self.settle: 1,
            self.lose_messages: 2,
        }
        if self.races:
            operations[self.race_to_empty] = 2
        for _ in range(steps):
            operation = self.random.choices(list(operations), list(operations.values()))[0]
            self.log.append(operation.__name__)
            operation()
        self.settle()

    def close(self) -> None:
        self.follower.close()
        os.close(self.writer)
        for descriptor, _ in self.old_writers:
            os.close(descriptor)


def played(seed: int, directory: Path, races: bool) -> Program:
    directory.mkdir()
    program = Program(directory, random.Random(seed), races)
    try:
        program.play(steps=40)
    finally:
        program.close()
        shutil.rmtree(directory)
    return program


@pytest.mark.parametrize("first", range(0, PROGRAMS, CHUNK))
def test_programs_without_truncation_races_read_exactly_the_model(first: int, tmp_path: Path) -> None:
    before = open_descriptors()

    for seed in range(first, first + CHUNK):
        program = played(seed, tmp_path / str(seed), races=False)
        shown = program.consumer.text()
        assert shown == [bytes(text) for text in program.expected if text], f"seed {seed}: {program.log}"
        says_missed = Kind.MISSED in program.consumer.kinds
        assert not says_missed or program.lost or program.is_unproven, f"seed {seed}: {program.log}"

    assert open_descriptors() == before


@pytest.mark.parametrize("first", range(0, PROGRAMS // 4, CHUNK))
def test_programs_with_truncation_races_lose_no_more_than_they_must_and_say_so(
    first: int, tmp_path: Path
) -> None:
    for seed in range(first, first + CHUNK):
        program = played(seed, tmp_path / str(seed), races=True)
        texts = [text.splitlines(keepends=True) for text in program.consumer.text()]
        shown = [line[:-1] for text in texts for line in text if line.endswith(b"\n")]
        written = b"".join(bytes(text) for text in program.expected).splitlines()
        lost = set(b"".join(program.lost).splitlines())
        assert set(shown) <= set(written), f"seed {seed}: bytes that nobody wrote"
        assert set(written) - set(shown) <= lost, f"seed {seed}: {program.log}"
        if lost - set(shown):
            says = {Kind.TRUNCATED, Kind.OVERWRITTEN, Kind.MISSED, Kind.REPLACED, Kind.ROTATED, Kind.BACK}
            assert says & set(program.consumer.kinds), f"seed {seed}: silent loss"
        if len(shown) > len(set(shown)):
            assert {Kind.TRUNCATED, Kind.OVERWRITTEN} & set(program.consumer.kinds), (
                f"seed {seed}: silent repeat"
            )
