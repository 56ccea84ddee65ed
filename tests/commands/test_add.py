from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import Group, User
from django.core.management import CommandError, call_command
from django.utils import translation

from django_logtail.models import Log

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def roots(settings: Any, tmp_path: Path) -> Path:
    settings.LOGTAIL = {"ROOTS": [tmp_path]}
    return tmp_path


def add(*arguments: Any) -> None:
    call_command("logtail_add", *map(str, arguments))


def failure(*arguments: Any) -> str:
    with pytest.raises(CommandError) as failed:
        add(*arguments)
    return str(failed.value)


def test_a_path_is_enough(roots: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (roots / "django.log").touch()

    add(roots / "django.log")

    log = Log.objects.get()
    assert (log.name, log.slug, log.path) == ("django.log", "django", f"{roots}/django.log")
    assert (log.enabled, log.access, log.encoding, log.declared) == (True, "staff", "utf-8", False)
    output = capsys.readouterr()
    assert output.out == f"Registered 'django': {roots}/django.log, read by queue 'logtail', for staff.\n"
    assert output.err == ""


def test_a_file_that_is_not_here_is_registered_with_a_hint(
    roots: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    add(roots / "later.log")

    assert Log.objects.exists()
    assert capsys.readouterr().err == (
        f"There is no file at {roots}/later.log on this host. "
        "That is fine if the worker of queue “logtail” has it or will have it.\n"
    )


def test_a_pattern_is_a_name_like_any_other_and_said_not_to_be_supported(
    roots: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (roots / "a.log").touch()

    add(roots / "a*.log")

    assert capsys.readouterr().err == (
        f"No file on this host is named {roots}/a*.log. "
        "To register the files that it matches, choose how to follow them.\n"
    )


def test_every_option_is_a_field_of_the_log(roots: Path) -> None:
    options = {
        "name": "Access log",
        "slug": "access",
        "group": "nginx",
        "order": "3",
        "description": "All requests",
        "queue": "web-1",
        "encoding": "latin-1",
        "access": "permission",
        "time-zone": "Asia/Tokyo",
        "rotated-as": "{name}.old",
        "format": "nginx",
    }

    add(roots / "a.log", *(f"--{name}={value}" for name, value in options.items()), "--disabled")

    log = Log.objects.get()
    assert {name: str(getattr(log, name.replace("-", "_"))) for name in options} == options
    assert not log.enabled


def test_choosing_somebody_means_that_the_log_is_for_the_chosen(roots: Path) -> None:
    User.objects.create_user("ann")
    User.objects.create_user("bob")
    Group.objects.create(name="ops")

    add(roots / "a.log", "--user", "ann", "--user", "bob", "--allow-group", "ops")

    log = Log.objects.get()
    assert log.access == "chosen"
    assert {user.username for user in log.users.all()} == {"ann", "bob"}
    assert [group.name for group in log.groups.all()] == ["ops"]


def test_choosing_somebody_for_a_log_for_others_is_refused(roots: Path) -> None:
    User.objects.create_user("ann")

    assert failure(roots / "a.log", "--user=ann", "--access=staff") == (
        "--user and --allow-group require --access chosen, not --access staff."
    )


@pytest.mark.parametrize(("option", "kind"), [("--user", "user"), ("--allow-group", "group")])
def test_choosing_somebody_who_is_not_there_is_refused_and_registers_nothing(
    roots: Path, option: str, kind: str
) -> None:
    assert failure(roots / "a.log", option, "zoe") == (
        f"{kind.capitalize()} 'zoe' does not exist. Create it first, or give another."
    )
    assert not Log.objects.exists()


def test_running_it_again_changes_nothing_and_says_what_differs(
    roots: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    add(roots / "app.log", "--group=web")
    Log.objects.update(name="Renamed in the admin")
    capsys.readouterr()

    add(roots / "app.log", "--group=jobs")

    assert Log.objects.get().group == "web"
    output = capsys.readouterr()
    assert output.out == f"'app' is already registered: {roots}/app.log. Nothing was changed.\n"
    assert output.err == "group remains 'web', not 'jobs'; change it in the admin.\n"


def test_a_slug_that_another_file_has_is_refused_with_the_fix(roots: Path) -> None:
    (roots / "other").mkdir()
    add(roots / "app.log")

    assert failure(roots / "other" / "app.log") == (
        f"The slug 'app' is already used by {roots}/app.log. Choose another with --slug."
    )


def test_a_name_no_slug_can_be_made_of_falls_back_to_the_file(roots: Path) -> None:
    add(roots / "app.log", "--name=日志")

    assert Log.objects.get().slug == "app"


def test_without_any_slug_one_is_asked_for(roots: Path) -> None:
    assert (
        failure(roots / "日志.log")
        == "No slug can be derived from the name '日志.log'. Give one with --slug."
    )


def test_a_pattern_that_the_shell_replaced_is_to_be_quoted(roots: Path) -> None:
    said = failure(roots / "a.log", roots / "b.log", "--follow", "each")

    assert said.startswith(f"2 paths were given, the first is {roots}/a.log. ")
    assert "single quotes" in said
    assert not Log.objects.exists()


def test_a_path_outside_the_roots_is_refused_with_what_may_be_read(roots: Path) -> None:
    (roots / "app.log").touch()

    assert failure("/etc/passwd") == (
        f"path: The path '/etc/passwd' is outside LOGTAIL[\"ROOTS\"]. Only files inside {roots} may be read. "
        f"Files found there: {roots}/app.log."
    )
    assert not Log.objects.exists()


def test_a_root_itself_is_answered_with_the_files_in_it_and_never_with_its_parent(roots: Path) -> None:
    (roots / "app.log").touch()

    assert failure(f"{roots}/") == (
        f"path: The path '{roots}' is a directory of LOGTAIL[\"ROOTS\"]. Give the path of a file inside it. "
        f"Files found there: {roots}/app.log."
    )


def test_a_root_without_files_is_answered_without_any(roots: Path) -> None:
    assert failure(roots) == (
        f"path: The path '{roots}' is a directory of LOGTAIL[\"ROOTS\"]. Give the path of a file inside it."
    )


def test_wrong_fields_are_all_named_at_once(roots: Path) -> None:
    assert failure(roots / "a.log", "--encoding=utf-9", "--queue=a.b", "--slug=a b") == (
        "slug: Enter a valid “slug” consisting of letters, numbers, underscores or hyphens.\n"
        "queue: A queue name consists of letters, digits, “-” and “_”, and starts with a letter or “_”.\n"
        "encoding: The encoding 'utf-9' does not exist. "
        "Use one such as utf-8, utf-16-le, latin-1, cp1252, gbk, gb18030, big5, shift_jis, euc-kr."
    )


def test_a_file_that_another_log_has_is_refused_with_its_name(roots: Path) -> None:
    add(roots / "app.log", "--name", "App")

    said = failure(f"{roots}//app.log", "--name", "Second")

    assert said == "path: The log “App” (app) already has this file. Change or delete that one first."


def test_a_command_speaks_english_whatever_the_language_of_the_project(roots: Path) -> None:
    with translation.override("zh-hans"):
        said = failure("app.log", "--format", "(?P<time>")

    assert said.splitlines() == [
        "format: The expression is invalid: missing ) in (?P<time>.",
        "path: The path 'app.log' is not absolute. Start it with '/'.",
    ]


def test_a_pattern_is_named_after_its_directory(roots: Path) -> None:
    (roots / "sites").mkdir()

    add(roots / "sites" / "*.log", "--follow", "each")

    log = Log.objects.get()
    assert (log.name, log.slug, log.follow) == ("sites", "sites", "each")


def test_a_pattern_of_one_file_is_refused(roots: Path) -> None:
    assert failure(roots / "app.log", "--follow", "each").startswith("path: 'app.log' names only one file.")
