"""What is seen of this host's files, and what must never be opened."""

import os
import threading
from pathlib import Path
from typing import Any

import pytest

from django_logtail.registering import files
from django_logtail.registering.encodings import Detected
from django_logtail.registering.files import Patience, Seen, look, preview, suggest
from django_logtail.tailing.files.looks import Looks
from django_logtail.tailing.reasons import code_of


@pytest.fixture
def root(tmp_path: Path, settings: pytest.FixtureRequest) -> Path:
    made = tmp_path / "logs"
    made.mkdir()
    settings.LOGTAIL = {"ROOTS": [str(made)], "READER": "local"}
    return made


def seen(path: Path, encoding: str = "utf-8") -> Seen:
    (found,) = look([(str(path), encoding)])
    return found


def test_a_file_has_its_size_its_time_and_its_last_line_as_it_would_be_read(root: Path) -> None:
    log = root / "app.log"
    log.write_bytes("第一行\n库存不足 \x1b[31m红\n\n".encode("gbk"))
    os.utime(log, (1_800_000_000, 1_800_000_000))

    assert seen(log, "gbk") == Seen(25, 1_800_000_000.0, "库存不足 红")
    assert seen(log, "no-such").line.endswith("\ufffd\ufffd")


def test_control_and_bidi_characters_of_a_last_line_have_no_effect(root: Path) -> None:
    (root / "app.log").write_text("a\u202eb\x00c\u2066<b>\n")

    assert seen(root / "app.log").line == "a b c <b>"


@pytest.mark.parametrize("length", [299, 300, 301, 20_000])
def test_a_last_line_has_300_characters_at_most(root: Path, length: int) -> None:
    (root / "app.log").write_text("x" * length + "\n")

    assert seen(root / "app.log").line == "x" * min(length, 300)


def test_what_can_t_be_read_has_a_reason_and_nothing_else(root: Path, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("secret\n")
    (root / "out.log").symlink_to(tmp_path / "secret")
    (root / "linked").symlink_to(tmp_path)
    os.mkfifo(root / "fifo.log")
    (root / "dir.log").mkdir()
    (root / "in.log").write_text("in\n")
    (root / "good.log").symlink_to(root / "in.log")

    refused = {
        "outside": [
            tmp_path / "secret",
            root / "out.log",
            root / "linked" / "secret",
            root / ".." / "secret",
            Path("/dev/zero"),
            Path("relative.log"),
            root / "a\0b",
        ],
        "fifo": [root / "fifo.log"],
        "directory": [root / "dir.log"],
        "gone": [root / "not-there.log"],
    }
    for code, paths in refused.items():
        for path in paths:
            found = seen(path)
            assert (code_of(found.reason), found.size, found.written, found.line) == (code, None, None, ""), (
                path
            )
            assert preview(str(path)).lines == ()
    assert seen(root / "good.log").line == "in"


def test_a_hundred_files_are_looked_at_and_no_more(root: Path) -> None:
    (root / "app.log").write_text("x\n")

    assert [len(look([(str(root / "app.log"), "utf-8")] * count)) for count in (99, 100, 101)] == [
        99,
        100,
        100,
    ]


def test_a_dead_file_server_costs_its_own_files_only(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    dead, release, real = root / "dead", threading.Event(), os.open
    (root / "app.log").write_text("x\n")

    def opened(path: object, *args: object, **kwargs: object) -> int:
        if str(path).startswith(str(dead)):
            release.wait()
        return real(path, *args, **kwargs)  # type: ignore[arg-type]

    monkeypatch.setattr(os, "open", opened)
    paths = [dead / "a.log", dead / "b.log", root / "app.log"]
    found = look([(str(path), "utf-8") for path in paths], patience=Patience(looks=Looks(0.2)))
    listed = suggest(f"{dead}/", patience=Patience(looks=Looks(0.2)))
    release.set()

    assert [code_of(one.reason) for one in found] == ["silent-file-system", "silent-file-system", ""]
    assert (found[2].line, listed) == ("x", [])


def test_nothing_is_looked_at_any_more_when_the_time_is_over(root: Path) -> None:
    (root / "app.log").write_text("x\n")
    now = iter([0.0, 1.4, 1.5])
    patience = Patience(clock=lambda: next(now))

    early, late = look([(str(root / "app.log"), "utf-8")] * 2, patience=patience)

    assert (early.line, code_of(late.reason)) == ("x", "silent-file-system")


def test_a_preview_has_the_last_lines_and_the_proof_of_the_encoding(root: Path) -> None:
    (root / "app.log").write_bytes(b"".join(f"{n} 库存不足，请重试\n".encode("gbk") for n in range(250)))

    found = preview(str(root / "app.log"))

    assert (found.encoding, found.detected, found.decoding) == (
        "gbk",
        Detected("gbk", 250, 250),
        Detected("gb18030", 250, 250),
    )
    assert (len(found.lines), found.lines[0], found.lines[-1]) == (
        200,
        "50 库存不足，请重试",
        "249 库存不足，请重试",
    )
    assert found.is_cut
    chosen = preview(str(root / "app.log"), "utf-8")
    assert (chosen.encoding, chosen.decoding.decoding, chosen.detected.encoding) == ("utf-8", 0, "gbk")


def test_a_huge_file_costs_its_last_bytes_only_and_begins_at_a_line(root: Path) -> None:
    with (root / "app.log").open("wb") as log:
        log.truncate(5_000_000_000)
        log.seek(0, 2)
        log.write(b"\n" + b"".join(b"line %05d\n" % n for n in range(4_000)))

    found = preview(str(root / "app.log"))

    assert (found.lines[0], found.lines[-1], found.seen.size) == ("line 03800", "line 03999", 5_000_044_001)
    assert found.is_cut


def test_a_line_of_a_preview_has_2000_characters_at_most(root: Path) -> None:
    (root / "app.log").write_text("x" * 20_000 + "\nend\n")

    assert [len(line) for line in preview(str(root / "app.log")).lines] == [2_000, 3]


@pytest.mark.parametrize("order", ["le", "be"])
def test_utf_16_is_cut_between_its_characters(root: Path, order: str) -> None:
    text = "\ufeff" + "上a上\n" * 6_001 + "end\n"
    (root / "app.log").write_bytes(text.encode(f"utf-16-{order}"))

    found = preview(str(root / "app.log"))

    assert (found.encoding, set(found.lines)) == (f"utf-16-{order}", {"上a上", "end"})


def test_paths_are_completed_in_the_roots_only(root: Path, tmp_path: Path) -> None:
    (tmp_path / "outside").mkdir()
    (root / "nginx").mkdir()
    (root / "nginx" / "access.log").touch()
    (root / "loop").symlink_to(root / "loop")
    (root / "away").symlink_to(tmp_path)
    for name in ("django.log", "django-errors.log", "django.log.1.gz", ".hidden", "evil\u202e.log", "other"):
        (root / name).touch()
    os.mkfifo(root / "django.fifo")

    assert suggest("") == [f"{root}/"]
    assert suggest(str(tmp_path)[:5]) == [f"{root}/"]
    assert suggest(f"{root}/dj") == [f"{root}/django-errors.log", f"{root}/django.log"]
    assert suggest(f"{root}/") == [
        *(
            f"{root}/away/",
            f"{root}/django-errors.log",
            f"{root}/django.log",
            f"{root}/nginx/",
            f"{root}/other",
        ),
    ]
    assert suggest(f"{root}/nginx/") == [f"{root}/nginx/access.log"]
    nothing = [
        f"{tmp_path}/outside/",
        f"{root}/away/",
        f"{root}/../",
        "/etc/",
        "relative",
        f"{root}/x\0",
        "/" * 1_025,
    ]
    assert [suggest(prefix) for prefix in nothing] == [[], [], [], [], [], [], []]


def test_fifty_paths_are_suggested_at_most(root: Path) -> None:
    for number in range(51):
        (root / f"{number:02}.log").touch()

    assert (len(suggest(f"{root}/")), suggest(f"{root}/")[-1]) == (50, f"{root}/49.log")
    assert files.MOST_ENTRIES == 2_000


def test_lines_and_previews_are_shown_without_their_secrets(root: Path, settings: Any) -> None:
    settings.LOGTAIL = {**settings.LOGTAIL, "REDACT": ["ip", {"ready": "email", "logs": ["web"]}]}
    path = root / "app.log"
    path.write_bytes("用户 from 203.0.113.41\nmail a@b.example 成功\n".encode("gbk"))

    assert preview(str(path), "gbk").lines == ("用户 from ************", "mail *********** 成功")
    assert look([(str(path), "gbk")])[0].line == "mail *********** 成功"


def test_nothing_is_shown_while_a_rule_fails(root: Path, settings: Any) -> None:
    settings.LOGTAIL = {**settings.LOGTAIL, "REDACT": [{"name": "mine", "pattern": "a("}]}
    path = root / "app.log"
    path.write_bytes(b"from 203.0.113.41\n")

    assert [line for line in preview(str(path)).lines if line] == []
    assert look([(str(path), "")])[0].line == ""
