"""What files are called when they become logs."""

from pathlib import Path

import pytest

from django_logtail.registering.naming import named


def called(*paths: str, own: bool = False, names: tuple[str, ...] = (), slugs: tuple[str, ...] = ()) -> list:
    made = named([(Path(path), own) for path in paths], names, slugs)
    return [(one.name, one.group, one.slug) for one in made.values()]


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/var/log/nginx/access.log", ("nginx access", "nginx", "nginx-access")),
        ("/var/log/syslog", ("syslog", "", "syslog")),
        (
            "/var/log/postgresql/postgresql-16-main.log",
            ("postgresql 16 main", "postgresql", "postgresql-16-main"),
        ),
        ("/srv/shop/logs/imports/import-7.log", ("import 7", "imports", "import-7")),
        ("/srv/shop/logs/celery-worker.log", ("celery worker", "shop", "celery-worker")),
        ("/var/log/a.b/app.log.txt", ("a.b app", "a.b", "a-b-app")),
        ("/var/log/журнал.log", ("журнал", "", "log-2f1d66d7")),
        ("/var/log/日志/访问.log", ("日志 访问", "日志", "log-549ae422")),
        ("/var/log/.log", ("log", "", "log")),
        ("/var/log/---.log", ("---", "", "log-37a5d536")),
        ("/var/log/a\x1bb/c\u202ed.log", ("a_b c d", "a_b", "a_b-c-d")),
    ],
)
def test_a_name_a_group_and_a_slug_come_from_the_path(path: str, expected: tuple[str, str, str]) -> None:
    assert called(path) == [expected]


def test_the_projects_own_logs_are_named_after_their_files_alone() -> None:
    assert called("/srv/shop/logs/django.log", "/srv/shop/web/payments.log", own=True) == [
        ("Django", "shop", "django"),
        ("Payments", "web", "payments"),
    ]


def test_files_of_the_same_name_are_told_apart_by_their_directories() -> None:
    assert called("/srv/a/log/app.log", "/srv/b/log/app.log", "/srv/b/app.log", "/srv/b/app.txt") == [
        ("app", "a", "app"),
        ("app (log)", "b", "app-log"),
        ("b app", "b", "b-app"),
        ("b app (b)", "b", "b-app-b"),
    ]


def test_names_and_slugs_of_other_logs_are_not_used_again() -> None:
    assert called("/var/log/app.log", names=("APP",), slugs=("app-log", "app-log-2")) == [
        ("app (log)", "", "app-log-3")
    ]


def test_everything_fits_its_field() -> None:
    first, second = called(f"/var/web/{'n' * 150}.log", f"/var/web/{'n' * 150}.txt")
    [(_, group, _)] = called(f"/var/{'g' * 150}/app.log")

    assert first == ("web " + "n" * 96, "web", "web-" + "n" * 76)
    assert second == ("web " + "n" * 76 + " (web)", "web", "web-" + "n" * 76 + "-2")
    assert group == "g" * 100
