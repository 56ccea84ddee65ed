import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import Group, Permission, User
from django.core.exceptions import ValidationError
from django.core.management import call_command
from django.utils import translation

from django_logtail.models import Access, Log
from django_logtail.reader.sources import Registry
from django_logtail.tailing.files.looks import Looks, NoAnswer

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def roots(settings: Any, tmp_path: Path) -> Path:
    settings.LOGTAIL = {"ROOTS": [tmp_path]}
    return tmp_path


def new_log(path: Path, **fields: Any) -> Log:
    return Log(**{"name": "App", "slug": "app", "path": str(path), **fields})


def errors_of(log: Log) -> dict[str, list[str]]:
    with pytest.raises(ValidationError) as refused:
        log.full_clean()
    return refused.value.message_dict


def test_a_file_inside_the_roots_is_accepted(roots: Path) -> None:
    (roots / "app.log").touch()

    new_log(roots / "app.log").full_clean()


def test_a_file_that_is_not_here_yet_is_accepted_because_another_host_may_have_it(roots: Path) -> None:
    log = new_log(roots / "later.log")

    log.full_clean()

    assert log.absence() == (
        f"There is no file at {roots}/later.log on this host. "
        "That is fine if the worker of queue “logtail” has it or will have it."
    )


def test_a_file_that_is_here_needs_no_hint(roots: Path) -> None:
    (roots / "app.log").touch()

    assert new_log(roots / "app.log").absence() is None


@pytest.mark.parametrize("path", ["/etc/passwd", "{roots}-other/app.log", "{roots}/link"])
def test_a_path_outside_the_roots_is_refused_with_the_fix(roots: Path, path: str) -> None:
    (roots / "link").symlink_to("/etc/passwd")

    errors = errors_of(new_log(Path(path.format(roots=roots))))

    assert list(errors) == ["path"]
    assert 'LOGTAIL["ROOTS"]' in errors["path"][0]


def test_a_path_with_dots_is_refused(roots: Path) -> None:
    assert list(errors_of(new_log(roots / ".." / "passwd"))) == ["path"]


def test_a_relative_path_is_refused() -> None:
    errors = errors_of(new_log(Path("logs/app.log")))

    assert list(errors) == ["path"]
    assert "absolute" in errors["path"][0]


def test_without_roots_every_path_is_refused(settings: Any, tmp_path: Path) -> None:
    settings.LOGTAIL = {}

    assert list(errors_of(new_log(tmp_path / "app.log"))) == ["path"]


def test_an_empty_path_is_refused_once(roots: Path) -> None:
    log = new_log(roots)
    log.path = ""

    assert errors_of(log) == {"path": ["This field cannot be blank."]}


def test_an_unknown_encoding_is_refused_with_examples(roots: Path) -> None:
    errors = errors_of(new_log(roots / "app.log", encoding="utf-9"))

    assert errors == {
        "encoding": [
            "The encoding 'utf-9' does not exist. "
            "Use one such as utf-8, utf-16-le, latin-1, cp1252, gbk, gb18030, big5, shift_jis, euc-kr."
        ]
    }


def test_the_page_gets_the_label_browsers_know(roots: Path) -> None:
    assert new_log(roots / "app.log", encoding="latin-1").encoding_label == "windows-1252"


def test_a_row_with_a_wrong_encoding_that_nobody_validated_gives_it_as_it_is(roots: Path) -> None:
    assert new_log(roots / "app.log", encoding="klingon").encoding_label == "klingon"


@pytest.mark.parametrize("queue", ["web.1", "9", "a b", "web-1\n", "{web}"])
def test_a_queue_name_dramatiq_or_our_keys_cannot_have_is_refused(roots: Path, queue: str) -> None:
    errors = errors_of(new_log(roots / "app.log", queue=queue))

    assert errors == {
        "queue": ["A queue name consists of letters, digits, “-” and “_”, and starts with a letter or “_”."]
    }


def test_a_log_that_names_no_queue_is_read_by_the_one_of_the_settings(settings: Any, roots: Path) -> None:
    settings.LOGTAIL = {"ROOTS": [roots], "QUEUE": "web-1"}

    assert new_log(roots / "app.log").queue_name == "web-1"
    assert new_log(roots / "app.log", queue="web-2").queue_name == "web-2"


def test_a_slug_is_given_once(roots: Path) -> None:
    new_log(roots / "app.log").save()

    assert errors_of(new_log(roots / "other.log")) == {"slug": ["Log with this Slug already exists."]}


def test_logs_are_ordered_by_group_then_order_then_name(roots: Path) -> None:
    for slug, group, order in [("d", "web", 0), ("c", "web", 0), ("b", "web", -1), ("a", "jobs", 9)]:
        new_log(roots / "app.log", slug=slug, name=slug, group=group, order=order).save()

    assert [log.slug for log in Log.objects.all()] == ["a", "b", "c", "d"]


def test_a_new_log_is_for_staff_only(roots: Path) -> None:
    assert new_log(roots / "app.log").access == Access.STAFF


def test_watching_is_a_permission_of_its_own() -> None:
    codenames = Permission.objects.filter(content_type__app_label="logtail").values_list(
        "codename", flat=True
    )

    assert {name for name in codenames if name.endswith("_log")} == {
        "add_log",
        "change_log",
        "delete_log",
        "view_log",
        "watch_log",
        "history_log",
        "search_log",
        "download_log",
        "see_unredacted_log",
        "stop_log",
    }


def test_no_migration_is_missing() -> None:
    call_command("makemigrations", "logtail", check=True, dry_run=True, verbosity=0)


def test_a_project_may_have_the_registry_in_another_database_and_no_default_one() -> None:
    """A process of its own, because the databases are chosen once a process."""
    finished = subprocess.run(
        [sys.executable, "-W", "error", "-m", "tests.other_database"],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert finished.returncode == 0, finished.stderr
    assert finished.stdout.splitlines()[-2:] == [
        "Finding(mark='ok', text='database: 2 enabled log(s), 0 disabled', advice='', id='database', paste='')",
        "2",
    ]


def test_a_log_that_follows_the_newest_match_names_its_older_files_by_its_path(roots: Path) -> None:
    log = Log(name="App", slug="app", path=str(roots / "app-%Y-%m-%d.log"), follow="newest")
    log.full_clean()

    log.rotated_as = "{name}.{number}"

    with pytest.raises(ValidationError) as error:
        log.full_clean()
    assert error.value.message_dict == {
        "rotated_as": ["Leave this empty: the older files of this log are those that its path matches."]
    }


def test_whoever_registers_a_pattern_is_told_what_is_missing(roots: Path) -> None:
    log = Log(name="App", slug="app", path=str(roots / "app-%Y-%m-%d.log"), queue="web-1")

    plain = log.absence()
    log.follow = "newest"
    none = log.absence()
    (roots / "app-2026-11-28.log").write_text("")
    found = log.absence()

    assert plain == (
        f"No file on this host is named {log.path}. "
        "To register the files that it matches, choose how to follow them."
    )
    assert none == (
        f"No file on this host matches {log.path}. "
        "That is fine if the worker of queue “web-1” has one or will have one."
    )
    assert found is None


# -- revisions -------------------------------------------------------------------------------------


@pytest.fixture
def registered(roots: Path) -> Log:
    return Log.objects.create(name="App", slug="app", path=str(roots / "app.log"))


def revision(log: Log) -> str:
    """As the row is now, and not as an instance remembers it."""
    return Log.objects.get(pk=log.pk).revision


@pytest.mark.parametrize(
    "change",
    [
        {"path": "/var/log/other.log"},
        {"follow": "newest"},
        {"queue": "web-2"},
        {"encoding": "gbk"},
        {"enabled": False},
        {"access": "chosen"},
    ],
)
def test_a_change_of_what_is_read_or_for_whom_makes_another_revision(
    registered: Log, change: dict[str, Any]
) -> None:
    before = revision(registered)

    Log.objects.filter(pk=registered.pk).update(**change)

    assert revision(registered) != before


def test_a_log_with_another_name_has_the_same_revision(registered: Log) -> None:
    before = revision(registered)

    Log.objects.filter(pk=registered.pk).update(name="Other", group="web", order=3, description="Now longer")
    Log.objects.get(pk=registered.pk).save()

    assert revision(registered) == before


def test_two_rows_that_say_the_same_are_two_revisions(registered: Log) -> None:
    other = Log.objects.create(name="App", slug="app-2", path=registered.path)

    assert revision(other) != revision(registered)


def test_another_default_queue_is_another_revision_of_a_log_that_names_none(
    registered: Log, settings: Any
) -> None:
    before = revision(registered)

    settings.LOGTAIL = {**settings.LOGTAIL, "QUEUE": "web-3"}

    assert revision(registered) != before


def test_every_change_of_the_chosen_makes_another_revision(registered: Log) -> None:
    group = Group.objects.create(name="ops")
    user = User.objects.create_user("ann")
    seen = [revision(registered)]

    for change in (
        lambda: registered.groups.add(group),
        lambda: registered.groups.remove(group),
        lambda: registered.users.set([user]),
        lambda: registered.users.clear(),
    ):
        change()
        seen.append(revision(registered))

    assert len(set(seen)) == 5
    assert registered.revision == seen[-1]


def test_the_end_of_a_chosen_group_makes_another_revision(registered: Log) -> None:
    group = Group.objects.create(name="ops")
    registered.groups.add(group)
    before = revision(registered)

    group.delete()

    assert revision(registered) != before


# -- one file, one row -----------------------------------------------------------------------------


def taken(log: Log) -> bool:
    try:
        log.full_clean()
    except ValidationError as refused:
        return refused.message_dict == {"path": ["Another log already has this file."]}
    return False


@pytest.mark.parametrize("path", ["{}/app.log", "/{}/app.log", "{}//app.log", "{}/./app.log", "{}/app.log/"])
@pytest.mark.parametrize("queue", ["", "logtail"])
@pytest.mark.parametrize("change", [{}, {"enabled": False}])
def test_a_file_that_a_log_has_is_refused_to_another(
    registered: Log, roots: Path, path: str, queue: str, change: dict[str, Any]
) -> None:
    Log.objects.update(**change)

    assert taken(Log(name="B", slug="second", queue=queue, path=path.format(roots)))


@pytest.mark.parametrize("reader", ["local", "dramatiq"])
def test_the_same_path_on_another_host_is_another_file_but_a_local_reader_has_one_host(
    registered: Log, roots: Path, settings: Any, reader: str
) -> None:
    settings.LOGTAIL = {**settings.LOGTAIL, "READER": reader}

    assert taken(new_log(roots / "app.log", slug="second", queue="web-2")) is (reader == "local")


@pytest.mark.parametrize("name", ["app.log.1", "app", "pp.log", "APP.LOG", "a%p.log", "a_p.log"])
def test_a_file_with_another_name_is_another_file(registered: Log, roots: Path, name: str) -> None:
    new_log(roots / name, slug="second").full_clean()


def test_a_log_may_be_saved_again_and_its_path_is_tidied(registered: Log, roots: Path) -> None:
    Log.objects.filter(pk=registered.pk).update(path=f"{roots}//./app.log/")
    log = Log.objects.get(pk=registered.pk)

    log.full_clean()

    assert log.path == f"{roots}/app.log"


def test_who_may_see_the_other_log_is_told_which_it_is(registered: Log, roots: Path) -> None:
    log = new_log(roots / "app.log", slug="second")
    log.may_name_others = True

    assert errors_of(log) == {
        "path": ["The log “App” (app) already has this file. Change or delete that one first."]
    }


def test_of_rows_that_nobody_validated_only_the_oldest_is_read(registered: Log, roots: Path) -> None:
    second = Log.objects.create(name="B", slug="b", path=f"{roots}//app.log", access="signed-in")
    third = Log.objects.create(name="C", slug="c", path=f"{roots}/c.log")

    sources = Registry().find([str(log.pk) for log in (registered, second, third)])

    refusals = {log: source.refusal for log, source in sources.items()}
    assert refusals == {
        str(registered.pk): "",
        str(second.pk): "reason:taken?",
        str(third.pk): "",
    }


def test_a_second_row_of_a_file_takes_nothing_from_the_first_however_it_is_written(
    registered: Log, roots: Path
) -> None:
    (roots / "app.log").write_bytes(b"a line\n")
    found = (roots / "app.log").stat()
    Log.objects.create(name="B", slug="b", path=f"/{roots}//app.log", access="signed-in")
    registry = Registry()

    source = registry.find([str(registered.pk)])[str(registered.pk)]

    assert source.path == roots / "app.log"
    assert not registry._registered.takes(registered.pk, source.path, (found.st_dev, found.st_ino))


def test_a_file_of_a_log_that_is_disabled_is_not_read_for_another(registered: Log) -> None:
    second = Log.objects.create(name="B", slug="b", path=registered.path, access="signed-in")
    Log.objects.filter(pk=registered.pk).update(enabled=False)

    (source,) = Registry().find([str(registered.pk), str(second.pk)]).values()

    assert source.refusal


# -- file systems that do not answer ---------------------------------------------------------------


def test_a_log_on_a_file_system_that_does_not_answer_is_registered_without_waiting(dead: Path) -> None:
    log = new_log(dead / "app.log")

    log.full_clean()

    assert log.absence() == f"{dead}/app.log does not respond on this host: its disk or network may be down."


def test_what_is_written_outside_of_the_roots_is_refused_all_the_same(
    dead: Path, settings: Any, roots: Path
) -> None:
    settings.LOGTAIL = {"ROOTS": [roots / "other"]}

    (text,) = errors_of(new_log(dead / "app.log"))["path"]

    assert text.startswith(f"The path '{dead}/app.log' is outside")


def test_a_neighbour_on_a_file_system_that_answers_is_looked_at(dead: Path, roots: Path) -> None:
    new_log(dead / "app.log").full_clean()
    (roots / "folder").mkdir()

    errors = errors_of(new_log(roots / "folder"))

    assert errors["path"] == [f"The path '{roots}/folder' is not a regular file."]


def test_looks_that_are_stuck_are_few_and_one_directory_has_one() -> None:
    release = threading.Event()
    looks = Looks(seconds=0.01)
    begun = []

    def stuck() -> None:
        begun.append(None)
        release.wait()

    for number in range(30):
        with pytest.raises(NoAnswer):
            looks.take(Path(f"/mnt/{number // 2}/app.log"), stuck)
    release.set()

    assert len(begun) == 8


def test_what_a_look_finds_or_raises_comes_back() -> None:
    looks = Looks()

    with pytest.raises(PermissionError):
        looks.take(Path("/a/b"), lambda: (_ for _ in ()).throw(PermissionError()))
    assert looks.take(Path("/a/b"), lambda: 7) == 7


def test_a_pattern_that_cannot_be_meant_is_refused_where_it_was_written(roots: Path) -> None:
    log = new_log(roots / "app.log", rotated_as="app-old.log")

    assert errors_of(log) == {
        "rotated_as": ["The pattern names only one file. Use {name} or {stem} for the log's name."]
    }


def test_a_pattern_may_not_lead_out_of_the_roots(roots: Path) -> None:
    new_log(roots / "app.log", rotated_as="archive/{name}-{date}").full_clean()
    new_log(roots / "app.log", rotated_as=f"{roots}/archive/{{name}}-{{date}}").full_clean()

    assert errors_of(new_log(roots / "app.log", rotated_as="/etc/{name}-{date}")) == {
        "rotated_as": ["The directory /etc is outside LOGTAIL['ROOTS'], so its files are never read."]
    }


def test_a_disabled_row_of_another_queue_keeps_its_file_from_the_others(registered: Log, roots: Path) -> None:
    older = Path(registered.path + ".1")
    older.write_bytes(b"secret")
    new_log(older, slug="older", queue="elsewhere", enabled=False).save()
    found = older.stat()

    (source,) = Registry().find([str(registered.pk)]).values()

    assert source.belonging.is_foreign(older, (found.st_dev, found.st_ino))


def test_a_format_is_a_name_or_an_expression(roots):
    new_log(roots / "app.log", format="nginx").full_clean()
    new_log(roots / "app.log", format=r"(?P<time>\d+) (?P<message>.*)").full_clean()

    assert errors_of(new_log(roots / "app.log", format="nginks")) == {
        "format": ["“nginks” is not the name of a format. Choose one from the list, or give an expression."],
    }
    assert errors_of(new_log(roots / "app.log", format="(?P<time>")) == {
        "format": ["The expression is invalid: missing ) in (?P<time>."],
    }


@pytest.mark.parametrize(
    ("fields", "errors"),
    [
        ({"path": "app.log"}, {"path": ["路径 'app.log' 不是绝对路径，请以“/”开头。"]}),
        (
            {"path": "/etc/passwd"},
            {"path": ["路径 '/etc/passwd' 在 LOGTAIL[\"ROOTS\"] 之外。只能读取 {roots} 中的文件。"]},
        ),
        ({"rotated_as": "{name}-{number"}, {"rotated_as": ["模式中有不属于占位符的花括号。"]}),
        (
            {"rotated_as": "{nmae}.1"},
            {"rotated_as": ["模式中有未知的占位符 {nmae}。请使用 {name}, {stem}, {ext}, {number}, {date}。"]},
        ),
        (
            {"encoding": "utf-16"},
            {"encoding": ["“utf-16”没有指明字节顺序。请填写 utf-16-le（多数 Windows 日志）或 utf-16-be。"]},
        ),
        ({"format": "(?P<time>"}, {"format": ["表达式无效：(?P<time> 中缺少 )。"]}),
    ],
)
def test_a_form_explains_mistakes_in_the_language_of_the_page(
    roots: Path, fields: dict[str, str], errors: dict[str, list[str]]
) -> None:
    log = new_log(Path(fields.pop("path", roots / "app.log")), **fields)

    with translation.override("zh-hans"):
        said = errors_of(log)

    assert said == {
        name: [text.replace("{roots}", str(roots)) for text in texts] for name, texts in errors.items()
    }


def test_why_this_host_cannot_look_is_said_in_the_language_of_the_page(roots: Path, monkeypatch: Any) -> None:
    def refuse(path: Path) -> bool:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "is_file", refuse)

    with translation.override("zh-hans"):
        hint = new_log(roots / "app.log").absence()

    assert hint == f"此主机无法查看 {roots}/app.log：没有权限。"
