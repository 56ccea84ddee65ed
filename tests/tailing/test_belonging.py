"""No log takes a file that is another row's."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from django_logtail.tailing.belonging import Belonging, Registered, Row
from django_logtail.tailing.files.system import System
from django_logtail.tailing.history import open_generation, open_previous
from tests.tailing.stage import A, B, C, LockStep
from tests.tailing.test_history import LONG, id_of, plain

REFUSED = "reason:belongs-to-another?"


def inode(path: Path) -> tuple[int, int]:
    found = path.stat()
    return found.st_dev, found.st_ino


def among(*rows: Row) -> Belonging:
    """What belongs to the first of these rows."""
    return Belonging(rows[0].path, rows[0].pattern, rows[0].key, Registered(rows))


def is_foreign(belonging: Belonging, path: Path) -> bool:
    return belonging.is_foreign(path, inode(path))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "app.log"
    path.write_bytes(LONG)
    return path


def test_what_another_row_names_is_foreign_whatever_it_is_called(path: Path) -> None:
    other = path.with_name("app.log.1")
    other.write_bytes(B)

    assert not is_foreign(among(Row(1, path)), other)
    assert is_foreign(among(Row(1, path), Row(2, other)), other)


def test_what_another_row_names_through_a_link_is_foreign(path: Path, tmp_path: Path) -> None:
    other = path.with_name("app.log.1")
    other.write_bytes(B)
    (tmp_path / "link").symlink_to(other)

    assert is_foreign(among(Row(1, path), Row(2, tmp_path / "link")), other)


def test_a_hard_link_to_the_file_of_another_row_is_foreign(path: Path, tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_bytes(B)
    os.link(secret, path.with_name("app.log.1"))

    assert is_foreign(among(Row(1, path), Row(2, secret)), path.with_name("app.log.1"))


def test_a_name_that_two_rows_rotate_to_is_that_of_the_longest(path: Path) -> None:
    daily = path.with_name("app-2026-11-28.log")
    both = path.with_name("app-2026-11-28.log.1")
    both.write_bytes(B)

    assert is_foreign(among(Row(1, path), Row(2, daily)), both)
    assert not is_foreign(among(Row(2, daily), Row(1, path)), both)


def test_a_name_that_two_rows_of_one_length_rotate_to_is_nobodys(tmp_path: Path) -> None:
    rows = [
        Row(key, tmp_path / name / "app.log", f"{tmp_path}/old/{{name}}-{{date}}")
        for key, name in ((1, "a"), (2, "b"))
    ]
    for each in ("a", "b", "old"):
        (tmp_path / each).mkdir()
    old = tmp_path / "old" / "app.log-20261128"
    old.write_bytes(B)

    assert is_foreign(among(*rows), old)
    assert is_foreign(among(*rows[::-1]), old)


def test_a_link_to_the_own_file_of_another_row_is_refused_in_words(path: Path, tmp_path: Path) -> None:
    link = tmp_path / "link.log"
    link.symlink_to(path)
    belonging = among(Row(2, link), Row(1, path))

    assert belonging.refusal(path, inode(path)) == REFUSED
    assert among(Row(1, path), Row(2, link)).refusal(path, inode(path)) is None


def test_the_row_of_another_host_that_has_the_same_path_takes_nothing(path: Path) -> None:
    older = path.with_name("app.log.1")
    older.write_bytes(B)
    belonging = among(Row(2, path), Row(1, path))

    assert not is_foreign(belonging, older)
    assert belonging.refusal(path, inode(path)) is None


def test_rows_that_are_new_are_known_at_once(path: Path) -> None:
    registered = Registered([Row(1, path)])
    older = path.with_name("app.log.1")
    older.write_bytes(B)
    belonging = Belonging(path, "", 1, registered)
    assert not is_foreign(belonging, older)

    registered.update([Row(1, path), Row(2, older)])

    assert is_foreign(belonging, older)


def test_no_id_and_no_previous_file_leads_to_a_file_of_another_row(path: Path) -> None:
    other = path.with_name("app.log.1")
    other.write_bytes(B * 100)
    belonging = among(Row(1, path), Row(2, other))
    text = plain(path)

    assert open_previous(belonging, text) is None
    assert open_generation(belonging, id_of(other)) is None
    text.close()


def test_an_inode_given_to_another_file_is_told_by_its_birth(path: Path) -> None:
    class Reused(System):
        def birth(self, descriptor: int) -> int:
            return super().birth(descriptor) + 1

    path.write_bytes(A)  # so short a text proves little
    file = id_of(path)
    found = open_generation(path, file)

    assert found is not None
    found.close()
    assert open_generation(path, file, system=Reused()) is None


def test_an_id_of_an_inode_alone_selects_nothing(path: Path) -> None:
    found = path.stat()
    of_nothing = "e4a6a0577479b2b4"

    assert open_generation(path, f"{found.st_dev:x}-{found.st_ino:x}-0-0-{of_nothing}") is None


def test_the_rotation_of_a_log_passes_over_what_is_another_rows(tmp_path: Path) -> None:
    (tmp_path / "logs").mkdir()
    stage = LockStep(tmp_path / "logs")
    stage.new(A)
    other = stage.dir / "app.log.1"
    stage.start(belonging=among(Row(1, stage.path), Row(2, other)))
    stage.move("app.log.2")
    stage.new(B, other)
    stage.new(C)

    stage.shows(A, C)
    stage.close()


@pytest.mark.parametrize(
    ("log", "beside"),
    [
        ("log", "log2"),
        ("app.log", "app2.log"),
        ("app.log", "app-old.log"),
        ("app.log", "app-2.log"),
        ("worker1.log", "worker10.log"),
        ("app.log", "app.log~"),
        ("app.log", "app.log.old"),
    ],
)
def test_what_only_looks_like_a_rotation_is_not_shown_at_the_next_one(
    tmp_path: Path, log: str, beside: str
) -> None:
    (tmp_path / "logs").mkdir()
    stage = LockStep(tmp_path / "logs")
    stage.path = stage.dir / log
    stage.new(A)
    stage.start()
    stage.new(B, stage.dir / beside)
    stage.move(f"{log}.1")
    stage.new(C)

    stage.shows(A, C)
    stage.close()


class DeadMount(System):
    """A system in which nothing below one directory answers, once it is dead."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.is_dead, self.looks = False, 0
        self.never = threading.Event()

    def lstat(self, path: Path) -> os.stat_result:
        self.looks += 1
        if self.is_dead and path.is_relative_to(self.directory):
            self.never.wait()
        return super().lstat(path)


@pytest.fixture
def dead(tmp_path: Path) -> Iterator[DeadMount]:
    for directory in ("dead", "sound"):
        (tmp_path / directory).mkdir()
    system = DeadMount(tmp_path / "dead")
    yield system
    system.never.set()


def test_a_row_on_a_dead_mount_does_not_hold_up_what_is_decided_for_others(
    dead: DeadMount, tmp_path: Path
) -> None:
    dead.is_dead = True
    rows = [
        Row(1, tmp_path / "sound/app.log"),
        Row(2, tmp_path / "dead/x.log"),
        Row(3, tmp_path / "sound/b.log"),
    ]
    (tmp_path / "sound/b.log").touch()
    (tmp_path / "sound/app.log.1").touch()
    registered = Registered(rows, system=dead)

    def taken(name: str) -> bool:
        found = (tmp_path / name).stat() if not name.startswith("dead") else None
        inode = (found.st_dev, found.st_ino) if found else (0, 0)
        return registered.takes(1, tmp_path / name, inode)

    answers = []
    asking = threading.Thread(
        target=lambda: answers.extend(
            map(taken, ["sound/b.log", "sound/app.log.1", "dead/x.log", "dead/x.log.1"])
        ),
        daemon=True,
    )
    asking.start()
    asking.join(20)

    assert answers == [True, False, True, True]


def test_of_a_directory_that_died_what_was_known_counts(dead: DeadMount, tmp_path: Path) -> None:
    now = [0.0]
    dead.seconds = lambda: now[0]
    (tmp_path / "dead/x.log").touch()
    found = (tmp_path / "dead/x.log").stat()
    hard_link = tmp_path / "sound/app.log.1"
    os.link(tmp_path / "dead/x.log", hard_link)
    registered = Registered(
        [Row(1, tmp_path / "sound/app.log"), Row(2, tmp_path / "dead/x.log")], system=dead
    )
    assert registered.takes(1, hard_link, (found.st_dev, found.st_ino))

    dead.is_dead, now[0] = True, 100.0

    assert registered.takes(1, hard_link, (found.st_dev, found.st_ino))


def test_a_thousand_rows_are_looked_at_once_in_a_while_and_not_for_each_question(
    dead: DeadMount, tmp_path: Path
) -> None:
    now = [0.0]
    dead.seconds = lambda: now[0]
    rows = [Row(key, tmp_path / f"sound/{key}.log") for key in range(1_000)]
    registered = Registered(rows, system=dead)

    for seconds in (0.0, 4.9, 5.1):
        now[0] = seconds
        for key in range(100):
            assert not registered.has_another_owner(key, tmp_path / f"sound/{key}.log")

    assert dead.looks == 2_000


def test_rows_that_change_are_looked_at_at_once(dead: DeadMount, tmp_path: Path) -> None:
    registered = Registered([Row(1, tmp_path / "sound/app.log")], system=dead)
    assert not registered.takes(1, tmp_path / "sound/b.log", (0, 0))

    registered.update([Row(1, tmp_path / "sound/app.log"), Row(2, tmp_path / "sound/b.log")])

    assert registered.takes(1, tmp_path / "sound/b.log", (0, 0))


def test_a_directory_that_is_a_link_lays_no_older_row_over_a_newer_one(tmp_path: Path) -> None:
    (tmp_path / "narrow").mkdir()
    (tmp_path / "wide").symlink_to("narrow")
    file = tmp_path / "narrow/app.log"
    file.write_bytes(A)
    wide, narrow = Row(1, tmp_path / "wide/app.log"), Row(2, file)

    assert among(wide, narrow).refusal(file, inode(file)) == REFUSED
    assert among(narrow, wide).refusal(file, inode(file)) is None


def test_of_two_rows_that_lead_to_a_file_as_directly_the_older_has_it(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    for name in ("one", "two"):
        (tmp_path / name).symlink_to("real")
    file = tmp_path / "real/app.log"
    file.write_bytes(A)
    one, two = Row(1, tmp_path / "one/app.log"), Row(2, tmp_path / "two/app.log")

    assert among(one, two).refusal(file, inode(file)) is None
    assert among(two, one).refusal(file, inode(file)) == REFUSED


def test_a_link_to_another_row_s_older_file_is_refused(tmp_path: Path) -> None:
    older = tmp_path / "narrow.log.1"
    older.write_bytes(A)
    (tmp_path / "narrow.log").write_bytes(B)
    (tmp_path / "wide.log").symlink_to(older)
    wide, narrow = Row(1, tmp_path / "wide.log"), Row(2, tmp_path / "narrow.log")

    assert among(wide, narrow).refusal(older, inode(older)) == REFUSED
    assert among(wide, Row(2, tmp_path / "other.log")).refusal(older, inode(older)) is None


def test_a_file_that_has_a_row_is_that_row_s_though_rotation_could_have_made_it(tmp_path: Path) -> None:
    older = tmp_path / "app.log.1"
    older.write_bytes(A)
    log, own = Row(1, tmp_path / "app.log"), Row(2, older)

    assert among(own, log).refusal(older, inode(older)) is None


def test_a_log_that_was_rotated_is_still_its_own(tmp_path: Path) -> None:
    file = tmp_path / "app.log"
    file.write_bytes(A)
    mine = among(Row(1, file), Row(2, tmp_path / "other.log"))
    file.rename(older := tmp_path / "app.log.1")
    file.write_bytes(B)

    assert mine.refusal(older, inode(older)) is None
