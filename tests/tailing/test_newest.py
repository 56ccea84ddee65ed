"""One log that is the newest file of several."""

from __future__ import annotations

import errno
import gzip
import os
import random
import shutil
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Any

import pytest

from django_logtail.tailing import (
    Batch,
    Event,
    Follower,
    FollowerSet,
    FromStart,
    Kind,
    LastLines,
    Place,
    Resume,
)
from django_logtail.tailing.belonging import Belonging, Registered, Row
from django_logtail.tailing.files.system import System
from django_logtail.tailing.history import open_generation, open_previous
from django_logtail.tailing.listing import newest_first
from django_logtail.tailing.newest import Newest, resolved
from django_logtail.tailing.texts import read_whole
from tests.length import at_length
from tests.tailing.faults import CALLS, ERRORS, Faulty
from tests.tailing.stage import A, B, C, D, LockStep, block, open_descriptors
from tests.tailing.test_races import Racing
from tests.tailing.test_scenarios import assert_chained

DATED, SHELL = "app-%Y-%m-%d.log", "app-*.log"
PROGRAMS = int(at_length("2000", short="200"))


def belonging_of(directory: Path, pattern: str, *others: Row) -> Belonging:
    path = directory / pattern
    registered = Registered([Row(1, path, is_newest=True), *others])
    return Belonging(path, "", 1, registered, matching=pattern)


class Several(LockStep):
    """Writes files of one directory, and follows the newest."""

    def __init__(self, directory: Path, pattern: str = DATED, *others: Row) -> None:
        super().__init__(directory)
        self.belonging = belonging_of(directory, pattern, *others)
        self.path = self.belonging.path

    def day(self, day: int) -> Path:
        return self.dir / f"app-2026-11-{day:02}.log"

    def start(self, encoding: str = "utf-8", **more: Any) -> None:
        super().start(encoding, belonging=self.belonging, **more)

    @property
    def names(self) -> list[str | int | None]:
        """Of the files that were left."""
        return [
            item.details.get("name")
            for item in self.items
            if isinstance(item, Event) and item.kind is Kind.ROTATED
        ]

    @property
    def currents(self) -> list[tuple[str, str | int | None]]:
        """Of the events that name the file which the stream has come to."""
        return [
            (item.kind.value, item.details["current"])
            for item in self.items
            if isinstance(item, Event) and "current" in item.details
        ]

    @property
    def late(self) -> bytes:
        return b"".join(item.data for item in self.items if isinstance(item, Batch) and item.late)


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Several]:
    stage = Several(tmp_path)
    yield stage
    stage.close()


@pytest.fixture
def shell(tmp_path: Path) -> Iterator[Several]:
    stage = Several(tmp_path, SHELL)
    yield stage
    stage.close()


def written_at(path: Path, seconds: float) -> Path:
    os.utime(path, (seconds, seconds))
    return path


def names_of(belonging: Belonging) -> list[str]:
    """The names of the log's files, newest first."""
    return [found.name for found in newest_first(belonging, permit=lambda _: None) if found is not None]


# By date


def test_the_next_day_s_file_is_shown_as_a_rotation_of_the_last_one(stage: Several) -> None:
    stage.new(A, stage.day(28))
    stage.start()
    stage.append(B, stage.day(28))
    stage.new(C, stage.day(29))
    stage.shows(A, B, C)

    assert (stage.kinds, stage.names) == (["rotated"], ["app-2026-11-28.log"])
    assert stage.currents == [("started", "app-2026-11-28.log"), ("rotated", "app-2026-11-29.log")]
    assert stage.follower is not None
    assert stage.follower.path == stage.day(29)


def test_what_is_written_to_the_old_file_for_some_moments_is_shown_as_late(stage: Several) -> None:
    stage.new(A, stage.day(28))
    stage.start()
    write = stage.writer(stage.day(28))
    stage.new(B, stage.day(29))
    stage.settle()

    write(C)

    stage.shows(A, B, C)
    assert stage.late == C


def test_an_unfinished_last_line_of_the_old_file_is_a_line(stage: Several) -> None:
    stage.new(A + b"last", stage.day(28))
    stage.start()
    stage.new(B, stage.day(29))

    stage.settle()

    texts = [item.data for item in stage.items if isinstance(item, Batch) and not item.partial]
    assert b"".join(texts) == A + b"last" + B


def test_days_without_a_file_are_no_gap_and_unseen_days_are_read_in_order(stage: Several) -> None:
    stage.new(A, stage.day(20))
    stage.start()
    stage.new(B, stage.day(25))
    stage.new(C, stage.day(27))
    stage.new(D, stage.day(29))

    stage.shows(A, B, C, D)
    assert stage.kinds == ["rotated", "rotated", "rotated"]
    assert stage.names == ["app-2026-11-20.log", "app-2026-11-25.log", "app-2026-11-27.log"]


def test_tomorrow_s_empty_file_waits_until_it_is_written(stage: Several) -> None:
    stage.new(A, stage.day(28))
    stage.start()
    stage.new(b"", stage.day(29))
    stage.append(B, stage.day(28))
    stage.shows(A, B)
    assert stage.kinds == []
    stage.settle(100)
    stage.append(C, stage.day(28))
    stage.shows(A, B, C)

    stage.append(D, stage.day(29))

    stage.shows(A, B, C, D)
    assert stage.kinds == ["rotated"]


def test_a_file_that_waits_is_looked_at_often_at_first_and_then_each_second(stage: Several) -> None:
    stage.new(A, stage.day(28))
    stage.start()
    stage.settle(10)
    stage.new(b"", stage.day(29))
    stage.poll()
    assert stage.follower is not None

    dues = []
    for _ in range(60):
        stage.now = stage.follower.due or 0
        stage.poll()
        dues.append(round(stage.follower.due - stage.now, 3))

    assert dues[1] == 0.1
    assert dues[-1] == 1.0


def test_an_empty_newest_file_is_the_log_if_all_are_empty(stage: Several) -> None:
    stage.new(b"", stage.day(27))
    stage.new(b"", stage.day(28))
    stage.start()
    stage.append(A, stage.day(28))

    stage.shows(A)
    assert stage.kinds == []


def test_the_log_does_not_go_back_when_its_newest_file_is_removed(stage: Several) -> None:
    stage.new(A, stage.day(27))
    stage.new(B, stage.day(28))
    stage.start()
    write = stage.writer(stage.day(28))
    stage.day(28).unlink()
    stage.pause()
    write(C)
    stage.shows(B, C)
    assert stage.follower is not None
    assert (stage.kinds, stage.follower.state) == (["gone"], "missing")

    stage.new(D, stage.day(29))

    stage.shows(B, C, D)
    assert stage.kinds == ["gone", "back"]
    assert stage.follower.state == "reading"


def test_an_older_file_is_the_log_again_if_it_is_written_after_the_newest_was_removed(stage: Several) -> None:
    stage.new(A, stage.day(27))
    stage.new(B, stage.day(28))
    stage.start()
    stage.day(28).unlink()
    stage.pause()
    stage.append(C, stage.day(27))
    stage.settle(10)

    stage.shows(B, C)
    assert stage.follower is not None
    assert (stage.follower.state, stage.kinds) == ("reading", ["gone", "back"])


def test_after_a_file_of_the_far_future_was_removed_the_day_s_file_goes_on(stage: Several) -> None:
    stage.new(A, stage.day(28))
    stage.start()
    future = stage.dir / "app-2099-01-01.log"
    stage.new(B, future)
    stage.settle()
    future.unlink()
    stage.append(C, stage.day(28))
    stage.settle(700)
    stage.append(D, stage.day(28))
    stage.settle(10)

    stage.shows(A, B, C, D)
    assert stage.follower is not None
    assert stage.follower.state == "reading"
    assert stage.late == C


@pytest.mark.parametrize("pattern", [DATED, SHELL])
def test_a_newer_file_that_goes_before_it_is_opened_changes_nothing(tmp_path: Path, pattern: str) -> None:
    class Vanishing(System):
        def open_path(self, path: Path) -> int:
            if path.name == "app-2026-11-29.log":
                path.unlink(missing_ok=True)
            return super().open_path(path)

    stage = Several(tmp_path, pattern)
    stage.system = Vanishing()
    stage.new(A, stage.day(28))
    stage.start()
    stage.new(B, stage.day(29))
    stage.settle(10)
    stage.append(C, stage.day(28))

    stage.shows(A, C)
    assert stage.follower is not None
    assert stage.follower.state == "reading"
    stage.close()


def test_the_removed_newest_file_may_come_back(stage: Several) -> None:
    stage.new(A, stage.day(27))
    stage.new(B, stage.day(28))
    stage.start()
    stage.day(28).unlink()
    stage.pause()
    stage.new(C, stage.day(28))

    stage.shows(B, C)


def test_after_the_newest_was_removed_one_who_comes_sees_the_one_before(stage: Several) -> None:
    stage.new(A, stage.day(27))
    stage.new(B, stage.day(28))
    stage.day(28).unlink()
    stage.start()

    stage.shows(A)


def test_the_first_match_is_followed_when_it_appears(stage: Several) -> None:
    stage.start()
    assert stage.follower is not None
    assert stage.follower.state == "missing"

    stage.new(A, stage.day(28))

    stage.shows(A)
    assert (stage.kinds, stage.follower.state) == (["gone", "back"], "reading")
    assert stage.currents == [("back", "app-2026-11-28.log")]


def test_a_directory_that_does_not_exist_yet_may_appear_with_two_files(tmp_path: Path) -> None:
    stage = Several(tmp_path / "later")
    stage.start()
    stage.dir.mkdir()
    stage.new(A, stage.day(27))
    stage.new(B, stage.day(28))

    stage.shows(A, B)
    stage.close()


def test_a_restored_older_day_is_history_and_not_news(stage: Several) -> None:
    stage.new(A, stage.day(28))
    stage.start()
    stage.new(B, stage.day(3))
    stage.shows(A)
    stage.new(C, stage.day(29))

    stage.shows(A, C)


def test_names_decide_about_dates_and_not_times(stage: Several) -> None:
    for day, text, seconds in ((26, A, 3_000), (27, B, 2_000), (28, C, 1_000)):
        stage.new(text, stage.day(day))
        written_at(stage.day(day), seconds)
    stage.start()

    stage.shows(C)
    assert names_of(stage.belonging) == ["app-2026-11-28.log", "app-2026-11-27.log", "app-2026-11-26.log"]


def test_the_last_lines_are_those_of_the_newest_file(stage: Several) -> None:
    stage.new(A, stage.day(27))
    stage.new(B, stage.day(28))
    stage.start(start=LastLines(2))

    stage.shows(b"".join(B.splitlines(keepends=True)[-2:]))


def test_a_day_s_file_may_be_rotated_by_number_too(stage: Several) -> None:
    stage.new(A, stage.day(28))
    stage.start()
    stage.move("app-2026-11-28.log.1", stage.day(28))
    stage.new(B, stage.day(28))
    stage.shows(A, B)
    stage.new(C, stage.day(29))
    stage.shows(A, B, C)

    assert stage.names == ["app-2026-11-28.log.1", "app-2026-11-28.log"]
    assert names_of(stage.belonging) == ["app-2026-11-29.log", "app-2026-11-28.log", "app-2026-11-28.log.1"]


def test_a_day_s_file_may_be_copied_and_emptied(stage: Several) -> None:
    stage.new(A, stage.day(28))
    stage.start()
    stage.append(B, stage.day(28))
    shutil.copy(stage.day(28), stage.dir / "app-2026-11-28.log.1")
    os.truncate(stage.day(28), 0)
    stage.append(C, stage.day(28))

    stage.shows(A, B, C)


class Ahead(System):
    """A system whose clock can be put forward."""

    seconds_ahead = 0

    def wall_ns(self) -> int:
        return super().wall_ns() + self.seconds_ahead * 1_000_000_000


@pytest.mark.parametrize("pattern", [DATED, SHELL])
def test_files_that_appear_while_the_directory_rests_are_unseen_until_it_is_listed(
    tmp_path: Path, pattern: str
) -> None:
    stage = Several(tmp_path, pattern)
    stage.system = system = Ahead()
    stage.new(A, stage.day(27))
    stage.start()
    stage.settle(10)
    (stage.dir / "other").touch()
    stage.poll()  # lists, and rests
    stage.new(B, stage.day(28))
    system.seconds_ahead = 10
    stage.poll()
    stage.new(C, stage.day(29))

    stage.shows(A, B, C)
    stage.close()


# Places


def place_after(stage: Several, *, at: int) -> Place:
    """A place in the current file."""
    assert stage.follower is not None
    position = stage.follower.position
    assert position is not None
    return Place(position.file, at)


def test_a_place_in_an_older_file_continues_there_and_reads_what_came_since(tmp_path: Path) -> None:
    before = Several(tmp_path)
    before.new(A, before.day(25))
    before.start()
    place = place_after(before, at=len(A))
    before.close()
    before.append(B, before.day(25))
    before.new(C, before.day(27))
    before.new(D, before.day(29))

    again = Several(tmp_path)
    again.start(start=Resume(place))

    again.shows(B, C, D)
    assert again.names == ["app-2026-11-25.log", "app-2026-11-27.log"]
    assert again.currents == [
        ("started", "app-2026-11-25.log"),
        ("rotated", "app-2026-11-27.log"),
        ("rotated", "app-2026-11-29.log"),
    ]
    again.close()


def test_a_day_compressed_unseen_is_missed_in_words(tmp_path: Path) -> None:
    before = Several(tmp_path)
    before.new(A, before.day(25))
    before.start()
    place = place_after(before, at=len(A))
    before.close()
    (tmp_path / "app-2026-11-27.log.gz").write_bytes(gzip.compress(B))
    before.new(C, before.day(29))

    again = Several(tmp_path)
    again.start(start=Resume(place))

    again.shows(C)
    assert again.kinds == ["missed", "rotated"]
    again.close()


# History


def test_older_matches_are_the_log_s_history_compressed_or_not(stage: Several) -> None:
    (stage.dir / "app-2026-11-26.log.gz").write_bytes(gzip.compress(A))
    stage.new(B, stage.day(27))
    stage.new(C, stage.day(28))
    stage.new(b"", stage.day(29))
    stage.new(D, stage.dir / "app-old.log")

    found = [one for one in newest_first(stage.belonging, permit=lambda _: None) if one is not None]

    assert [one.name for one in found] == [
        "app-2026-11-28.log",
        "app-2026-11-27.log",
        "app-2026-11-26.log.gz",
    ]
    texts = []
    for one in found:
        text = open_generation(stage.belonging, one.id)
        assert text is not None
        texts.append(read_whole(text, 0, 10_000))
        previous = open_previous(stage.belonging, text)
        texts.append(read_whole(previous[1], 0, 10_000) if previous else b"")
        text.close()
        if previous:
            previous[1].close()
    assert texts == [C, B, B, A, A, b""]


def test_the_newest_by_time_has_the_others_as_its_history(shell: Several) -> None:
    for name, text, seconds in (("a", A, 2_000), ("b", B, 3_000), ("c", C, 1_000)):
        shell.new(text, shell.dir / f"app-{name}.log")
        written_at(shell.dir / f"app-{name}.log", seconds)

    assert names_of(shell.belonging) == ["app-b.log", "app-a.log", "app-c.log"]


def test_of_two_files_of_one_time_the_last_by_name_is_the_newest(shell: Several) -> None:
    for name in "bca":
        shell.new(name.encode(), shell.dir / f"app-{name}.log")
        written_at(shell.dir / f"app-{name}.log", 1_000)

    assert resolved(System(), shell.belonging).path.name == "app-c.log"


# By time


def test_a_new_file_becomes_the_log_whatever_its_name(shell: Several) -> None:
    shell.new(A, shell.dir / "app-z.log")
    shell.start()
    shell.new(B, shell.dir / "app-a.log")
    shell.shows(A, B)
    shell.new(C, shell.dir / "app-m.log")

    shell.shows(A, B, C)
    assert shell.names == ["app-z.log", "app-a.log"]


def test_two_new_files_between_two_looks_are_both_read(shell: Several) -> None:
    shell.new(A, shell.dir / "app-z.log")
    shell.start()
    shell.new(B, shell.dir / "app-a.log")
    shell.new(C, shell.dir / "app-m.log")
    shell.settle(20)

    assert sorted(bytes(shell.output).splitlines()) == sorted((A + B + C).splitlines())


def test_a_new_file_counts_even_if_the_old_one_was_written_once_more(shell: Several) -> None:
    shell.new(A, shell.dir / "app-1.log")
    shell.start()
    shell.new(B, shell.dir / "app-2.log")
    written_at(shell.dir / "app-1.log", shell.dir.stat().st_mtime + 1)

    shell.shows(A, B)


def test_a_restored_old_file_is_not_the_newest(shell: Several) -> None:
    shell.new(A, shell.dir / "app-2.log")
    shell.start()
    shell.new(B, shell.dir / "app-1.log")
    written_at(shell.dir / "app-1.log", 1_000)

    shell.shows(A)


def test_an_older_file_that_is_written_again_continues_where_it_ended(shell: Several) -> None:
    shell.new(A, written_at_name(shell, "app-1.log"))
    written_at(shell.dir / "app-1.log", 1_000)
    shell.new(B, shell.dir / "app-2.log")
    written_at(shell.dir / "app-2.log", 2_000)
    shell.start()
    shell.shows(B)

    shell.append(C, shell.dir / "app-1.log")
    shell.settle(10)

    shell.shows(B, C)
    assert shell.names == ["app-2.log"]


def written_at_name(stage: Several, name: str) -> Path:
    return stage.dir / name


def test_a_file_that_was_the_log_before_can_be_it_again_without_a_repeated_line(shell: Several) -> None:
    shell.new(A, shell.dir / "app-1.log")
    shell.start()
    shell.new(B, shell.dir / "app-2.log")
    shell.shows(A, B)
    shell.settle(700)  # the first one is closed

    shell.append(C, shell.dir / "app-1.log")
    shell.settle(10)

    shell.shows(A, B, C)
    assert shell.names == ["app-1.log", "app-2.log"]


def test_two_files_written_in_turn_are_both_shown_whole(shell: Several) -> None:
    one, two = shell.dir / "app-1.log", shell.dir / "app-2.log"
    shell.new(b"", one)
    shell.new(b"", two)
    shell.start()
    lines = []
    for number in range(400):
        lines.append(b"line %d\n" % number)
        shell.append(lines[-1], two if number % 2 else one)
        shell.settle(0.5)
    shell.settle(10)

    assert sorted(bytes(shell.output).splitlines(keepends=True)) == sorted(lines)
    assert len(shell.names) < 20


# What belongs


def test_a_file_of_another_row_is_never_the_newest_nor_history(tmp_path: Path) -> None:
    stage = Several(tmp_path, SHELL, Row(2, tmp_path / "app-web.log"))
    stage.new(A, tmp_path / "app-1.log")
    stage.start()
    stage.new(B, tmp_path / "app-web.log")
    stage.new(B, tmp_path / "app-web.log.1")
    stage.shows(A)
    stage.new(C, tmp_path / "app-2.log")

    stage.shows(A, C)
    assert names_of(stage.belonging) == ["app-2.log", "app-1.log"]
    stage.close()


def test_links_and_other_things_are_no_matches(stage: Several) -> None:
    stage.new(A, stage.day(25))
    stage.new(B, stage.dir / "secret")
    stage.day(26).symlink_to(stage.dir / "secret")
    os.mkfifo(stage.day(27))
    stage.day(28).mkdir()
    (stage.dir / "app-2026-11-29.log.gz").write_bytes(gzip.compress(B))
    stage.start()

    stage.shows(A)


def test_a_link_put_in_the_place_of_the_newest_file_shows_no_file_of_another_row(tmp_path: Path) -> None:
    stage = Several(tmp_path, DATED, Row(2, tmp_path / "web.log"))
    stage.new(A, stage.day(28))

    def permit(descriptor: int) -> str | None:
        found = os.fstat(descriptor)
        return stage.belonging.refusal(System().name_of(descriptor), (found.st_dev, found.st_ino))

    stage.start(permit=permit)
    stage.new(B, tmp_path / "web.log.1")
    stage.day(28).unlink()
    stage.day(28).symlink_to(tmp_path / "web.log.1")
    stage.shows(A)

    assert stage.follower is not None
    assert stage.follower.state == "refused"
    stage.close()


def test_a_pattern_s_files_belong_to_the_row_that_describes_them_more_closely(tmp_path: Path) -> None:
    path = tmp_path / "app-2026-11-28.log"
    path.write_bytes(A)
    found = path.stat()
    plain, dated, shell = (
        Row(1, tmp_path / "app.log"),
        Row(2, tmp_path / DATED, is_newest=True),
        Row(3, tmp_path / "*.log", is_newest=True),
    )
    registered = Registered([plain, dated, shell])

    takes = [registered.takes(row.key, path, (found.st_dev, found.st_ino)) for row in (plain, dated, shell)]

    assert takes == [True, False, True]


# In the middle of a look, and among failures


@pytest.mark.parametrize("pattern", [DATED, SHELL])
@pytest.mark.parametrize("call", range(1, 60, 2))
def test_days_that_pass_at_any_call_lose_nothing(tmp_path: Path, call: int, pattern: str) -> None:
    (tmp_path / "logs").mkdir()
    stage = Several(tmp_path / "logs", pattern)
    stage.system = Racing()
    stage.new(A, stage.day(25))
    stage.start()
    stage.append(B, stage.day(25))
    stage.new(C, stage.day(26))

    def passes() -> None:
        stage.append(block("late"), stage.day(26))
        stage.new(D, stage.day(28))
        stage.new(block("E"), stage.day(29))

    stage.system.left, stage.system.happens = call, passes
    stage.settle(15)
    was_reached, stage.system.left = stage.system.left <= 0, -1
    if not was_reached:
        passes()

    stage.shows(A, B, C, block("late"), D, block("E"))
    assert_chained(stage)
    stage.close()


@pytest.mark.parametrize("number", ERRORS, ids=errno.errorcode.get)
@pytest.mark.parametrize("call", CALLS)
def test_a_call_that_fails_while_the_days_pass_costs_only_time(
    call: str, number: int, tmp_path: Path
) -> None:
    before = open_descriptors()
    (tmp_path / "logs").mkdir()
    stage = Several(tmp_path / "logs")
    stage.system = Faulty()
    stage.new(A, stage.day(27))
    stage.start()
    stage.shows(A)

    stage.system.fail_always(call, number)
    stage.append(B, stage.day(27))
    stage.settle()
    stage.new(C, stage.day(28))
    stage.settle()
    stage.system.work()
    stage.settle(10)

    stage.shows(A, B, C)
    assert stage.follower is not None
    assert stage.follower.state == "reading"
    stage.close()
    assert open_descriptors() == before


# Cost


class Counting(System):
    """Counts lists and looks at files."""

    def __init__(self) -> None:
        self.lists = self.looks = 0

    def names_in(self, directory: Path, most: int) -> list[str]:
        self.lists += 1
        return super().names_in(directory, most)

    def lstat(self, path: Path | str) -> os.stat_result:
        self.looks += 1
        return super().lstat(path)


@pytest.mark.parametrize(("pattern", "most_looks"), [(DATED, 60), (SHELL, 14_000)])
def test_a_thousand_matches_cost_a_list_now_and_then(tmp_path: Path, pattern: str, most_looks: int) -> None:
    for number in range(1_000):
        (
            tmp_path / f"app-{2020 + number // 300}-{number // 25 % 12 + 1:02}-{number % 25 + 1:02}.log"
        ).write_bytes(A)
    system = Counting()
    newest = Newest(system, belonging_of(tmp_path, pattern))
    now = 0.0
    while now < 60:  # written all the time, and looked at 20 times a second
        if newest.must_look(now):
            newest.look(now, set())
        now += 0.05

    assert system.lists == 13
    assert system.looks <= most_looks


def test_a_storm_of_new_names_costs_ten_lists_a_second(tmp_path: Path) -> None:
    system = Counting()
    newest = Newest(system, belonging_of(tmp_path, DATED))
    for number in range(200):
        (tmp_path / f"other{number}").write_bytes(A)
        if newest.must_look(number / 100):
            newest.look(number / 100, set())

    assert 19 <= system.lists <= 21


def test_only_the_first_files_without_text_are_waited_for(tmp_path: Path) -> None:
    for day in range(1, 31):
        (tmp_path / f"app-2026-11-{day:02}.log").write_bytes(A if day == 1 else b"")
    system = Counting()
    newest = Newest(system, belonging_of(tmp_path, DATED))
    newest.look(0, set())
    newest.look(0.1, set())  # a directory that has changed is listed twice
    system.looks = 0

    newest.must_look(0.15)

    assert newest.path == tmp_path / "app-2026-11-01.log"
    assert system.looks == 8


def test_a_look_that_may_not_wait_lists_nothing(stage: Several) -> None:
    stage.new(A, stage.day(28))
    stage.system = Counting()
    stage.start()
    assert stage.follower is not None
    stage.settle(10)
    stage.system.lists = 0
    stage.new(B, stage.day(29))

    assert stage.follower.poll(stage.now, may_wait=False) == []
    assert (stage.follower.must_wait, stage.system.lists) == (True, 0)
    stage.shows(A, B)


def test_a_directory_that_cannot_be_listed_is_said(tmp_path: Path) -> None:
    class Closed(System):
        def names_in(self, directory: Path, most: int) -> list[str]:
            raise PermissionError(13, "no")

    stage = Several(tmp_path)
    stage.system = Closed()
    stage.new(A, stage.day(28))
    stage.start()

    assert stage.follower is not None
    assert stage.follower.state == "unreadable"
    stage.close()


def test_the_kernel_tells_of_a_new_name(tmp_path: Path) -> None:
    day = tmp_path / "app-2026-11-28.log"
    day.write_bytes(A)
    belonging = belonging_of(tmp_path, DATED)
    follower = Follower(belonging.path, FromStart(), belonging=belonging)
    followers = FollowerSet()
    followers.add("log", follower)
    for _ in range(3):
        for key in followers.due(0.0):
            follower.poll(0.0)
            followers.polled(key, 0.0)
        followers.read_hints()

    (tmp_path / "app-2026-11-29.log").write_bytes(B)
    hinted = followers.read_hints()
    followers.remove("log")
    followers.close()
    follower.close()

    assert hinted == {"log"}


# Random programs, against numbered lines


class Program:
    """Days pass at random, with everything that may happen to such files; lines are numbered."""

    def __init__(self, directory: Path, chance: random.Random) -> None:
        directory.mkdir()
        self.directory, self.random = directory, chance
        self.pattern = chance.choice((DATED, DATED, SHELL, "app-*.log"))
        self.day, self.written, self.now = 1, 0, 1000.0
        self.order: list[int] = []
        self.items: list[Batch | Event] = []
        self.place: Place | None = None
        self.steps: list[str] = []
        self.write()
        self.follower = self.follow()
        self.poll()

    def file(self, day: int) -> Path:
        if self.pattern == DATED:
            return self.directory / f"app-2026-{day // 28 + 1:02}-{day % 28 + 1:02}.log"
        return self.directory / f"app-{hash((day, 7)) % 1000:03}-{day}.log"

    def follow(self) -> Follower:
        start = FromStart() if self.place is None else Resume(self.place)
        belonging = belonging_of(self.directory, self.pattern, Row(2, self.directory / "app-audit.log"))
        return Follower(belonging.path, start, belonging=belonging)

    def write(self) -> None:
        with self.file(self.day).open("ab") as file:
            for _ in range(self.random.randint(1, 5)):
                self.written += 1
                file.write(b"line %d %s\n" % (self.written, b"x" * self.random.choice((0, 40, 300))))

    def next_day(self) -> None:
        self.day += self.random.choice((1, 1, 1, 3))
        if self.random.random() < 0.3:
            self.file(self.day).touch()
            self.poll()
        self.write()

    def compress(self) -> None:
        """One that was read: the others would be missed, in words."""
        days = [day for day in range(1, self.day - 2) if self.file(day).exists()]
        if not days or self.follower.has_more:
            return
        self.settle()
        path = self.file(days[0])
        packed = path.with_name(path.name + ".gz")
        packed.write_bytes(gzip.compress(path.read_bytes(), 1))
        found = path.stat()
        os.utime(packed, ns=(found.st_atime_ns, found.st_mtime_ns))
        path.unlink()

    def others(self) -> None:
        for name in (
            "app.log",
            "app-audit.log",
            "app-audit.log.1",
            "app-2026-01-01.log.bak",
            "my-app-2026-12-30.log",
        ):
            with (self.directory / name).open("ab") as file:
                file.write(b"secret %d\n" % self.written)

    def poll(self, budget: int = 262_144) -> None:
        items = self.follower.poll(self.now, budget)
        self.items += items
        for item in items:
            if isinstance(item, Event):
                assert item.before == self.place, self
                self.place = item.after
            elif not item.partial and not item.late:
                assert item.before == self.place, self
                self.place = Place(item.before.file, item.end)
        self.now += self.random.choice((0.001, 0.3, 2.0))

    def poll_a_little(self) -> None:
        self.poll(self.random.choice((0, 150, 262_144)))

    def settle(self) -> None:
        for _ in range(8):
            self.poll()
            while self.follower.has_more:
                self.poll()

    def restart(self) -> None:
        self.follower.close()
        for _ in range(self.random.choice((0, 0, 1, 2))):
            self.next_day_unseen()
        self.follower = self.follow()
        self.poll()

    def next_day_unseen(self) -> None:
        self.day += 1
        self.write()

    def play(self, steps: int = 25) -> None:
        operations = {
            self.write: 6,
            self.next_day: 6,
            self.poll_a_little: 6,
            self.settle: 1,
            self.compress: 1,
            self.others: 1,
            self.restart: 1,
        }
        for _ in range(steps):
            operation = self.random.choices(list(operations), list(operations.values()))[0]
            self.steps.append(operation.__name__)
            operation()
        self.write()
        self.now += 10
        self.settle()
        self.now += 10
        self.settle()
        self.follower.close()

    def lines(self) -> list[bytes]:
        texts: Collection[bytes] = [
            item.data for item in self.items if isinstance(item, Batch) and not item.partial
        ]
        return b"".join(texts).splitlines()

    def check(self) -> None:
        numbers = [line.split()[:2] for line in self.lines()]
        assert numbers == [[b"line", b"%d" % (number + 1)] for number in range(self.written)], self
        assert not [item for item in self.items if isinstance(item, Event) and item.kind is Kind.MISSED], self

    def __repr__(self) -> str:
        return f"{self.pattern}: {self.steps}"


@pytest.mark.parametrize("first", range(0, PROGRAMS, 100))
def test_over_many_days_every_line_is_shown_once_and_in_order(first: int, tmp_path: Path) -> None:
    for seed in range(first, first + 100):
        program = Program(tmp_path / str(seed), random.Random(seed))
        try:
            program.play()
            program.check()
        except AssertionError as error:
            raise AssertionError(f"seed {seed}: {error}") from error
        finally:
            program.follower.close()
            shutil.rmtree(program.directory)
