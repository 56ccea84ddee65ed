import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import Group, User
from django.core.management import call_command
from django.utils import translation

from django_logtail.declared import sync
from django_logtail.handlers import SpoolHandler
from django_logtail.models import Log

pytestmark = pytest.mark.django_db


@pytest.fixture
def declare(settings: Any, tmp_path: Path) -> Any:
    """Puts logs into the settings; paths are taken from the root of the test."""

    def declare(**logs: Any) -> None:
        settings.LOGTAIL = {
            "ROOTS": [tmp_path],
            "LOGS": {slug.replace("_", "-"): log for slug, log in logs.items()},
        }

    declare()
    return declare


def test_a_path_is_enough(declare: Any, tmp_path: Path) -> None:
    declare(web_access=tmp_path / "access.log")

    synced = sync()

    log = Log.objects.get()
    assert (log.slug, log.name, log.path, log.declared, log.access) == (
        "web-access",
        "web-access",
        f"{tmp_path}/access.log",
        True,
        "staff",
    )
    assert synced.created == ["web-access"]
    assert synced.problems == []


def test_a_dict_gives_every_field(declare: Any, tmp_path: Path) -> None:
    ops, ann = Group.objects.create(name="ops"), User.objects.create_user("ann")
    fields = {
        "name": "Access log",
        "group": "nginx",
        "order": 3,
        "description": "All requests",
        "queue": "web-1",
        "encoding": "latin-1",
        "enabled": False,
        "access": "chosen",
    }
    declare(access={"path": f"{tmp_path}/access.log", "groups": ["ops"], "users": ("ann",), **fields})

    sync()

    log = Log.objects.get(slug="access")
    assert {name: getattr(log, name) for name in fields} == fields
    assert (list(log.groups.all()), list(log.users.all())) == ([ops], [ann])


def test_a_log_may_be_declared_as_the_newest_of_several_files(declare: Any, tmp_path: Path) -> None:
    declare(app={"path": f"{tmp_path}/app-%Y-%m-%d.log", "follow": "newest"})

    synced = sync()

    assert (synced.created, synced.problems) == (["app"], [])
    assert Log.objects.get().follow == "newest"


@pytest.mark.parametrize("name", ["app.log", "app-*-%Y.log", "app-%p.log", "app-%Y.log.gz"])
def test_what_names_no_several_files_cannot_be_declared_as_their_newest(
    declare: Any, tmp_path: Path, name: str
) -> None:
    declare(app={"path": f"{tmp_path}/{name}", "follow": "newest"})

    synced = sync()

    assert (synced.created, len(synced.problems)) == ([], 1)


def test_a_second_run_changes_nothing(declare: Any, tmp_path: Path) -> None:
    Group.objects.create(name="ops")
    declare(app={"path": f"{tmp_path}/app.log", "access": "chosen", "groups": ["ops"]})
    sync()
    before = Log.objects.get().updated

    synced = sync()

    assert (synced.created, synced.updated, synced.deleted, synced.problems) == ([], [], [], [])
    assert Log.objects.get().updated == before


def test_a_changed_declaration_changes_the_row_and_a_field_left_out_goes_back_to_its_default(
    declare: Any, tmp_path: Path
) -> None:
    Group.objects.create(name="ops")
    declare(app={"path": f"{tmp_path}/app.log", "group": "web", "access": "chosen", "groups": ["ops"]})
    sync()
    row = Log.objects.get()
    declare(app={"path": f"{tmp_path}/new.log"})

    synced = sync()

    row.refresh_from_db()
    assert (row.path, row.group, row.access, row.groups.count()) == (f"{tmp_path}/new.log", "", "staff", 0)
    assert synced.updated == ["app"]


def test_a_change_of_members_alone_counts_as_an_update(declare: Any, tmp_path: Path) -> None:
    User.objects.create_user("ann")
    declare(app={"path": f"{tmp_path}/app.log", "access": "chosen"})
    sync()
    declare(app={"path": f"{tmp_path}/app.log", "access": "chosen", "users": ["ann"]})

    assert sync().updated == ["app"]


def test_a_row_whose_declaration_is_gone_is_deleted_and_rows_made_by_hand_stay(
    declare: Any, tmp_path: Path
) -> None:
    Log.objects.create(name="By hand", slug="hand", path=f"{tmp_path}/hand.log")
    declare(app=tmp_path / "app.log")
    sync()
    declare()

    synced = sync()

    assert synced.deleted == ["app"]
    assert [log.slug for log in Log.objects.all()] == ["hand"]


def test_a_slug_of_a_log_made_by_hand_is_a_problem_and_that_log_stays_as_it_is(
    declare: Any, tmp_path: Path
) -> None:
    Log.objects.create(name="By hand", slug="app", path=f"{tmp_path}/hand.log")
    declare(app=tmp_path / "app.log", other=tmp_path / "other.log")

    synced = sync()

    assert synced.problems == [
        "LOGTAIL[\"LOGS\"]['app']: a log registered by hand has this slug. "
        "Rename one of the two, or delete that log in the admin."
    ]
    assert synced.created == ["other"]
    assert Log.objects.get(slug="app").name == "By hand"


def test_a_group_or_user_that_is_not_there_yet_is_a_problem_and_narrows_access(
    declare: Any, tmp_path: Path
) -> None:
    Group.objects.create(name="ops")
    declare(
        app={"path": f"{tmp_path}/app.log", "access": "chosen", "groups": ["ops", "web"], "users": ["ann"]}
    )

    synced = sync()

    assert [group.name for group in Log.objects.get().groups.all()] == ["ops"]
    assert synced.problems == [
        "LOGTAIL[\"LOGS\"]['app']: the groups 'web' do not exist yet. Create them, then run manage.py logtail_sync.",
        "LOGTAIL[\"LOGS\"]['app']: the users 'ann' do not exist yet. Create them, then run manage.py logtail_sync.",
    ]


@pytest.mark.parametrize(
    ("value", "problem"),
    [
        (7, " is 7. Give the file's path, or a dict of the log's fields."),
        ({}, ' has no "path". Give the absolute path of the file.'),
        ({"path": "{root}/a", "acess": "staff"}, " has an unknown field 'acess'. Did you mean 'access'?"),
        (
            {"path": "{root}/a", "zzz": 1},
            " has an unknown field 'zzz'. The fields are path, name, group, order, description, follow, queue, "
            "encoding, rotated_as, format, time_zone, enabled, access, history_hours, groups, users.",
        ),
        (
            {"path": "{root}/a", "access": "stafff"},
            ": 'access' is 'stafff'. Write 'signed-in' or 'staff' or 'chosen' or 'permission'.",
        ),
        ({"path": "{root}/a", "order": "x"}, ": order: “x” value must be an integer."),
        ({"path": "{root}/a", "enabled": "x"}, ": enabled: “x” value must be either True or False."),
        ({"path": "{root}/a", "groups": "ops"}, ": 'groups' is 'ops'. Give a list of names."),
        (
            {"path": "{root}/a", "queue": "a.b"},
            ": queue: A queue name consists of letters, digits, “-” and “_”, and starts with a letter or “_”.",
        ),
    ],
)
def test_a_wrong_declaration_is_a_problem_that_says_what_to_write(
    declare: Any, tmp_path: Path, value: Any, problem: str
) -> None:
    if isinstance(value, dict) and "path" in value:
        value = {**value, "path": value["path"].format(root=tmp_path)}
    declare(app=value)

    assert sync().problems == [f"LOGTAIL[\"LOGS\"]['app']{problem}"]
    assert not Log.objects.exists()


@pytest.mark.parametrize(
    ("slug", "problem"),
    [
        (7, 'LOGTAIL["LOGS"][7]: the key can\'t be part of an address. Use letters, digits, - and _.'),
        (
            "a.b",
            "LOGTAIL[\"LOGS\"]['a.b']: the key can't be part of an address. Use letters, digits, - and _.",
        ),
    ],
)
def test_a_key_that_is_no_slug_is_a_problem(settings: Any, tmp_path: Path, slug: Any, problem: str) -> None:
    settings.LOGTAIL = {"ROOTS": [tmp_path], "LOGS": {slug: tmp_path / "a"}}

    assert sync().problems == [problem]


def test_a_pattern_is_a_problem_and_registers_nothing(declare: Any, tmp_path: Path) -> None:
    (tmp_path / "a.log").touch()
    declare(app=tmp_path / "*.log", other={"path": tmp_path / "[a].log"}, later=tmp_path / "?.txt")

    assert sync().problems == [
        f"LOGTAIL[\"LOGS\"]['app'] is '{tmp_path}/*.log', a pattern. "
        'Add "follow": "each" for a log of each file, or "newest" for one log of the latest file, or name each file.',
        f"LOGTAIL[\"LOGS\"]['other'] is '{tmp_path}/[a].log', a pattern. "
        'Add "follow": "each" for a log of each file, or "newest" for one log of the latest file, or name each file.',
        f"LOGTAIL[\"LOGS\"]['later'] is '{tmp_path}/?.txt', a pattern. "
        'Add "follow": "each" for a log of each file, or "newest" for one log of the latest file, or name each file.',
    ]
    assert not Log.objects.exists()


def test_a_pattern_of_dates_is_a_problem_unless_a_file_has_that_name(declare: Any, tmp_path: Path) -> None:
    (tmp_path / "web-%Y.log").touch()
    declare(app=tmp_path / "app-%Y-%m-%d.log", web=tmp_path / "web-%Y.log", cpu=tmp_path / "cpu-100%.log")

    synced = sync()

    assert synced.problems == [
        f"LOGTAIL[\"LOGS\"]['app'] is '{tmp_path}/app-%Y-%m-%d.log', a pattern of dates. "
        'Add "follow": "newest" for one log of the latest file, or "each" for a log of each file.',
    ]
    assert synced.created == ["web", "cpu"]


def test_a_file_may_have_the_signs_of_a_pattern_in_its_name(declare: Any, tmp_path: Path) -> None:
    (tmp_path / "a*.log").touch()
    (tmp_path / "ab.log").touch()
    declare(star=tmp_path / "a*.log", later=tmp_path / "app[1].log")

    assert sync().created == ["star", "later"]


def test_a_path_outside_the_roots_is_a_problem(declare: Any) -> None:
    declare(app="/etc/passwd")

    (problem,) = sync().problems

    assert problem.startswith("LOGTAIL[\"LOGS\"]['app']: path: ")
    assert not Log.objects.exists()


def test_a_row_whose_declaration_became_wrong_is_disabled_because_access_may_be_what_was_to_change(
    declare: Any, tmp_path: Path
) -> None:
    declare(app={"path": f"{tmp_path}/app.log", "access": "signed-in"})
    sync()
    declare(app={"path": f"{tmp_path}/app.log", "access": "stafff"})

    synced = sync()

    assert synced.updated == ["app"]
    assert not Log.objects.get().enabled


def test_a_row_is_enabled_again_when_its_declaration_is_right_again(declare: Any, tmp_path: Path) -> None:
    declare(app={"path": f"{tmp_path}/app.log"})
    sync()
    Log.objects.update(enabled=False)

    sync()

    assert Log.objects.get().enabled


@pytest.mark.django_db(transaction=True)
def test_migrate_brings_the_registry_in_step(declare: Any, tmp_path: Path) -> None:
    declare(app=tmp_path / "app.log")

    call_command("migrate", verbosity=0)

    assert Log.objects.get().slug == "app"


@pytest.mark.django_db(transaction=True)
def test_migrate_tells_problems_and_goes_on(
    declare: Any, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    declare(app={"path": f"{tmp_path}/app.log", "users": ["ann"], "access": "chosen"})
    out = io.StringIO()

    call_command("migrate", stdout=out, verbosity=1)

    problem = (
        "LOGTAIL[\"LOGS\"]['app']: the users 'ann' do not exist yet. "
        "Create them, then run manage.py logtail_sync."
    )
    assert out.getvalue().count(problem) == 1
    assert caplog.messages == []

    call_command("migrate", verbosity=0)

    assert caplog.messages == [problem]


@pytest.mark.django_db(transaction=True)
def test_migrating_back_to_nothing_and_forth_again_works(declare: Any, tmp_path: Path) -> None:
    declare(app=tmp_path / "app.log")

    call_command("migrate", "logtail", "zero", verbosity=0)
    call_command("migrate", "logtail", verbosity=0)

    assert Log.objects.get().slug == "app"


@pytest.mark.parametrize(
    ("reader", "path", "problems"),
    [
        ("dramatiq", "/srv/far.log", []),
        ("dramatiq", "far.log", ["path: The path 'far.log' is not absolute. Start it with '/'."]),
        (
            "local",
            "/srv/far.log",
            [
                "path: The path '/srv/far.log' is outside LOGTAIL[\"ROOTS\"]. "
                "Only files inside {root} may be read."
            ],
        ),
    ],
)
def test_a_log_that_another_host_reads_is_not_held_against_the_roots_of_this_one(
    declare: Any, tmp_path: Path, settings: Any, reader: str, path: str, problems: list[str]
) -> None:
    declare(far={"path": path, "queue": "web-2"})
    settings.LOGTAIL["READER"] = reader

    synced = sync()

    assert synced.problems == [
        f"LOGTAIL[\"LOGS\"]['far']: {problem.format(root=tmp_path)}" for problem in problems
    ]
    assert synced.created == ([] if problems else ["far"])


def test_a_file_that_a_log_made_by_hand_has_is_a_problem_and_that_log_stays(
    declare: Any, tmp_path: Path
) -> None:
    Log.objects.create(name="By hand", slug="hand", path=f"{tmp_path}/app.log")
    declare(app=f"{tmp_path}//app.log")

    synced = sync()

    assert synced.problems == [
        f"LOGTAIL[\"LOGS\"]['app']: the log 'hand' already has the file {tmp_path}/app.log. Remove one of the two."
    ]
    assert [log.slug for log in Log.objects.all()] == ["hand"]


def test_of_two_declarations_of_one_file_the_first_holds(declare: Any, tmp_path: Path) -> None:
    declare(a=tmp_path / "app.log", b=tmp_path / "app.log")

    first, again = sync(), sync()

    assert (first.created, len(first.problems), len(again.problems)) == (["a"], 1, 1)
    assert [(log.slug, log.enabled) for log in Log.objects.all()] == [("a", True)]


def test_a_declared_log_that_moves_to_another_s_file_is_disabled(declare: Any, tmp_path: Path) -> None:
    declare(app=tmp_path / "app.log")
    sync()
    Log.objects.create(name="By hand", slug="hand", path=f"{tmp_path}/other.log")

    declare(app=tmp_path / "other.log")
    synced = sync()

    assert len(synced.problems) == 1
    assert [(log.slug, log.enabled) for log in Log.objects.order_by("pk")] == [("app", False), ("hand", True)]


def test_a_declared_log_keeps_its_file_where_a_younger_one_was_made_beside_it(
    declare: Any, tmp_path: Path
) -> None:
    declare(app=tmp_path / "app.log")
    sync()
    Log.objects.create(name="By hand", slug="hand", path=f"{tmp_path}/app.log")

    assert sync().problems == []


def test_a_declaration_that_changes_its_slug_takes_its_file_along(declare: Any, tmp_path: Path) -> None:
    declare(old=tmp_path / "app.log")
    sync()

    declare(new=tmp_path / "app.log")
    synced = sync()

    assert (synced.created, synced.deleted, synced.problems) == (["new"], ["old"], [])


def test_a_wrong_declaration_is_explained_in_english_whatever_the_language(declare: Any) -> None:
    declare(app={"path": "app.log"}, web={"path": "/etc/passwd", "access": "nobody"})

    with translation.override("zh-hans"):
        synced = sync()

    assert synced.problems == [
        "LOGTAIL[\"LOGS\"]['app']: path: The path 'app.log' is not absolute. Start it with '/'.",
        "LOGTAIL[\"LOGS\"]['web']: 'access' is 'nobody'. Write 'signed-in' or 'staff' or 'chosen' or 'permission'.",
    ]


class TestSpool:
    @pytest.fixture
    def spool(self, settings: Any, tmp_path: Path) -> Iterator[SpoolHandler]:
        settings.LOGTAIL = {"ROOTS": [tmp_path]}
        handler = SpoolHandler(tmp_path)
        yield handler
        handler.close()

    @pytest.fixture(autouse=True)
    def host(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("socket.gethostname", lambda: "web-1.example.org")

    def test_it_is_registered_for_staff_under_the_name_of_the_host(
        self, spool: SpoolHandler, tmp_path: Path
    ) -> None:
        synced = sync()

        log = Log.objects.get()
        assert (log.slug, log.name, log.path) == (
            "application",
            "Application on web-1.example.org",
            f"{tmp_path}/application.log",
        )
        assert (log.access, log.enabled, log.queue, log.declared) == ("staff", True, "", False)
        assert (synced.created, synced.problems) == (["application"], [])

    def test_its_name_is_in_the_project_s_language(self, spool: SpoolHandler, settings: Any) -> None:
        settings.LANGUAGE_CODE = "zh-hans"

        sync()

        assert Log.objects.get().name == "web-1.example.org 上的应用"

    def test_what_the_admin_changed_stays(self, spool: SpoolHandler) -> None:
        sync()
        Log.objects.update(name="Shop", slug="shop", access="signed-in", enabled=False)

        synced = sync()

        log = Log.objects.get()
        assert (log.name, log.slug, log.access, log.enabled) == ("Shop", "shop", "signed-in", False)
        assert synced.created == []

    def test_a_declaration_of_the_file_takes_its_place(self, spool: SpoolHandler, settings: Any) -> None:
        settings.LOGTAIL["LOGS"] = {"shop": {"path": spool.path, "access": "signed-in"}}

        sync()

        assert [(log.slug, log.access) for log in Log.objects.all()] == [("shop", "signed-in")]

    def test_each_host_with_a_queue_of_its_own_has_a_log_of_its_own(
        self, spool: SpoolHandler, settings: Any, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        settings.LOGTAIL |= {"READER": "dramatiq", "QUEUE": "web-1"}
        sync()
        settings.LOGTAIL["QUEUE"] = "web-2"
        monkeypatch.setattr("socket.gethostname", lambda: "web-2")

        synced = sync()

        assert sorted(Log.objects.values_list("slug", "queue", "name")) == [
            ("application", "web-1", "Application on web-1.example.org"),
            ("application-web-2", "web-2", "Application on web-2"),
        ]
        assert synced.created == ["application-web-2"]
        assert sync().created == []

    def test_a_slug_that_is_taken_is_left_alone(self, spool: SpoolHandler, tmp_path: Path) -> None:
        for slug in ("application", "application-web-1-example-org"):
            Log.objects.create(name=slug, slug=slug, path=f"{tmp_path}/{slug}")

        assert sync().created == ["application-2"]

    def test_a_directory_outside_the_roots_is_a_problem(self, spool: SpoolHandler, settings: Any) -> None:
        settings.LOGTAIL = {"ROOTS": ["/srv/logs"]}

        (problem,) = sync().problems

        assert problem.startswith("The log of SpoolHandler can't be registered: path: ")
        assert "/srv/logs" in problem
        assert not Log.objects.exists()

    def test_a_handler_that_is_closed_is_not_registered(self, spool: SpoolHandler) -> None:
        spool.close()

        assert sync().created == []


def test_a_pattern_is_declared_with_how_to_follow_it(declare: Any, tmp_path: Path) -> None:
    declare(
        sites={"path": tmp_path / "*.log", "follow": "each"},
        other={"path": tmp_path / "one.log", "follow": "each"},
        third={"path": tmp_path / "*.log", "follow": "all"},
    )

    problems = sync().problems

    assert [(log.slug, log.follow) for log in Log.objects.all()] == [("sites", "each")]
    assert [problem.partition(": ")[2].removesuffix(".") for problem in problems] == [
        "path: 'one.log' names only one file. Use the codes of a date, as in app-%Y-%m-%d.log, or *, ? or [...]",
        "'follow' is 'all'. Write 'each' or 'newest'",
    ]
