"""Whether an open descriptor may be read."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from django_logtail.tailing import Follower, FromStart
from django_logtail.tailing.files.roots import Roots
from django_logtail.tailing.reasons import in_full


@pytest.fixture
def root(tmp_path: Path) -> Path:
    root = tmp_path.resolve() / "logs"
    root.mkdir()
    (root / "app.log").write_text("line\n")
    (root.parent / "secret").write_text("secret\n")
    return root


def refusal(roots: Roots, path: Path) -> str | None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        return roots.refusal(descriptor)
    finally:
        os.close(descriptor)


def test_a_file_inside_a_root_may_be_read(root: Path) -> None:
    assert refusal(Roots([root]), root / "app.log") is None
    (root / "deep" / "er").mkdir(parents=True)
    (root / "deep" / "er" / "x").touch()
    assert refusal(Roots([root.parent / "nowhere", root]), root / "deep" / "er" / "x") is None


def test_a_file_outside_is_refused_by_name(root: Path) -> None:
    secret = root.parent / "secret"

    assert in_full(refusal(Roots([root]), secret)) == f"path '{secret}' is outside LOGTAIL[\"ROOTS\"]"


def test_without_roots_nothing_may_be_read(root: Path) -> None:
    assert refusal(Roots([]), root / "app.log") is not None


@pytest.mark.parametrize("target", ["../secret", "/etc/passwd"])
def test_a_link_that_leads_out_is_refused_with_where_it_leads(root: Path, target: str) -> None:
    (root / "link").symlink_to(target)

    where = (root / target).resolve()
    assert in_full(refusal(Roots([root]), root / "link")) == f"path '{where}' is outside LOGTAIL[\"ROOTS\"]"


def test_a_root_that_is_a_link_means_where_it_leads(root: Path) -> None:
    link = root.parent / "link"
    link.symlink_to("logs")

    assert refusal(Roots([link]), root / "app.log") is None
    assert refusal(Roots([link]), link / "app.log") is None


def test_a_name_that_only_begins_like_a_root_is_outside(root: Path) -> None:
    (root.parent / "logs-private").mkdir()
    (root.parent / "logs-private" / "x").touch()

    assert refusal(Roots([root]), root.parent / "logs-private" / "x") is not None


def test_a_file_removed_while_it_is_opened_is_refused(root: Path) -> None:
    descriptor = os.open(root / "app.log", os.O_RDONLY)
    (root / "app.log").unlink()

    assert Roots([root]).refusal(descriptor) == "the file was removed while it was being opened"
    os.close(descriptor)


def test_a_follower_asks_for_each_file_it_opens(root: Path) -> None:
    path = root / "app.log"
    follower = Follower(path, FromStart(), permit=Roots([root]).refusal)
    follower.poll(0.0)
    assert follower.state == "reading"
    path.unlink()
    path.symlink_to("../secret")

    follower.poll(1.0)

    secret = root.parent / "secret"
    assert (follower.state, in_full(follower.reason)) == (
        "refused",
        f"path '{secret}' is outside LOGTAIL[\"ROOTS\"]",
    )
    follower.close()


@pytest.mark.parametrize(
    ("path", "says"),
    [
        ("app.log", "The path 'app.log' is not absolute. Start it with '/'."),
        ("{root}/../secret", "The path '{root}/../secret' contains '..'. Write the path without it."),
        (
            "/etc/passwd",
            "The path '/etc/passwd' is outside LOGTAIL[\"ROOTS\"]. Only files inside {root} may be read.",
        ),
        (
            "{root}",
            "The path '{root}' is a directory of LOGTAIL[\"ROOTS\"]. Give the path of a file inside it.",
        ),
        ("{root}/a\nb", "The path contains a line end or a NUL."),
        (
            "{root}-2/app.log",
            "The path '{root}-2/app.log' is outside LOGTAIL[\"ROOTS\"]. Only files inside {root} may be read.",
        ),
        (
            "{root}/out",
            "The path '{root}/out' leads to '/etc/passwd', which is outside LOGTAIL[\"ROOTS\"] ({root}).",
        ),
        ("{root}/directory", "The path '{root}/directory' is not a regular file."),
        ("{root}/fifo", "The path '{root}/fifo' is not a regular file."),
    ],
)
def test_registering_says_in_a_sentence_what_will_not_work(root: Path, path: str, says: str) -> None:
    (root / "out").symlink_to("/etc/passwd")
    (root / "directory").mkdir()
    os.mkfifo(root / "fifo")

    mistake = Roots([root]).may_register(Path(path.format(root=root)))

    assert str(mistake) == says.format(root=root)


@pytest.mark.parametrize("path", ["app.log", "not-yet.log", "no/directory/yet.log", "inside"])
def test_what_is_or_may_come_inside_a_root_can_be_registered(root: Path, path: str) -> None:
    (root / "inside").symlink_to("app.log")

    assert Roots([root]).may_register(root / path) is None


def test_registering_without_roots_says_what_to_do(root: Path) -> None:
    assert str(Roots([]).may_register(root / "app.log")) == (
        'LOGTAIL["ROOTS"] is empty, so no file may be read. Add the directory of the logs to it.'
    )


@pytest.mark.parametrize("path", ["/etc/passwd", "{root}", "{root}/old"])
def test_a_refused_path_is_answered_with_files_that_may_be_registered(root: Path, path: str) -> None:
    (root / "old").mkdir()
    for number, name in enumerate(["a.log", "old/b.log", "c.log"]):
        (root / name).write_bytes(b"")
        os.utime(root / name, (number, number))
    (root / "secret").symlink_to("/etc/passwd")
    (root / "app.log").unlink()
    wanted = Path(path.format(root=root))

    refusal = Roots([root]).may_register(wanted)

    assert refusal is not None
    found = Roots([root]).files_meant(wanted, refusal)
    inside = (
        [root / "old/b.log"]
        if path == "{root}/old"
        else [root / name for name in ("c.log", "old/b.log", "a.log")]
    )
    assert found == inside


def test_a_path_that_leads_outside_is_not_answered_with_files(root: Path) -> None:
    (root / "out").symlink_to("/etc/passwd")
    refusal = Roots([root]).may_register(root / "out")

    assert refusal is not None
    assert Roots([root]).files_meant(root / "out", refusal) == []
