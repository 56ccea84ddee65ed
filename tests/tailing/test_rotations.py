"""Unseen rotations: what is found, in which order, and where something is missing."""

from __future__ import annotations

import gzip
import os
import shutil
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from django_logtail.tailing import Event, Kind, Resume
from django_logtail.tailing.belonging import Belonging
from django_logtail.tailing.files.system import System
from tests.stack import wait_until
from tests.tailing.stage import A, B, C, D, LockStep, block


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[LockStep]:
    (tmp_path / "logs").mkdir()
    stage = LockStep(tmp_path / "logs")
    yield stage
    stage.close()


def started(stage: LockStep, first: bytes = A) -> None:
    stage.new(first)
    stage.start()
    stage.shows(first)


@pytest.mark.parametrize("first", [0, 1])
def test_a_hundred_rotations_at_once_with_numbers_that_count_upwards_come_in_order(
    stage: LockStep, first: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("django_logtail.tailing.rotations.MAX_AHEAD", 200)
    started(stage)
    blocks = [block(f"R{number:03}", 3) for number in range(100)]
    for number, text in enumerate(blocks):
        stage.move(f"app.log.{number + first}")
        stage.new(text)

    stage.shows(A, *blocks)
    assert "missed" not in stage.kinds


def test_the_file_between_two_renames_to_one_name_is_said_to_be_missing(stage: LockStep) -> None:
    started(stage)
    for text in (B, C, D):
        stage.move("app.log.1")
        stage.new(text)

    stage.shows(A, C, D)
    assert stage.kinds == ["missed", "replaced", "rotated"]


def test_two_rotations_between_the_first_listing_and_the_first_look_lose_nothing(stage: LockStep) -> None:
    class Late(System):
        """Rotates twice when the file was opened, but nothing was known of it."""

        has_rotated = False

        def fstat(self, descriptor: int) -> os.stat_result:
            found = super().fstat(descriptor)
            if not self.has_rotated:
                self.has_rotated = True
                stage.move("app.log.2")
                stage.new(B, stage.dir / "app.log.1")
                stage.new(C)
            return found

    stage.new(A)
    stage.system = Late()
    stage.start()

    stage.shows(A, B, C)


def test_a_file_that_was_made_and_rotated_while_there_was_none_is_shown(stage: LockStep) -> None:
    stage.start()
    stage.new(A, stage.dir / "app.log.1")
    stage.new(B)

    stage.shows(A, B)
    assert stage.kinds == ["gone", "back", "rotated"]


def test_what_was_rotated_before_anybody_looked_is_not_shown(stage: LockStep) -> None:
    stage.new(A, stage.dir / "app.log.1")
    stage.start()
    stage.new(B)

    stage.shows(B)


@pytest.mark.parametrize("number", [2, 3])
def test_a_number_that_is_too_high_for_one_rotation_proves_that_something_is_missing(
    stage: LockStep, number: int
) -> None:
    started(stage)
    stage.move(f"app.log.{number}")
    stage.new(B)

    stage.shows(A, B)
    assert stage.kinds == ["missed", "rotated"]


def test_a_number_that_is_left_out_among_those_that_were_found_is_said(stage: LockStep) -> None:
    started(stage)
    stage.move("app.log.4")
    stage.new(B, stage.dir / "app.log.3")
    stage.new(C, stage.dir / "app.log.1")
    stage.new(D)

    stage.shows(A, B, C, D)
    assert stage.kinds == ["rotated", "missed", "rotated", "rotated"]


def test_what_was_compressed_at_once_is_said_to_be_missing(stage: LockStep) -> None:
    started(stage)
    stage.move("app.log.2")
    (stage.dir / "app.log.1.gz").write_bytes(gzip.compress(B))
    stage.new(C)

    stage.shows(A, C)
    assert stage.kinds == ["missed", "rotated"]


def test_what_compression_makes_of_the_followed_file_is_not_missing(stage: LockStep) -> None:
    started(stage)
    stage.append(B)
    rotated = stage.move("app.log.1")
    (stage.dir / "app.log.1.gz").write_bytes(gzip.compress(A + B))
    rotated.unlink()
    stage.new(C)

    stage.shows(A, B, C)
    assert "missed" not in stage.kinds


def test_the_directory_that_a_followed_file_is_moved_to_is_looked_through(stage: LockStep) -> None:
    started(stage)
    (stage.dir / "archive").mkdir()
    stage.move("archive/app.log.2")
    stage.new(B, stage.dir / "archive" / "app.log.1")
    stage.new(C)

    stage.shows(A, B, C)


def test_names_that_no_rule_knows_are_not_read_but_said_to_be_missing(stage: LockStep) -> None:
    started(stage)
    stage.move("app-1.log")
    stage.new(B)
    stage.move("app-2.log")
    stage.new(C)

    stage.shows(A, C)
    assert stage.kinds == ["missed", "rotated"]


def test_names_that_the_rows_own_pattern_knows_are_read(stage: LockStep) -> None:
    stage.new(A)
    stage.start(belonging=Belonging(stage.path, "old/{stem}-{number}{ext}"))
    (stage.dir / "old").mkdir()
    stage.move("old/app-1.log")
    stage.new(B)
    stage.move("old/app-2.log")
    stage.new(C)

    stage.shows(A, B, C)


def test_a_file_brought_back_from_an_archive_is_not_taken_for_an_unseen_one(stage: LockStep) -> None:
    started(stage)
    restored = stage.dir / "app.log.3"
    restored.write_bytes(D)
    os.utime(restored, (1_000_000_000, 1_000_000_000))
    stage.move("app.log.1")
    stage.new(B)

    stage.shows(A, B)
    assert stage.kinds == ["rotated"]


def test_a_sibling_that_was_not_touched_since_the_last_look_is_none_that_went_unseen(stage: LockStep) -> None:
    class AnHourLater(System):
        def wall_ns(self) -> int:
            return super().wall_ns() + 3_600_000_000_000

    stage.system = AnHourLater()
    started(stage)
    stage.new(D, stage.dir / "app.log-20261127")  # by somebody, an hour before the rotation
    stage.settle()
    stage.move("app.log.1")
    stage.new(B)

    stage.shows(A, B)


def test_a_copy_written_over_the_one_before_is_known_by_its_text(stage: LockStep) -> None:
    """`cp app.log app.log.1 && : > app.log`: the copy keeps its inode, and the older text is still held open."""
    long = [block(f"cut {number}", 40) for number in range(6)]
    started(stage, long[0][:300])
    written = long[0][:300]
    for number, text in enumerate(long):
        rest = text[300:] if not number else text
        stage.append(rest[: len(rest) // 2])
        written += rest
        stage.poll(200)  # the reader is behind
        stage.append(rest[len(rest) // 2 :])
        shutil.copyfile(stage.path, stage.dir / "app.log.1")
        os.truncate(stage.path, 0)
        stage.settle()

    stage.shows(written)
    assert stage.kinds.count("truncated") == 6
    assert "missed" not in stage.kinds


def copy_and_empty(stage: LockStep) -> None:
    """What logrotate does with `copytruncate`: the older copies move up."""
    for number in range(20, 0, -1):
        if (older := stage.dir / f"app.log.{number}").exists():
            stage.move(f"app.log.{number + 1}", older)
    shutil.copyfile(stage.path, stage.dir / "app.log.1")
    os.truncate(stage.path, 0)


def settle_later(stage: LockStep) -> None:
    """Look when what was done is longer ago than the clock of files is coarse."""
    done_ns = max(entry.stat().st_ctime_ns for entry in stage.dir.iterdir())
    wait_until(lambda: time.time_ns() > done_ns + 60_000_000, what="60 ms")
    stage.settle()


def test_copies_made_well_before_the_look_that_finds_the_file_cut_lose_nothing(stage: LockStep) -> None:
    started(stage)
    stage.append(B)
    copy_and_empty(stage)
    stage.append(C)
    copy_and_empty(stage)
    stage.append(D)
    settle_later(stage)

    stage.shows(A, B, C, D)
    assert stage.kinds == ["recovered", "truncated", "truncated"]


def test_a_copy_over_the_one_before_with_the_same_head_is_read_however_late_the_look(stage: LockStep) -> None:
    head = block("banner", 40)
    started(stage, head)
    for text in (B, C):
        stage.append(text[:60])
        stage.settle()
        stage.append(text[60:])
        shutil.copyfile(stage.path, stage.dir / "app.log.1")
        stage.path.write_bytes(head)
        settle_later(stage)

    assert bytes(stage.output).count(B) == bytes(stage.output).count(C) == 1


@pytest.mark.parametrize("rest", [b"", C], ids=["empty again", "written again"])
@pytest.mark.parametrize("before", ["empty at first", "emptied", "rotated"])
def test_what_was_copied_and_cut_away_from_a_file_that_was_seen_empty_is_read(
    stage: LockStep, before: str, rest: bytes
) -> None:
    started(stage, b"" if before == "empty at first" else A)
    if before == "emptied":
        copy_and_empty(stage)
    elif before == "rotated":
        stage.move("app.log.1")
        stage.new(b"")
    stage.settle()
    stage.append(B)
    copy_and_empty(stage)
    stage.append(rest)

    settle_later(stage)
    stage.append(D)
    stage.shows(b"" if before == "empty at first" else A, B, rest, D)
    assert stage.kinds[-2:] == ["recovered", "truncated"]


def test_a_copy_that_was_read_is_not_read_again_once_it_is_let_go_of(stage: LockStep) -> None:
    texts = [block(f"cut {number}", 6) for number in range(16)]
    started(stage, A)
    for text in texts:
        stage.append(text[:40])
        stage.poll()
        stage.append(text[40:])
        copy_and_empty(stage)
        settle_later(stage)

    stage.shows(A, *texts)


def test_a_copy_of_what_the_file_still_holds_is_not_shown_twice(stage: LockStep) -> None:
    started(stage, b"")
    stage.append(B)
    shutil.copyfile(stage.path, stage.dir / "app.log.1")
    stage.append(C)

    stage.shows(B, C)
    assert stage.kinds == []
    os.truncate(stage.path, 0)
    stage.append(D)
    stage.shows(B, C, D)


@pytest.mark.parametrize(("has_copy", "complete"), [(True, 1), (False, 0)])
def test_a_cut_says_whether_all_before_it_is_known_to_have_been_read(
    stage: LockStep, has_copy: bool, complete: int
) -> None:
    started(stage, block("long", 40))
    if has_copy:
        shutil.copyfile(stage.path, stage.dir / "app.log.1")
    os.truncate(stage.path, 0)
    stage.settle()

    cut = next(item for item in stage.items if isinstance(item, Event) and item.kind is Kind.TRUNCATED)
    assert cut.details == {"to": 0, "complete": complete}


def test_a_line_appended_to_the_renamed_file_by_a_fresh_open_is_shown(stage: LockStep) -> None:
    started(stage)
    rotated = stage.move("app.log.1")
    stage.new(B)
    stage.settle()
    assert stage.follower is not None
    assert stage.follower.position is not None
    stage.follower.release(stage.follower.position)
    stage.settle(10)
    stage.append(C, rotated)

    stage.shows(A, B, C)


def test_a_file_moved_out_of_the_roots_is_read_no_more(stage: LockStep, tmp_path: Path) -> None:
    def permit(descriptor: int) -> str | None:
        where = os.readlink(f"/proc/self/fd/{descriptor}")  # noqa: PTH115
        return None if where.startswith(str(stage.dir)) else "outside"

    stage.new(A)
    stage.start(permit=permit)
    stage.path.rename(tmp_path / "app.log")
    stage.pause()
    stage.append(B, tmp_path / "app.log")

    stage.shows(A)
    assert stage.kinds == ["refused", "gone"]


def test_a_directory_moved_out_of_the_roots_behind_a_link_is_read_no_more(
    stage: LockStep, tmp_path: Path
) -> None:
    def permit(descriptor: int) -> str | None:
        where = os.readlink(f"/proc/self/fd/{descriptor}")  # noqa: PTH115
        return None if where.startswith(str(stage.dir)) else "outside"

    inner = stage.dir / "inner"
    inner.mkdir()
    stage.path = inner / "app.log"
    stage.new(A)
    stage.start(permit=permit)
    inner.rename(tmp_path / "inner")
    inner.symlink_to(tmp_path / "inner")
    stage.settle(16)
    stage.append(B)

    stage.shows(A)
    assert stage.kinds == ["refused"]


def test_a_look_that_may_not_wait_opens_nothing_and_says_so(stage: LockStep) -> None:
    started(stage)
    stage.move("app.log.1")
    stage.new(B)
    assert stage.follower is not None

    items = stage.follower.poll(stage.now, may_wait=False)

    assert items == []
    assert stage.follower.must_wait
    stage.shows(A, B)
    assert not stage.follower.must_wait


def test_who_resumes_after_rotations_gets_what_is_between_and_a_word_where_it_is_not(stage: LockStep) -> None:
    stage.new(block("long", 100))
    first = LockStep(stage.dir)
    first.start()
    place = first.follower.position  # type: ignore[union-attr]
    first.close()
    assert place is not None
    stage.move("app.log.3")
    (stage.dir / "app.log.2.gz").write_bytes(gzip.compress(B))
    stage.new(C, stage.dir / "app.log.1")
    stage.new(D)

    stage.start(start=Resume(place))

    stage.shows(C, D)
    assert stage.kinds == ["missed", "rotated", "rotated"]
