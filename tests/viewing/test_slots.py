"""How many things one user has at a time, counted across the processes of a host."""

from __future__ import annotations

import itertools
import os
import subprocess
import sys
from pathlib import Path

import pytest
from django.db import connections

from django_logtail.viewing.slots import Slots, _place_of
from tests.stack import CHECKOUT, wait_until

#: Takes slots as its arguments say, prints how many it got, and holds them until its input ends.
HOLDER = """
import sys, os, pathlib, django
os.environ["DJANGO_SETTINGS_MODULE"] = "tests.settings"
django.setup()
from django.db import connections
from django_logtail.viewing.slots import Slots
connections.settings["default"]["NAME"] = "mysite"
slots = Slots(pathlib.Path(sys.argv[1]))
held = [slots.take(sys.argv[2], sys.argv[3], int(sys.argv[4])) for _ in range(int(sys.argv[5]))]
print(sum(one is not None for one in held), flush=True)
sys.stdin.read()
"""


@pytest.fixture(autouse=True)
def database(monkeypatch: pytest.MonkeyPatch) -> None:
    """The one of the other processes too, which know nothing of a test's."""
    monkeypatch.setitem(connections.settings["default"], "NAME", "mysite")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "slots"


def hold(folder: Path, user: str, kind: str, most: int, tries: int) -> tuple[subprocess.Popen[str], int]:
    """Another process, and how many slots it got."""
    process = subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(folder), user, kind, str(most), str(tries)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=CHECKOUT,
    )
    assert process.stdout is not None
    return process, int(process.stdout.readline())


def end(process: subprocess.Popen[str]) -> None:
    process.kill()
    process.communicate()


def test_a_user_gets_as_many_as_the_limit_and_one_more_when_one_is_free(folder):
    slots = Slots(folder)
    taken = [slots.take("7", "viewers", 3) for _ in range(3)]

    assert None not in taken
    assert slots.take("7", "viewers", 3) is None
    taken[1].free()
    taken[1].free()
    assert slots.take("7", "viewers", 3) is not None
    assert slots.take("7", "viewers", 3) is None


def test_kinds_and_users_are_counted_apart(folder):
    slots = Slots(folder)
    assert slots.take("7", "viewers", 1)

    assert slots.take("7", "viewers", 1) is None
    assert slots.take("7", "downloads", 1)
    assert slots.take("8", "viewers", 1)
    assert slots.take("", "viewers", 1)


def test_two_processes_count_together(folder):
    slots = Slots(folder)
    other, got = hold(folder, "7", "viewers", 5, 3)

    mine = [slots.take("7", "viewers", 5) for _ in range(4)]

    assert got == 3
    assert [one is not None for one in mine] == [True, True, False, False]
    end(other)
    assert slots.take("7", "viewers", 5) is not None


def test_a_process_that_is_killed_frees_what_it_had(folder):
    other, got = hold(folder, "7", "viewers", 2, 2)
    slots = Slots(folder)
    assert (got, slots.take("7", "viewers", 2)) == (2, None)

    end(other)

    assert slots.take("7", "viewers", 2) is not None


def test_what_is_freed_here_can_be_taken_there(folder):
    slots = Slots(folder)
    mine = slots.take("7", "viewers", 1)
    other, got = hold(folder, "7", "viewers", 1, 1)
    end(other)
    assert got == 0

    mine.free()

    other, got = hold(folder, "7", "viewers", 1, 1)
    end(other)
    assert got == 1


def test_a_forked_child_has_none_of_its_parent_s_and_frees_none(folder):
    slots = Slots(folder)
    mine = slots.take("7", "viewers", 2)
    reads, writes = os.pipe()
    go_on, freed = os.pipe()
    child = os.fork()
    if child == 0:
        mine.free()
        got = [slots.take("7", "viewers", 2) is not None for _ in range(2)]
        os.write(writes, bytes(got))
        os.read(go_on, 1)
        os.write(writes, bytes([slots.take("7", "viewers", 2) is not None]))
        os._exit(0)

    first = os.read(reads, 2)
    other, while_ours = hold(folder, "7", "viewers", 2, 2)
    end(other)
    mine.free()
    os.write(freed, b".")
    os.waitpid(child, 0)
    then = os.read(reads, 1)
    for descriptor in (reads, writes, go_on, freed):
        os.close(descriptor)

    assert first == bytes([True, False])
    assert while_ours == 0  # the child's free() did not free ours
    assert then == bytes([True])  # and what we have freed since is no longer taken there


def test_the_file_is_nobody_else_s_and_empty(folder):
    slots = Slots(folder)
    slots.take("7", "viewers", 2)
    (file,) = folder.iterdir()

    assert folder.stat().st_mode & 0o777 == 0o700
    assert file.stat().st_mode & 0o777 == 0o600
    assert file.stat().st_size == 0


@pytest.mark.parametrize("fault", ["open to others", "a link", "a file", "no place"])
def test_without_a_file_of_its_own_each_process_counts_for_itself_and_says_so_once(
    tmp_path, folder, fault, caplog
):
    match fault:
        case "open to others":
            folder.mkdir(mode=0o755)
            folder.chmod(0o755)
        case "a link":
            (tmp_path / "elsewhere").mkdir(mode=0o700)
            folder.symlink_to(tmp_path / "elsewhere")
        case "a file":
            folder.write_bytes(b"")
        case "no place":
            folder = tmp_path / "not" / "there"
    slots = Slots(folder)

    taken = [slots.take("7", "viewers", 2) for _ in range(3)]

    assert [one is not None for one in taken] == [True, True, False]
    assert len([one for one in caplog.records if "counted in each process separately" in one.message]) == 1
    assert not list((tmp_path / "elsewhere").glob("*")) if fault == "a link" else True


def test_a_link_in_place_of_the_file_is_not_followed(folder, tmp_path, caplog):
    slots = Slots(folder)
    slots.take("7", "viewers", 1)
    (file,) = folder.iterdir()
    file.unlink()
    (tmp_path / "victim").write_bytes(b"precious")
    file.symlink_to(tmp_path / "victim")

    other = Slots(folder)

    assert other.take("7", "viewers", 1) is not None
    assert "counted in each process separately" in caplog.text


def test_a_file_that_was_tidied_away_is_made_again_once_nothing_is_taken(folder, monkeypatch):
    monkeypatch.setattr("django_logtail.viewing.slots.LOOK_SECONDS", 0.0)
    slots = Slots(folder)
    with slots.take("7", "viewers", 1):
        (file,) = folder.iterdir()
        file.unlink()

    with slots.take("7", "viewers", 1):
        other, got = hold(folder, "7", "viewers", 1, 1)
        end(other)

    assert got == 0


def test_places_of_different_users_do_not_overlap_and_fit_an_offset():
    places = sorted(
        _place_of(str(number), kind) for number in range(2_000) for kind in ("viewers", "searches")
    )

    assert len(set(places)) == 4_000
    assert min(b - a for a, b in itertools.pairwise(places)) >= 16_384
    assert places[0] >= 0
    assert places[-1] + 16_384 < 2**63 - 1


def test_ten_thousand_may_be_had(folder):
    slots = Slots(folder)
    taken = [slots.take("7", "viewers", 10_000) for _ in range(500)]
    assert None not in taken
    for one in taken:
        one.free()
    wait_until(lambda: slots.take("7", "viewers", 1))


def test_a_copy_of_the_project_with_another_database_counts_apart(folder, monkeypatch):
    assert Slots(folder).take("7", "viewers", 1) is not None
    names = {path.name for path in folder.iterdir()}

    monkeypatch.setitem(connections.settings["default"], "NAME", "staging")

    assert Slots(folder).take("7", "viewers", 1) is not None
    assert len({path.name for path in folder.iterdir()} | names) == 2
