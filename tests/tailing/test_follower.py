"""What one follower promises beside the scenarios: where it begins, rewinds, budgets, bounds."""

from __future__ import annotations

import os
import subprocess
import tracemalloc
from pathlib import Path
from typing import Any

import pytest

from django_logtail.tailing import (
    Batch,
    Event,
    Follower,
    FromEnd,
    FromStart,
    Kind,
    LastLines,
    Place,
    Resume,
)
from django_logtail.tailing.chain import MAX_HELD
from django_logtail.tailing.files.system import System
from tests.tailing.stage import A, B, C, D, LockStep, block, open_descriptors


@pytest.fixture
def stage(tmp_path: Path) -> Any:
    (tmp_path / "logs").mkdir()
    stage = LockStep(tmp_path / "logs")
    yield stage
    stage.close()


def started(stage: LockStep) -> Event:
    event = stage.items[0]
    assert isinstance(event, Event)
    assert event.kind is Kind.STARTED
    return event


def position_after(stage: LockStep) -> Place:
    assert stage.follower is not None
    position = stage.follower.position
    assert position is not None
    return position


# Where it begins


def test_the_last_lines_are_shown_first(stage: LockStep) -> None:
    stage.new(A + B)

    stage.start(start=LastLines(3))

    assert bytes(stage.output) == b"".join(B.splitlines(keepends=True)[-3:])
    assert started(stage).details == {"size": len(A + B), "resumed": 0}


def test_from_the_end_only_new_bytes_are_shown(stage: LockStep) -> None:
    stage.new(A)
    stage.start(start=FromEnd())
    stage.append(B)
    stage.shows(B)


def test_a_file_that_comes_later_is_shown_whole(stage: LockStep) -> None:
    stage.start(start=LastLines(3))
    assert started(stage) == Event(Kind.STARTED, None, None, {"size": None, "resumed": 0})
    stage.new(A)
    stage.shows(A)
    assert stage.kinds == ["gone", "back"]


def resume(stage: LockStep, position: Place) -> LockStep:
    again = LockStep(stage.dir)
    again.start(start=Resume(position))
    return again


def left_at(stage: LockStep) -> Place:
    """Follow to the end of what is there, then end that follower."""
    stage.start()
    assert stage.follower is not None
    position = position_after(stage)
    stage.follower.close()
    return position


def test_a_later_follower_goes_on_where_one_stood(stage: LockStep) -> None:
    stage.new(A)
    position = left_at(stage)
    stage.append(B)

    again = resume(stage, position)

    again.shows(B)
    assert started(again).before == position
    assert started(again).after == Place(position_after(again).file, len(A))
    assert started(again).details["resumed"] == 1
    again.close()


def test_an_id_made_of_a_short_file_is_known_again_when_it_has_grown(stage: LockStep) -> None:
    stage.new(A[:15])
    position = left_at(stage)
    stage.append(block("long", 1000))

    again = resume(stage, position)

    again.shows(block("long", 1000))
    again.close()


def test_a_rotation_while_nobody_followed_is_read_in_order(stage: LockStep) -> None:
    stage.new(block("long", 100))
    position = left_at(stage)
    stage.append(A)
    stage.move("app.log.2")
    stage.new(B, stage.dir / "app.log.1")
    stage.new(C)

    again = resume(stage, position)

    again.shows(A, B, C)
    assert again.kinds == ["rotated", "rotated"]
    assert started(again).after == position
    again.close()


def test_a_copytruncate_while_nobody_followed_is_read_from_the_copy(stage: LockStep) -> None:
    stage.new(block("long", 100))
    position = left_at(stage)
    stage.append(A)
    (stage.dir / "app.log.1").write_bytes(stage.path.read_bytes())
    os.truncate(stage.path, 0)
    stage.append(B)

    again = resume(stage, position)

    again.shows(A, B)
    again.close()


def test_a_generation_that_is_nowhere_is_said_to_be_missed(stage: LockStep) -> None:
    stage.new(A)
    position = left_at(stage)
    stage.new(B, stage.dir / "other")
    (stage.dir / "other").rename(stage.path)

    again = resume(stage, position)

    again.shows(B)
    assert again.items[0] == Event(
        Kind.MISSED, position, Place(position_after(again).file, 0), {"size": None}
    )
    again.close()


@pytest.mark.parametrize(
    "file", ["", "x", "../../etc/passwd", "1-2-3", "1-2-100-abc", "-1-2-3-abc", "0-0-0-" + "a" * 200]
)
def test_an_id_that_is_none_of_ours_is_a_miss(stage: LockStep, file: str) -> None:
    stage.new(A)

    again = resume(stage, Place(file, 3))

    again.shows(A)
    assert again.kinds == ["missed"]
    again.close()


def test_the_same_inode_with_another_text_is_not_resumed(stage: LockStep) -> None:
    stage.new(A)
    position = left_at(stage)
    stage.path.write_bytes(B + C)

    again = resume(stage, position)

    again.shows(B, C)
    assert again.kinds == ["missed"]
    again.close()


def test_resuming_a_log_that_is_missing_waits_for_it(stage: LockStep) -> None:
    stage.new(A)
    position = left_at(stage)
    away = stage.move("elsewhere")

    again = resume(stage, position)
    away.rename(again.path)
    again.append(B)
    again.shows(B)

    assert [getattr(item, "kind", None) for item in again.items] == [Kind.GONE, Kind.BACK, Kind.STARTED, None]
    again.close()


# Rewinds, as a consumer asks for that lost something


def chained(stage: LockStep) -> Place:
    """A chain of three generations, read to its end; the place in the middle of the first."""
    stage.new(A + B)
    stage.start()
    file = position_after(stage).file
    stage.move("app.log.2")
    stage.new(C, stage.dir / "app.log.1")
    stage.new(D)
    stage.settle()
    return Place(file, len(A))


def test_a_rewind_emits_the_very_same_chain_again(stage: LockStep) -> None:
    place = chained(stage)
    assert stage.follower is not None
    first = [item for item in stage.items if not (isinstance(item, Event) and item.kind is Kind.STARTED)]

    assert stage.follower.rewind(place)
    again = stage.settle()

    assert again[0] == Event(Kind.STARTED, place, place, {"size": len(D), "resumed": 1})
    assert again[2:] == first[1:]
    assert isinstance(again[1], Batch)
    assert again[1].data == B


def test_late_bytes_are_emitted_again_after_a_rewind(stage: LockStep) -> None:
    stage.new(A)
    stage.start()
    place = position_after(stage)
    write = stage.writer()
    stage.move("app.log.1")
    stage.new(B)
    stage.settle()
    write(C)
    stage.settle()
    assert stage.follower is not None
    assert stage.follower.sent == {place.file: len(A + C), position_after(stage).file: len(B)}

    assert stage.follower.rewind(place)

    assert [item.data for item in stage.settle() if isinstance(item, Batch)] == [B, C]


def test_only_the_late_bytes_can_be_asked_for(stage: LockStep) -> None:
    stage.new(A)
    stage.start()
    old = position_after(stage)
    write = stage.writer()
    stage.move("app.log.1")
    stage.new(B)
    stage.settle()
    write(C)
    stage.settle()
    assert stage.follower is not None

    assert stage.follower.rewind(position_after(stage), late={old.file: len(A)})

    assert [item for item in stage.settle() if isinstance(item, Batch)] == [
        Batch(Place(old.file, len(A)), C, late=True)
    ]


def test_what_an_emptied_file_held_is_missed_after_a_rewind(stage: LockStep) -> None:
    stage.new(A + B)
    stage.start()
    place = Place(position_after(stage).file, len(A))
    os.truncate(stage.path, 0)
    stage.append(C)
    stage.settle()
    assert stage.follower is not None

    assert stage.follower.rewind(place)
    _, missed, truncated, batch = stage.settle()

    assert missed == Event(Kind.MISSED, place, Place(place.file, len(A + B)), {"size": len(B)})
    assert isinstance(truncated, Event)
    assert truncated.kind is Kind.TRUNCATED
    assert isinstance(batch, Batch)
    assert batch.data == C


@pytest.mark.parametrize("offset", [-1, 10_000])
def test_a_rewind_to_a_place_never_reached_is_refused(stage: LockStep, offset: int) -> None:
    stage.new(A)
    stage.start()
    assert stage.follower is not None

    assert not stage.follower.rewind(Place(position_after(stage).file, offset))
    assert not stage.follower.rewind(Place("another", 0))


def test_what_was_released_and_is_drained_is_closed(stage: LockStep) -> None:
    before = open_descriptors()
    place = chained(stage)
    assert stage.follower is not None
    assert len(stage.follower.descriptors()) == 3

    stage.follower.release(position_after(stage))
    stage.settle(40)

    assert len(stage.follower.descriptors()) == 1
    assert not stage.follower.rewind(place)
    stage.follower.close()
    assert open_descriptors() == before


def test_an_older_generation_that_is_still_written_is_kept(stage: LockStep) -> None:
    stage.new(A)
    stage.start()
    write = stage.writer()
    stage.move("app.log.1")
    stage.new(B)
    stage.settle()
    assert stage.follower is not None
    stage.follower.release(position_after(stage))

    stage.settle(20)
    write(C)

    stage.shows(A, B, C)


def test_a_removed_file_keeps_no_disk_space_once_it_is_read(stage: LockStep) -> None:
    stage.new(A + b"last")
    stage.start()
    stage.path.unlink()
    stage.settle()
    assert stage.follower is not None
    stage.follower.release(position_after(stage))

    stage.settle(40)

    assert stage.follower.descriptors() == []
    assert position_after(stage).offset == len(A + b"last")
    stage.new(B)
    stage.shows(A, b"last", B)
    assert stage.kinds == ["gone", "back"]


def test_no_more_generations_are_held_than_the_cap(stage: LockStep) -> None:
    stage.new(A)
    stage.start()
    for number in range(3 * MAX_HELD):
        stage.move(f"app.log.{100 - number}")
        stage.new(block(f"round {number}"))
        stage.settle()

    assert stage.follower is not None
    assert len(stage.follower.descriptors()) <= MAX_HELD + 1


# Budgets


def test_without_credit_only_events_are_emitted(stage: LockStep) -> None:
    stage.new(A)
    stage.start()
    stage.append(B)
    stage.move("app.log.1")
    stage.new(C)

    for _ in range(10):
        assert stage.poll(max_bytes=0) == []
        assert stage.follower is not None
        assert stage.follower.has_more

    stage.shows(A, B, C)


def test_a_turn_emits_no_more_than_its_budget(stage: LockStep) -> None:
    stage.new(block("long", 5000))
    stage.start(start=FromStart())
    assert stage.follower is not None
    assert stage.follower.rewind(Place(position_after(stage).file, 0))

    sizes = []
    while not sizes or stage.follower.has_more:
        items = stage.poll(max_bytes=10_000)
        sizes.append(sum(len(item.data) for item in items if isinstance(item, Batch)))

    assert sum(sizes) == len(block("long", 5000))
    assert max(sizes) <= 10_000
    assert min(sizes[:-1]) > 9_900


def test_a_line_of_64_mib_needs_little_memory(stage: LockStep) -> None:
    with stage.path.open("wb") as file:
        for _ in range(64):
            file.write(b"\xe6\xb1\x89" * (1024 * 1024 // 3))
        file.write(b"\n")
    follower = Follower(stage.path, FromStart())
    tracemalloc.start()

    shown, whole = 0, True
    while not shown or follower.has_more:
        for item in follower.poll(stage.now):
            if isinstance(item, Batch):
                shown += len(item.data)
                whole = whole and item.data.decode() != ""
        peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    follower.close()

    assert shown == stage.path.stat().st_size
    assert whole
    assert peak < 4 * 1024 * 1024


# Encodings


@pytest.mark.parametrize(
    "encoding", ["utf-16-le", "utf-16-be", "utf-16", "gbk", "gb18030", "shift_jis", "big5"]
)
def test_lines_of_other_encodings_arrive_whole(stage: LockStep, encoding: str) -> None:
    lines = ["第一行 \u0a0a\n" if "16" in encoding else "漢字\n", "日本 x\n", "\n"] * 3
    data = "".join(lines).encode(encoding)
    stage.new(data[:1])
    stage.start(encoding=encoding)

    for byte in data[1:]:
        stage.append(bytes([byte]))
        stage.poll()
    stage.shows(data)

    shown = [item.data for item in stage.items if isinstance(item, Batch) and not item.partial]
    endless = encoding if encoding != "utf-16" else "utf-16-le"  # only the first line has a byte order mark
    assert "".join(piece.decode(endless) for piece in shown).lstrip("\ufeff") == "".join(lines)
    assert len(shown) == len(lines)


def test_a_byte_order_mark_is_passed_on_in_each_generation(stage: LockStep) -> None:
    marked = b"\xef\xbb\xbf" + A
    stage.new(marked)
    stage.start(encoding="utf-8-sig")
    stage.move("app.log.1")
    stage.new(b"\xef\xbb\xbf" + B)
    stage.shows(marked, b"\xef\xbb\xbf" + B)


# Surroundings


class Remote(System):
    """A network file system whose sizes may lag behind."""

    lag = 0

    def file_system(self, device: int) -> str | None:
        return "nfs4"

    def pread(self, descriptor: int, size: int, offset: int) -> bytes:
        data = super().pread(descriptor, size, offset)
        return data[: max(0, len(data) - self.lag)]


def test_a_smaller_size_on_a_network_file_system_must_last_to_be_believed(tmp_path: Path) -> None:
    stage = LockStep(tmp_path, system=Remote())
    stage.new(A + B)
    stage.start()
    stage.system.lag = 40
    stage.append(C[:1])
    stage.settle(0.8)
    stage.system.lag = 0
    stage.append(C[1:])
    stage.shows(A, B, C)
    assert stage.kinds == []

    os.truncate(stage.path, 0)
    stage.append(D)
    stage.settle(5)
    stage.shows(A, B, C, D)
    assert stage.kinds == ["truncated"]
    stage.close()


class MappedWriter(System):
    """After each look, a writer through a memory map puts its next piece into the file."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.pieces: list[tuple[int, bytes]] = []

    def pread(self, descriptor: int, size: int, offset: int) -> bytes:
        data = super().pread(descriptor, size, offset)
        if self.pieces:
            place, piece = self.pieces.pop(0)
            with self.path.open("r+b") as file:
                file.seek(place)
                file.write(piece)
        return data


def mapped(tmp_path: Path) -> LockStep:
    path = tmp_path / "app.log"
    stage = LockStep(tmp_path, system=MappedWriter(path))
    stage.path = path
    stage.new(A)
    stage.start()
    stage.settle()
    return stage


def test_what_is_written_while_the_gap_is_looked_at_is_no_gap(tmp_path: Path) -> None:
    stage = mapped(tmp_path)
    os.truncate(stage.path, 4096)
    stage.system.pieces = [(len(A), B)]

    stage.shows(A, B)

    assert stage.kinds == []
    stage.close()


def test_a_gap_is_passed_over_only_when_a_second_look_finds_it_too(tmp_path: Path) -> None:
    stage = mapped(tmp_path)
    os.truncate(stage.path, 1 << 20)
    first = b"".join(block(f"page {number}") for number in range(80))
    page = len(A) + len(first)
    stage.system.pieces = [(len(A), first), (page, B)]

    stage.shows(A, first, B)
    assert stage.kinds == []

    os.truncate(stage.path, 2 << 20)
    with stage.path.open("r+b") as file:
        file.seek(3 << 18)
        file.write(C)
    stage.shows(A, first, B, C)
    assert stage.kinds == ["hole"]
    stage.close()


def test_a_clock_step_changes_nothing(stage: LockStep) -> None:
    stage.new(A)
    stage.start()
    os.utime(stage.path, (4_000_000_000, 4_000_000_000))
    stage.settle()
    stage.move("app.log.1")
    stage.new(B)
    os.utime(stage.path, (1_000, 1_000))
    stage.shows(A, B)
    stage.append(C)
    stage.shows(A, B, C)


def test_two_followers_of_one_inode_do_not_meet(stage: LockStep) -> None:
    stage.new(A)
    (stage.dir / "second.log").hardlink_to(stage.path)
    second = LockStep(stage.dir)
    second.path = stage.dir / "second.log"
    stage.start()
    second.start()
    stage.append(B)
    stage.move("app.log.1")
    stage.new(C)

    stage.shows(A, B, C)
    second.shows(A, B)
    assert second.kinds == []
    second.close()


def test_descriptors_do_not_leak_into_child_processes(stage: LockStep) -> None:
    stage.new(A)
    stage.start()

    seen = subprocess.run(
        ["ls", "-l", "/dev/fd/"], close_fds=False, capture_output=True, text=True, check=False
    )

    assert " -> " in seen.stdout
    assert "app.log" not in seen.stdout


def test_a_directory_with_very_many_siblings_is_looked_at_only_so_far(stage: LockStep) -> None:
    class Counting(System):
        asked = 0

        def names_in(self, directory: Path, most: int) -> list[str]:
            return [f"app.log.{number}" for number in range(100_000)][:most]

        def lstat(self, path: Path) -> os.stat_result:
            self.asked += 1
            raise FileNotFoundError(2, "none of them")

    stage.system = Counting()
    stage.new(A)
    stage.start()
    asked = stage.system.asked
    stage.append(B)
    stage.shows(A, B)

    assert asked <= 4 * 5_000
    assert stage.system.asked == asked


def test_a_file_that_may_not_be_read_is_refused_with_the_reason(stage: LockStep) -> None:
    allowed = {"now": False}

    def permit(descriptor: int) -> str | None:
        assert os.fstat(descriptor).st_size == len(A)
        return None if allowed["now"] else "it is not for you"

    stage.new(A)
    stage.start(permit=permit)
    assert stage.follower is not None
    assert (stage.follower.state, stage.follower.reason) == ("refused", "it is not for you")
    assert bytes(stage.output) == b""
    allowed["now"] = True

    stage.shows(A)

    assert stage.kinds == ["refused", "back"]


def test_where_the_file_went_is_said(stage: LockStep) -> None:
    stage.new(A)
    stage.start()
    stage.move("app.log.1")
    stage.settle()

    gone = stage.items[-1]

    assert isinstance(gone, Event)
    assert gone.details == {"name": "app.log.1"}


def test_bytes_seen_to_exist_but_cut_away_unread_are_counted(stage: LockStep) -> None:
    stage.new(block("long", 300))
    stage.start()
    size = stage.path.stat().st_size
    with stage.path.open("ab") as file:
        file.write(block("more", 300))
    stage.poll(max_bytes=0)
    stage.poll(max_bytes=1000)
    shown = position_after(stage).offset
    os.truncate(stage.path, 0)
    stage.append(A)

    stage.settle()

    missed = next(item for item in stage.items if isinstance(item, Event) and item.kind is Kind.MISSED)
    assert missed.details == {"size": size + len(block("more", 300)) - shown}
    assert bytes(stage.output).endswith(A)


def test_more_unseen_rotations_than_are_held_open_are_counted(stage: LockStep, monkeypatch: Any) -> None:
    monkeypatch.setattr("django_logtail.tailing.rotations.MAX_AHEAD", 2)
    stage.new(A)
    stage.start()
    for number, data in enumerate((B, C, D, A + B, C + D)):
        stage.move(f"app.log.{9 - number}")
        stage.new(data)

    stage.shows(A, B, C, C + D)

    assert stage.kinds == ["rotated", "rotated", "missed", "rotated"]
    missed = next(item for item in stage.items if isinstance(item, Event) and item.kind is Kind.MISSED)
    assert missed.details == {"size": len(D + A + B)}


def test_a_name_that_is_no_text_is_still_told(stage: LockStep) -> None:
    stage.new(A)
    stage.start()
    stage.path.rename(os.fsdecode(os.fsencode(stage.path) + b".\xff"))
    stage.new(B)
    stage.shows(A, B)

    rotated = next(item for item in stage.items if isinstance(item, Event) and item.kind is Kind.ROTATED)
    assert rotated.details["name"] == "app.log.\ufffd"
