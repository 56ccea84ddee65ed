"""Which files of a host are offered as logs."""

import errno
import os
import pwd
import socket
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from django_logtail.registering import found as found_module
from django_logtail.registering.found import Found, is_rotated, look_around, without_rotated
from django_logtail.registering.samples import encoding_of, last_line
from django_logtail.tailing.files.looks import Looks
from django_logtail.tailing.files.system import System
from django_logtail.tailing.reasons import code_of, in_full

NOW = 1_795_891_766.0
DAY = 86_400.0


def write(path: Path, data: bytes = b"one\ntwo\n", age: float = 60.0) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    os.utime(path, (NOW - age, NOW - age))
    return path


def names(root: Path, *own: Path) -> list[str]:
    return [str(found.path.relative_to(root)) for found in around(root, *own)]


def around(root: Path, *own: Path) -> list[Found]:
    return look_around([root], own, now=lambda: NOW, clock=lambda: 0.0, looks=Looks(60)).files


def test_a_file_is_described_by_size_time_and_last_line(tmp_path: Path) -> None:
    path = write(tmp_path / "app.log", b"first\n\x1b[31mlast\x1b[0m \x07line\n\n")

    assert around(tmp_path) == [
        Found(path, 27, NOW - 60.0, "last  line", "", "utf-8", is_own=False),
    ]


def test_own_files_come_first_in_their_order_then_the_latest_written(tmp_path: Path) -> None:
    write(tmp_path / "a.log", age=30.0)
    write(tmp_path / "b.log", age=20.0)
    own = [write(tmp_path / "z.log", age=50.0), write(tmp_path / "y.log", age=40.0)]

    found = around(tmp_path, *own)

    assert [(one.path.name, one.is_own) for one in found] == [
        ("z.log", True),
        ("y.log", True),
        ("b.log", False),
        ("a.log", False),
    ]


@pytest.mark.parametrize(("crowd", "place"), [(19, 19), (20, 20), (21, 20)])
def test_a_directory_with_many_files_does_not_displace_others(tmp_path: Path, crowd: int, place: int) -> None:
    for number in range(crowd):
        write(tmp_path / "sites" / f"s{number:02}.log", age=10.0 + number)
    write(tmp_path / "app.log", age=90.0)

    found = names(tmp_path)

    assert (len(found), found.index("app.log"), found[0]) == (crowd + 1, place, "sites/s00.log")


@pytest.mark.parametrize(
    ("age", "is_offered"), [(30 * DAY - 1, True), (30 * DAY, True), (30 * DAY + 1, False)]
)
def test_a_file_not_written_for_thirty_days_is_left_out(tmp_path: Path, age: float, is_offered: bool) -> None:
    write(tmp_path / "app.log", age=age)

    assert names(tmp_path) == (["app.log"] if is_offered else [])


def test_the_projects_own_file_is_offered_however_old_hidden_or_missing(tmp_path: Path) -> None:
    old = write(tmp_path / "old.log", age=90 * DAY)
    hidden = write(tmp_path / ".hidden" / "app.conf")

    found = around(tmp_path, old, hidden, tmp_path / "later.log")

    assert [(one.path.name, one.size, one.reason) for one in found] == [
        ("old.log", 8, ""),
        ("app.conf", 8, ""),
        ("later.log", None, ""),
    ]


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("binary.log", b"text\n\x00\x01\x02\n"),
        ("controls.log", b"\x01\x02\x03abc\n"),
        ("zeros.log", b"\0" * 10_000),
        ("app.log.gz", b"packed"),
        ("settings.py", b"SECRET_KEY = 'x'\n"),
        ("server.key", b"-----BEGIN PRIVATE KEY-----\n"),
        ("nginx.conf", b"user www-data;\n"),
        (".env", b"PASSWORD=x\n"),
        ("app.log.1", b"one\n"),
        ("app-20261127.log", b"one\n"),
        ("other.log.2026-11-27", b"one\n"),
        ("status", b""),
        ("line\nend.log", b"one\n"),
    ],
)
def test_what_is_no_log_is_left_out(tmp_path: Path, name: str, data: bytes) -> None:
    write(tmp_path / "app.log")
    write(tmp_path / name, data)

    assert names(tmp_path) == ["app.log"]


@pytest.mark.parametrize(
    ("name", "data", "line", "encoding"),
    [
        ("empty.log", b"", "", "utf-8"),
        ("messages", b"one\n", "one", "utf-8"),
        ("hole.log", b"\0" * 20_000 + b"after\n", "after", "utf-8"),
        ("gbk.log", "订单已支付\n用户登录\n".encode("gbk") * 50, "用户登录", "gbk"),
        ("half.log", "用户登录\n用户".encode()[:-1], None, "utf-8"),
        ("cut.log", ("登" * 2_000 + "\n" + "登" * 2_000 + "\n").encode(), "登" * 300, "utf-8"),
        ("windows.log", "\ufeffeins\r\nzwei\r\n".encode("utf-16-le"), "zwei", "utf-16-le"),
        ("big.log", "\ufeffone\n".encode("utf-16-be"), "one", "utf-16-be"),
        ("app-2.log", b"one\n", "one", "utf-8"),
        ("app.json", b'{"a": 1}\n', '{"a": 1}', "utf-8"),
    ],
)
def test_what_is_a_log_is_offered(
    tmp_path: Path, name: str, data: bytes, line: str | None, encoding: str
) -> None:
    write(tmp_path / name, data)

    [found] = around(tmp_path)

    assert found.path.name == name
    assert found.encoding == encoding
    assert line is None or found.last_line == line


def test_what_is_no_file_is_neither_offered_nor_opened(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.log")
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(tmp_path / "s.log"))
    (tmp_path / "directory.log").mkdir()

    assert names(tmp_path) == []
    assert [code_of(one.reason) for one in around(tmp_path, tmp_path / "pipe.log")] == [""]


def test_a_link_out_of_the_roots_is_not_offered_nor_followed(tmp_path: Path) -> None:
    secret = write(tmp_path / "secret" / "shadow.log", b"secret\n")
    root = tmp_path / "logs"
    write(root / "app.log")
    (root / "link.log").symlink_to(secret)
    (root / "directory").symlink_to(secret.parent)

    assert names(root) == ["app.log"]
    [own, _] = around(root, root / "link.log")
    assert (own.size, own.last_line, code_of(own.reason)) == (None, "", "outside")


def test_an_own_file_outside_the_roots_is_named_but_not_looked_at(tmp_path: Path) -> None:
    outside = write(tmp_path / "elsewhere" / "django.log", b"secret\n")
    root = tmp_path / "logs"
    root.mkdir()

    [found] = around(root, outside)

    assert (found.path, found.size, found.last_line) == (outside, None, "")
    assert code_of(found.reason) == "outside"


def test_without_roots_nothing_is_looked_at(tmp_path: Path) -> None:
    own = write(tmp_path / "django.log")

    [found] = look_around([], [own], now=lambda: NOW).files

    assert (found.size, found.last_line, code_of(found.reason)) == (None, "", "outside")


@pytest.mark.parametrize(
    ("mode", "sentence"),
    [
        (0o600, "owned by root, mode 0600, reader runs as nobody"),
        (0o640, "nobody may not read it; add nobody to the group root, then restart the reader"),
    ],
)
def test_a_file_without_permission_is_listed_with_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, mode: int, sentence: str
) -> None:
    path = write(tmp_path / "app.log")
    path.chmod(mode)
    os.utime(path, (NOW, NOW))
    status = path.lstat()

    def denied(self: System, path: Path) -> int:
        raise PermissionError(errno.EACCES, "denied")

    as_root = os.stat_result((mode | 0o100000, 1, 1, 1, 0, 0, *status[6:]), {"st_mtime": NOW})
    monkeypatch.setattr(System, "open_path", denied)
    monkeypatch.setattr(System, "stat", lambda self, path: as_root)
    monkeypatch.setattr(System, "lstat", lambda self, path: as_root)
    monkeypatch.setattr(os, "geteuid", lambda: pwd.getpwnam("nobody").pw_uid)

    [found] = around(tmp_path)

    assert (found.size, found.last_line, in_full(found.reason)) == (8, "", sentence)


@pytest.mark.parametrize(("count", "offered"), [(2, 2), (3, 3), (4, 3)])
def test_so_many_files_are_looked_at_in_all_directories(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, count: int, offered: int
) -> None:
    assert found_module.MOST_FILES == 500
    monkeypatch.setattr(found_module, "MOST_FILES", 3)
    write(tmp_path / "a" / "job.log")
    for number in range(count - 1):
        write(tmp_path / "b" / f"job{number}.log")

    found = look_around([tmp_path / "a", tmp_path / "b"], now=lambda: NOW, clock=lambda: 0.0, looks=Looks(60))

    assert len(found.files) == offered


def test_of_a_series_the_latest_date_is_offered_whenever_it_was_written() -> None:
    # The latest written first, as after a copy that kept no times.
    days = ["app-2026-11-27.log", "app-2026-11-28.log", "app-2026-11-26.log", "web-2026-11-27.log"]

    assert [path.name for path in without_rotated([Path("/l") / day for day in days])] == [
        "app-2026-11-28.log",
        "web-2026-11-27.log",
    ]


@pytest.mark.parametrize(
    ("name", "others", "is_one"),
    [
        ("app.log.1", ["app.log"], True),
        ("app.log.1", [], True),
        ("app.log-20261128", [], True),
        ("app.1.log", ["app.log"], True),
        ("app.1.log", [], False),
        ("app.log", ["app.log"], False),
        ("app-2.log", ["app.log"], False),
        ("@400000006543210f0c8e1b2a.s", ["current"], True),
        ("messages-20261128", ["messages"], True),
        ("messages-20261128", ["other"], False),
    ],
)
def test_rotated_names(name: str, others: list[str], is_one: bool) -> None:
    assert is_rotated(name, others) is is_one


@pytest.fixture
def stuck() -> Iterator[threading.Event]:
    event = threading.Event()
    yield event
    event.set()


def test_a_file_system_that_does_not_respond_costs_only_its_own_part(
    tmp_path: Path, stuck: threading.Event, monkeypatch: pytest.MonkeyPatch
) -> None:
    dead, alive = tmp_path / "dead", tmp_path / "alive"
    dead.mkdir()
    write(alive / "app.log")
    looked: list[Path] = []

    def files_in(directories: list[Path], most: int) -> list[Path]:
        looked.extend(directories)
        if directories == [dead]:
            stuck.wait()
        return [alive / "app.log"]

    monkeypatch.setattr("django_logtail.registering.found.files_in", files_in)
    looks = Looks(0.3)

    first = look_around([dead, alive], now=lambda: NOW, looks=looks)
    second = look_around([dead, alive], now=lambda: NOW, looks=looks)

    assert [[str(one.path) for one in around.files] for around in (first, second)] == [
        [str(alive / "app.log")]
    ] * 2
    assert first.silent == second.silent == [dead]
    assert looked == [dead, alive, alive]


def test_after_a_second_no_other_directory_is_looked_into(tmp_path: Path) -> None:
    for name in ("a", "b"):
        write(tmp_path / name / "app.log")
    # Of the end, the first directory's beginning and file, and the second one's beginning.
    times = iter([0.0, 0.99, 0.99, 1.0])

    found = look_around([tmp_path / "a", tmp_path / "b"], now=lambda: NOW, clock=lambda: next(times))

    assert [one.path.parent.name for one in found.files] == ["a"]
    assert found.silent == [tmp_path / "b"]


@pytest.mark.parametrize(
    ("first", "sample", "encoding"),
    [
        (b"\xff\xfe", b"a\0", "utf-16-le"),
        (b"\xfe\xff", b"\0a", "utf-16-be"),
        (b"ab", b"ab", "utf-8"),
        (b"", b"", "utf-8"),
        (b"aa", b"a" * 19 + b"\x01", "utf-8"),
        (b"aa", b"a" * 18 + b"\x01", None),
        (b"\0\0", b"\0\0", None),
        (b"\0\0", b"\0\0text\n", "utf-8"),
        (b"te", b"te\0xt", None),
    ],
)
def test_text_is_told_from_other_bytes(first: bytes, sample: bytes, encoding: str | None) -> None:
    assert encoding_of(first, sample) == encoding


@pytest.mark.parametrize(
    ("sample", "line"),
    [
        (b"one\ntwo", "two"),
        (b"one\r\n  \r\n", "one"),
        (b"\n\n", ""),
        (b"", ""),
        (b"x" * 299, "x" * 299),
        (b"x" * 301, "x" * 300),
        ("a\u202eb\x9b31mc".encode(), "a bc"),
        (b"\xff\xfe ok\n", "\ufffd\ufffd ok"),
    ],
)
def test_a_last_line_has_no_effect_where_it_is_shown(sample: bytes, line: str) -> None:
    assert last_line(sample, "utf-8") == line


def test_a_last_line_is_shown_without_its_secrets(tmp_path: Path, settings: Any) -> None:
    settings.LOGTAIL = {**settings.LOGTAIL, "REDACT": ["ip"]}
    write(tmp_path / "app.log", b"x\nfrom 203.0.113.41 ok\n")

    assert [found.last_line for found in around(tmp_path)] == ["from ************ ok"]
