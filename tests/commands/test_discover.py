import json
import os
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from django_logtail.models import Log
from django_logtail.registering.offers import recent

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def root(settings: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    settings.LOGTAIL = {"ROOTS": [tmp_path / "var"]}
    (tmp_path / "var").mkdir()
    monkeypatch.setattr("django_logtail.registering.offers.log_files", lambda: [tmp_path / "out" / "own.log"])
    monkeypatch.setattr("time.time", lambda: 1_795_891_766.0)
    recent.forget()
    return tmp_path / "var"


def put(root: Path, name: str, data: bytes = b"one\n") -> Path:
    path = root / name
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(data)
    os.utime(path, (1_795_891_766.0 - 120, 1_795_891_766.0 - 120))
    return path


def discover(*arguments: str) -> None:
    call_command("logtail_discover", *arguments)


def failure(*arguments: str) -> str:
    with pytest.raises(CommandError) as failed:
        discover(*arguments)
    return str(failed.value)


def test_it_lists_what_has_no_log_and_registers_nothing(
    root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    put(root, "nginx/access.log", b"GET /\x1b]0;title\x07\n")

    discover()

    assert [line.split() for line in capsys.readouterr().out.splitlines()] == [
        ["NAME", "SIZE", "WRITTEN", "PATH", "LAST", "LINE"],
        [
            *("own", "Own", "not", "yet", f"{root.parent}/out/own.log"),
            *("path", f"'{root.parent}/out/own.log'", "is", "outside", 'LOGTAIL["ROOTS"]'),
        ],
        ["nginx", "access", "16", "2", "min", "ago", f"{root}/nginx/access.log", "GET", "/"],
        [],
        ["Register", "them", "with", "--add,", "or", "some", "of", "them", "with", "--add", "PATH", "…"],
    ]
    assert Log.objects.count() == 0


def test_as_json(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    put(root, "app.log")

    discover("--json")

    found = json.loads(capsys.readouterr().out)
    assert found["files"][1] == {
        "path": f"{root}/app.log",
        "file": f"{root}/app.log",
        "name": "app",
        "group": root.parent.name,
        "slug": "app",
        "own": False,
        "size": 4,
        "written": 1_795_891_646.0,
        "last_line": "one",
        "encoding": "utf-8",
        "reason": "",
    }
    assert (found["silent"], found["advice"]) == ([], None)


def test_add_registers_all_that_can_be_read(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    put(root, "a.log")
    put(root, "b.log")

    discover("--add")

    assert sorted(Log.objects.values_list("path", "access")) == [
        (f"{root}/a.log", "staff"),
        (f"{root}/b.log", "staff"),
    ]
    assert capsys.readouterr().out == (
        f"Registered 'a': {root}/a.log, for staff.\nRegistered 'b': {root}/b.log, for staff.\n"
    )

    discover("--add")

    assert capsys.readouterr().out == "No file to register.\n"


def test_add_takes_only_the_given_ones_and_fails_for_those_it_can_not(root: Path) -> None:
    put(root, "a.log")
    put(root, "b.log")

    said = failure("--add", f"{root}//b.log", "/etc/pass\x1bwd", f"{root.parent}/out/own.log")

    assert list(Log.objects.values_list("path", flat=True)) == [f"{root}/b.log"]
    assert said == (
        "/etc/pass\\x1bwd: not among the files found: it has a log, doesn't look like one, or is outside "
        'LOGTAIL["ROOTS"]\n'
        f"{root.parent}/out/own.log: path '{root.parent}/out/own.log' is outside LOGTAIL[\"ROOTS\"]"
    )


def test_a_queue_is_given_to_all_of_them(root: Path) -> None:
    put(root, "a.log")

    discover("--add", "--queue", "web-1")

    assert Log.objects.get().queue == "web-1"
    assert failure("--queue", "a b").startswith("--queue is 'a b'. A queue name consists of")
    assert failure("a.log") == "Paths are only for --add. Without it, everything is listed."


def test_what_was_registered_is_told_as_json(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    put(root, "a.log")

    discover("--add", "--json")

    assert json.loads(capsys.readouterr().out) == {
        "registered": [{"slug": "a", "name": "a", "path": f"{root}/a.log"}],
        "refused": {},
    }


def test_without_roots_the_directories_of_the_projects_logs_are_the_setting_to_paste(
    root: Path, settings: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    settings.LOGTAIL = {}

    discover()

    assert capsys.readouterr().out.splitlines()[-3:] == [
        'LOGTAIL["ROOTS"] is empty, so no file may be read. Write into tests/settings.py:',
        "",
        f'LOGTAIL = {{"ROOTS": ["{root.parent}/out"]}}',
    ]


@pytest.mark.parametrize(("count", "is_suggested"), [(20, False), (21, True)])
def test_for_a_directory_of_many_files_a_pattern_is_suggested(
    root: Path, capsys: pytest.CaptureFixture[str], count: int, is_suggested: bool
) -> None:
    for number in range(count):
        put(root, f"my sites/site{number}.log")
    put(root, "app.log")

    discover()

    last = capsys.readouterr().out.splitlines()[-1]
    assert last.startswith("Register them with --add") is not is_suggested
    suggested = (
        "Or register 21 of them, and those that come later, with one row: "
        f"manage.py logtail_add '{root}/my sites/*.log' --follow each"
    )
    assert (last == suggested) is is_suggested
