"""Commands with `--as USER`: each command has a row, and each right is asked for."""

from __future__ import annotations

import pkgutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.core.management import CommandError, call_command, load_command_class

from django_logtail import management
from django_logtail.audit.refusals import refusals
from django_logtail.control.in_memory import MemoryControl
from django_logtail.control.process import use
from django_logtail.models import Log
from django_logtail.registering.offers import recent
from tests.audit.desk import Desk, desk

__all__ = ["desk"]

pytestmark = pytest.mark.django_db

#: By command what it needs.
NEEDED = {
    "logtail_add": "register",
    "logtail_discover": "register",
    "logtail_redact": "history",
    "logtail_stop": "stop",
    "logtail_sync": "register",
}
#: Those that read no line of a log and change nothing that a right is about: only for who has the shell.
FOR_THE_SHELL = {"logtail_doctor", "logtail_note", "logtail_prune", "logtail_status"}
#: By identity its fields, its permissions, and what it may do.
PEOPLE: dict[str, tuple[dict[str, bool], tuple[str, ...], set[str]]] = {
    "stranger": ({}, (), set()),
    "watcher": ({}, ("watch_log",), set()),
    "reader": ({}, ("watch_log", "history_log"), {"history"}),
    "history alone": ({}, ("history_log",), set()),
    "stopper": ({"is_staff": True}, ("stop_log",), {"stop"}),
    "changer": ({"is_staff": True}, ("change_log",), {"stop"}),
    "adder": ({"is_staff": True}, ("add_log",), {"register"}),
    "adder outside the staff": ({}, ("add_log", "stop_log"), set()),
    "root": ({"is_staff": True, "is_superuser": True}, (), {"history", "register", "stop"}),
}
NOT_ADD = "You may not add logs."
NOT_ALLOWED = "You may not do this with this log; an administrator decides about that."
NO_SUCH_LOG = "This log doesn't exist, or you don't have access to it."


def commands() -> set[str]:
    return {found.name for found in pkgutil.iter_modules([f"{management.__path__[0]}/commands"])}


@pytest.fixture
def root(settings: Any, tmp_path: Path, desk: Desk) -> Iterator[Path]:
    settings.LOGTAIL = {
        "ROOTS": [tmp_path],
        "AUDIT": True,
        "REDACT": ["email"],
        "ACCESS_POLICY": "django_logtail.policies.PermissionPolicy",
        "READER": "dramatiq",
    }
    (tmp_path / "app.log").write_text("of ann@shop.example\n")
    (tmp_path / "free.log").write_text("of bob@shop.example\n")
    Log.objects.create(name="App", slug="app", path=str(tmp_path / "app.log"), access="permission")
    use(MemoryControl())
    recent.forget()
    refusals._counted.clear()
    yield tmp_path
    use(None)


@pytest.fixture
def person() -> Callable[[str], str]:
    def made(who: str) -> str:
        fields, codenames, _ = PEOPLE[who]
        user = User.objects.create_user(who, **fields)
        user.user_permissions.set(Permission.objects.filter(codename__in=codenames))
        return who

    return made


def run(name: str, root: Path, *more: str) -> None:
    arguments = {
        "logtail_add": [str(root / "free.log")],
        "logtail_discover": ["--add"],
        "logtail_redact": [str(root / "app.log")],
        "logtail_stop": ["app"],
        "logtail_sync": [],
    }
    call_command(name, *arguments[name], *more)


def test_every_command_has_a_row() -> None:
    assert commands() == {*NEEDED, *FOR_THE_SHELL}


@pytest.mark.parametrize("name", sorted({*NEEDED, *FOR_THE_SHELL}))
def test_a_command_takes_a_user_if_a_right_is_about_it(name: str) -> None:
    parser = load_command_class("django_logtail", name).create_parser("manage.py", name)

    assert ("--as" in parser.format_help()) is (name in NEEDED)


@pytest.mark.parametrize("who", PEOPLE)
@pytest.mark.parametrize("name", NEEDED)
def test_each_command_asks_for_its_right(
    root: Path, person: Any, desk: Desk, capsys: Any, name: str, who: str
) -> None:
    before = list(Log.objects.values_list("slug", flat=True))
    if NEEDED[name] in PEOPLE[who][2]:
        run(name, root, "--as", person(who))

        assert capsys.readouterr().out != ""
        assert [one for one in desk.of("event") if one["action"] == "refused"] == []
        return
    with pytest.raises(CommandError) as refused:
        run(name, root, "--as", person(who))

    watches = "watch_log" in PEOPLE[who][1]
    words = {"register": NOT_ADD, "stop": NOT_ALLOWED, "history": NOT_ALLOWED if watches else NO_SUCH_LOG}
    assert str(refused.value) == words[NEEDED[name]]
    assert "shop.example" not in capsys.readouterr().out
    assert list(Log.objects.values_list("slug", flat=True)) == before
    (record,) = desk.of("event")
    told = (record["action"], record["user_name"], record["via"], record["slug"], record["detail"])
    slug = "app" if name in ("logtail_redact", "logtail_stop") else ""
    assert told == ("refused", who, "command", slug, {"what": NEEDED[name]})


@pytest.mark.parametrize("name", NEEDED)
def test_whoever_has_the_shell_may_do_everything(root: Path, capsys: Any, name: str) -> None:
    run(name, root)

    assert capsys.readouterr().out != ""


@pytest.mark.parametrize("name", NEEDED)
@pytest.mark.parametrize("who", ["nobody", "gone"])
def test_a_user_who_is_not_there_or_not_active_may_do_nothing(root: Path, name: str, who: str) -> None:
    User.objects.create_superuser("gone", is_active=False)

    with pytest.raises(CommandError, match=rf"\AUser '{who}' doesn't exist, or is not active\.\Z"):
        run(name, root, "--as", who)


def test_what_is_done_is_recorded_as_the_user_s(root: Path, person: Any, desk: Desk) -> None:
    call_command("logtail_redact", str(root / "app.log"), "--as", person("reader"))
    call_command("logtail_stop", "app", "--as", person("stopper"))

    told = [(one["action"], one["user_name"], one["via"], one["slug"]) for one in desk.of("event")]
    assert told == [("preview", "reader", "command", "app"), ("stop", "stopper", "command", "app")]
    assert desk.of("event")[0]["detail"] == {"path": str(root / "app.log")}
    assert {one["user"] for one in desk.of("event")} == {
        str(User.objects.get(username=name).pk) for name in ("reader", "stopper")
    }


def test_the_record_names_the_file_wherever_the_command_ran(
    root: Path, person: Any, desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    (root / "link.log").symlink_to(root / "app.log")
    monkeypatch.chdir(root)

    call_command("logtail_redact", "link.log", "--as", person("reader"))

    assert [one["detail"] for one in desk.of("event")] == [{"path": str(root.resolve() / "app.log")}]


def test_viewers_read_who_stopped_a_log(root: Path, person: Any) -> None:
    memory = MemoryControl()
    use(memory)

    call_command("logtail_stop", "app", "--as", person("stopper"))

    assert list(memory.stops("logtail").values()) == ["reason:stopped?user=stopper"]


def test_a_file_without_a_log_is_for_those_who_may_register_it(
    root: Path, person: Any, tmp_path_factory: pytest.TempPathFactory, capsys: Any
) -> None:
    outside = tmp_path_factory.mktemp("outside") / "a.log"
    outside.write_text("of eve@shop.example\n")
    reader, adder = person("reader"), person("adder")

    with pytest.raises(CommandError, match=NOT_ADD):
        call_command("logtail_redact", str(root / "free.log"), "--as", reader)
    with pytest.raises(CommandError, match="is in no directory of LOGTAIL"):
        call_command("logtail_redact", str(outside), "--as", adder)
    (root / "link.log").symlink_to(outside)
    with pytest.raises(CommandError, match="is in no directory of LOGTAIL"):
        call_command("logtail_redact", str(root / "link.log"), "--as", adder)
    assert "of ‹email›" not in capsys.readouterr().out

    call_command("logtail_redact", str(root / "free.log"), "--as", adder)
    assert "of ‹email›" in capsys.readouterr().out


def test_nobody_chooses_rules_or_an_encoding_that_hide_less(
    root: Path, person: Any, settings: Any, capsys: Any
) -> None:
    settings.LOGTAIL = {**settings.LOGTAIL, "REDACT": ["email", {"ready": "ip", "logs": ["web"]}]}
    (root / "app.log").write_text("of ann@shop.example, 203.0.113.41\n", encoding="utf-16-le")
    Log.objects.filter(slug="app").update(encoding="utf-16-le")
    person("reader")

    for choice in (["--log", "db"], ["--ready-made"], ["--encoding", "latin-1"]):
        with pytest.raises(CommandError, match=r"\A--as takes all rules, and the log's encoding"):
            call_command("logtail_redact", str(root / "app.log"), "--as", "reader", *choice)
    assert capsys.readouterr().out == ""

    call_command("logtail_redact", str(root / "app.log"), "--as", "reader")
    assert "of ‹email›, ‹ip›" in capsys.readouterr().out


def test_a_link_opens_no_log_that_one_may_not_see(root: Path, person: Any) -> None:
    """Neither a free one nor one with a row of its own."""
    reader = person("reader")
    (root / "secret.log").write_text("of eve@shop.example\n")
    Log.objects.create(name="Secret", slug="secret", path=str(root / "secret.log"), access="staff")
    for name in ("free-link.log", "own-link.log"):
        (root / name).symlink_to(root / "secret.log")
    Log.objects.create(name="Own", slug="own", path=str(root / "own-link.log"), access="permission")

    for name in ("secret.log", "free-link.log", "own-link.log"):
        with pytest.raises(CommandError, match=NO_SUCH_LOG):
            call_command("logtail_redact", str(root / name), "--as", reader)


def test_no_slug_is_told_to_who_may_not_stop(root: Path, person: Any) -> None:
    with pytest.raises(CommandError, match=r"\AYou may not do this with this log"):
        call_command("logtail_stop", "ap", "--as", person("watcher"))
    with pytest.raises(CommandError, match=r"Registered: app\.\Z"):
        call_command("logtail_stop", "ap", "--as", person("stopper"))


def test_nothing_is_read_while_records_cannot_be_kept(root: Path, settings: Any, capsys: Any) -> None:
    settings.LOGTAIL = {**settings.LOGTAIL, "AUDIT": "required"}
    from django_logtail.audit.recorder import recorder_here

    recorder = recorder_here()
    assert recorder is not None
    recorder.judged.set()
    recorder.trouble = "gone"
    with pytest.raises(CommandError, match="record"):
        call_command("logtail_redact", str(root / "app.log"))
    recorder.trouble = ""
    call_command("logtail_redact", str(root / "app.log"))

    assert "of ‹email›" in capsys.readouterr().out
