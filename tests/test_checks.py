import ast
import os
import re
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest
from channels_redis.core import RedisChannelLayer
from django.apps import apps
from django.conf.urls.i18n import i18n_patterns, is_language_prefix_patterns_used
from django.contrib import admin
from django.contrib.sessions.middleware import SessionMiddleware
from django.core.checks import WARNING, CheckMessage, run_checks
from django.core.checks.registry import registry
from django.core.exceptions import ImproperlyConfigured
from django.db import connections
from django.urls import include, path

from django_logtail import broker, checks
from django_logtail.access import AccessPolicy
from django_logtail.apps import LogtailConfig
from django_logtail.checks import redaction
from django_logtail.checks.audit import check_audit
from django_logtail.checks.channel_layer import check_channel_layer
from django_logtail.checks.declared_logs import check_declared_logs
from django_logtail.checks.project import check_apps, check_asgi, check_urls
from django_logtail.checks.redaction import check_redaction
from django_logtail.checks.serving import check_login, check_runserver, check_wrapper
from django_logtail.checks.settings import (
    check_access_policy,
    check_id_patterns,
    check_roots,
    check_settings,
    check_source_url,
)
from django_logtail.checks.spool import check_spool
from django_logtail.checks.worker import check_broker, check_local_reader, check_namespace, check_tasks
from django_logtail.conf import SETTINGS, conf
from django_logtail.handlers import SpoolHandler

REFERENCE = Path(__file__).parent.parent / "docs" / "reference" / "checks.md"
CORE = "channels_redis.core.RedisChannelLayer"
BROKER_HINT = (
    'Add DRAMATIQ_BROKER = {"BROKER": "dramatiq.brokers.redis.RedisBroker", '
    '"OPTIONS": {"url": "redis://127.0.0.1:6379/0"}, '
    '"MIDDLEWARE": ["dramatiq.middleware.AgeLimit", "dramatiq.middleware.TimeLimit", '
    '"dramatiq.middleware.Callbacks", "dramatiq.middleware.Retries", '
    '"django_dramatiq.middleware.DbConnectionsMiddleware"]}.'
)
PUBSUB = "channels_redis.pubsub.RedisPubSubChannelLayer"


def ids(check: Callable[..., list[CheckMessage]]) -> list[str | None]:
    return [message.id for message in check(None)]


def only(check: Callable[..., list[CheckMessage]]) -> tuple[str | None, str, str | None]:
    (message,) = check(None)
    return message.id, message.msg, message.hint


def test_the_settings_of_the_tests_pass_every_check() -> None:
    assert run_checks(tags=["logtail"]) == []


class TestSettings:
    def test_a_settings_dict_that_is_none_is_an_error(self, settings: Any) -> None:
        settings.LOGTAIL = ["/var/log"]

        assert only(check_settings) == (
            "logtail.E001",
            "LOGTAIL is list; expected a dict.",
            'Write LOGTAIL = {"ROOTS": ["/var/log/myproject"]}.',
        )

    def test_without_the_settings_dict_only_the_roots_are_missed(self, settings: Any) -> None:
        del settings.LOGTAIL

        assert ids(check_settings) == []
        assert ids(check_roots) == ["logtail.W001"]

    @pytest.mark.parametrize(
        ("key", "hint"),
        [
            ("ROOT", "Did you mean 'ROOTS'?"),
            ("queue", "Did you mean 'QUEUE'?"),
            (
                "zzzz",
                f"The keys are {', '.join(SETTINGS)}.",
            ),
        ],
    )
    def test_an_unknown_key_is_an_error_with_the_closest_one(
        self, settings: Any, key: str, hint: str
    ) -> None:
        settings.LOGTAIL = {key: 1}

        assert only(check_settings) == ("logtail.E002", f"LOGTAIL has an unknown key {key!r}.", hint)

    def test_a_wrong_value_is_an_error_that_says_what_was_expected(self, settings: Any) -> None:
        settings.LOGTAIL = {"ROOTS": "/var/log"}

        assert only(check_settings) == (
            "logtail.E003",
            "LOGTAIL[\"ROOTS\"] is '/var/log'; expected a list of absolute paths.",
            "Only files inside these directories are ever opened, whatever a log's row says. If empty, no "
            "file is opened. "
            "Default: ().",
        )

    @pytest.mark.parametrize("queue", ["", "a b", "web.1", "9", None])
    def test_a_queue_that_dramatiq_or_our_keys_cannot_have_is_an_error(
        self, settings: Any, queue: Any
    ) -> None:
        settings.LOGTAIL = {"QUEUE": queue}

        assert only(check_settings)[:2] == (
            "logtail.E003",
            f"LOGTAIL[\"QUEUE\"] is {queue!r}; expected letters, digits, '-' and '_', "
            "beginning with a letter or '_'.",
        )

    def test_several_wrong_values_are_all_named(self, settings: Any) -> None:
        settings.LOGTAIL = {"BACKLOG_LINES": "many", "LOGS": [], "NONSENSE": 1}

        assert sorted(map(str, ids(check_settings))) == [
            "logtail.E002",
            "logtail.E003",
            "logtail.E003",
        ]

    def test_other_checks_leave_wrong_values_to_this_one(self, settings: Any) -> None:
        settings.LOGTAIL = dict.fromkeys(
            ("ROOTS", "LOGS", "ACCESS_POLICY", "CHANNEL_LAYER", "QUEUE", "READER"), 7
        )

        assert {message.id for message in run_checks(tags=["logtail"])} == {"logtail.E003"}

    @pytest.mark.parametrize("name", ["ROOTS", "LOGS", "ACCESS_POLICY", "CHANNEL_LAYER", "QUEUE", "READER"])
    def test_a_single_wrong_value_is_left_to_this_one_as_well(
        self, settings: Any, tmp_path: Path, name: str
    ) -> None:
        settings.LOGTAIL = {"ROOTS": [tmp_path], "READER": "dramatiq", name: 7}

        assert {message.id for message in run_checks(tags=["logtail"])} == {"logtail.E003"}


class TestRoots:
    def test_no_roots_is_a_warning(self, settings: Any) -> None:
        settings.LOGTAIL = {}

        assert only(check_roots)[:2] == (
            "logtail.W001",
            'LOGTAIL["ROOTS"] is empty, so no log can be registered or read.',
        )

    def test_the_whole_disk_is_a_warning(self, settings: Any) -> None:
        settings.LOGTAIL = {"ROOTS": ["/"]}

        assert only(check_roots)[:2] == (
            "logtail.W002",
            "LOGTAIL[\"ROOTS\"] contains '/', so anyone who can register logs can read any file.",
        )

    def test_a_directory_that_is_not_here_is_a_warning(self, settings: Any, tmp_path: Path) -> None:
        settings.LOGTAIL = {"ROOTS": [tmp_path, tmp_path / "nowhere"]}

        assert only(check_roots)[:2] == (
            "logtail.W003",
            f"LOGTAIL[\"ROOTS\"] contains '{tmp_path}/nowhere', which is not a directory on this host.",
        )


class TestDeclaredLogs:
    """Warnings: only the log of a wrong entry is missing, and other commands go on."""

    def declared(self, settings: Any, root: Path, logs: Any) -> list[tuple[str | None, str, str | None]]:
        settings.LOGTAIL = {"ROOTS": [root], "LOGS": logs}
        found = check_declared_logs(None)
        assert {message.level for message in found} <= {WARNING}
        return [(message.id, message.msg, message.hint) for message in found]

    def test_each_wrong_entry_is_a_warning_with_a_valid_one_for_a_file_of_the_project(
        self, settings: Any, tmp_path: Path
    ) -> None:
        (tmp_path / "a.log").touch()
        logs = {"good": tmp_path / "a.log", "bad": 7, "outside": "/etc/passwd"}

        assert self.declared(settings, tmp_path, logs) == [
            (
                "logtail.W013",
                "LOGTAIL[\"LOGS\"]['bad'] is 7. Give the file's path, or a dict of the log's fields.",
                f"A valid entry: 'bad': {{'path': '{tmp_path}/bad.log', 'access': 'staff'}}.",
            ),
            (
                "logtail.W013",
                "LOGTAIL[\"LOGS\"]['outside']: path: The path '/etc/passwd' is outside LOGTAIL[\"ROOTS\"]. "
                f"Only files inside {tmp_path} may be read. Files found there: {tmp_path}/a.log.",
                f"A valid entry: 'outside': {{'path': '{tmp_path}/outside.log', 'access': 'staff'}}.",
            ),
        ]

    def test_an_example_names_a_file_that_is_there(self, settings: Any, tmp_path: Path) -> None:
        (tmp_path / "web.log").touch()

        ((_, _, hint),) = self.declared(settings, tmp_path, {"bad": 7})

        assert hint == f"A valid entry: 'bad': {{'path': '{tmp_path}/web.log', 'access': 'staff'}}."

    def test_a_pattern_is_answered_with_an_entry_for_each_file(self, settings: Any, tmp_path: Path) -> None:
        for name in ("web.log", "job.queue.log", "shop.log"):
            (tmp_path / name).touch()
        logs = {"web": tmp_path / "*.log", "shop": str(tmp_path / "shop.log")}

        assert self.declared(settings, tmp_path, logs) == [
            (
                "logtail.W014",
                f"LOGTAIL[\"LOGS\"]['web'] is '{tmp_path}/*.log', a pattern. "
                'Add "follow": "each" for a log of each file, or "newest" for one log of the latest file, '
                "or name each file.",
                f"Write 'job-queue': '{tmp_path}/job.queue.log', 'web': '{tmp_path}/web.log'.",
            )
        ]

    def test_the_entries_for_a_pattern_keep_its_other_fields(self, settings: Any, tmp_path: Path) -> None:
        (tmp_path / "web.log").touch()
        logs = {"all": {"path": tmp_path / "*", "group": "nginx"}}

        ((_, _, hint),) = self.declared(settings, tmp_path, logs)

        assert hint == f"Write 'web': {{'path': '{tmp_path}/web.log', 'group': 'nginx'}}."

    def test_a_pattern_without_files_is_answered_with_an_example(self, settings: Any, tmp_path: Path) -> None:
        ((_, _, hint),) = self.declared(settings, tmp_path, {"all": tmp_path / "*.log"})

        assert hint == (
            'No file in LOGTAIL["ROOTS"] matches it now. '
            f"A valid entry: 'all': {{'path': '{tmp_path}/all.log', 'access': 'staff'}}."
        )

    def test_of_a_pattern_outside_the_roots_no_file_is_named(self, settings: Any, tmp_path: Path) -> None:
        ((_, _, hint),) = self.declared(settings, tmp_path, {"all": "/etc/host*"})

        assert hint is not None
        assert "/etc" not in hint

    def test_a_pattern_of_dates_is_answered_with_how_to_follow_it(
        self, settings: Any, tmp_path: Path
    ) -> None:
        logs = {"app": {"path": tmp_path / "app-%Y.log", "group": "web"}}

        ((id, _, hint),) = self.declared(settings, tmp_path, logs)

        assert (id, hint) == (
            "logtail.W014",
            f"Write 'app': {{'path': '{tmp_path}/app-%Y.log', 'group': 'web', 'follow': 'newest'}}.",
        )

    def test_a_pattern_whose_files_have_entries_is_to_be_removed(self, settings: Any, tmp_path: Path) -> None:
        (tmp_path / "web.log").touch()
        logs = {"web": tmp_path / "web.log", "all": tmp_path / "*.log"}

        ((_, _, hint),) = self.declared(settings, tmp_path, logs)

        assert hint == "Remove it: every file that it matches has an entry."

    @pytest.mark.parametrize(
        ("key", "name", "entry"),
        [
            (1, "django.log", "'django': '{root}/django.log'"),
            ("a.b", "c.log", "'a-b': '{root}/c.log'"),
            ("日志", "c.log", "'c': '{root}/c.log'"),
            (2, "日志.log", "'log-2': '{root}/日志.log'"),
            (3, "taken.log", "'taken-2': '{root}/taken.log'"),
        ],
    )
    def test_a_key_that_is_no_slug_is_answered_with_one(
        self, settings: Any, tmp_path: Path, key: Any, name: str, entry: str
    ) -> None:
        logs = {key: tmp_path / name, "taken": tmp_path / "other.log"}

        assert self.declared(settings, tmp_path, logs) == [
            (
                "logtail.W015",
                f'LOGTAIL["LOGS"][{key!r}]: the key can\'t be part of an address. Use letters, digits, - and _.',
                f"Write {entry.format(root=tmp_path)}.",
            )
        ]

    def test_what_the_hints_say_to_write_passes_the_check(self, settings: Any, tmp_path: Path) -> None:
        for name in ("a.log", "b.log", "c.log"):
            (tmp_path / name).touch()
        logs = {
            1: tmp_path / "a.log",
            "a.b": {"path": tmp_path / "b.log", "group": "x"},
            "x": tmp_path / "[c].log",
        }
        hints = [str(hint) for _, _, hint in self.declared(settings, tmp_path, logs)]

        written = "{" + ", ".join(hint.removeprefix("Write ").removesuffix(".") for hint in hints) + "}"

        assert self.declared(settings, tmp_path, ast.literal_eval(written)) == []
        assert len(ast.literal_eval(written)) == 3


class OwnLayer(RedisChannelLayer):
    pass


class OwnSessions(SessionMiddleware):
    pass


class Misled(AccessPolicy):
    def may_view(self, user: Any, log: Any) -> bool:
        return False


class Sound(AccessPolicy):
    def visible_logs(self, user: Any) -> Any:
        return super().visible_logs(user).filter(group="night")


class TestAccessPolicy:
    def test_a_policy_that_cannot_be_imported_is_an_error(self, settings: Any) -> None:
        settings.LOGTAIL = {"ACCESS_POLICY": "nowhere.Policy"}

        assert only(check_access_policy) == (
            "logtail.E005",
            "LOGTAIL[\"ACCESS_POLICY\"] is 'nowhere.Policy'; No module named 'nowhere'.",
            "Give the dotted path of a subclass of django_logtail.access.AccessPolicy.",
        )

    def test_a_policy_whose_list_and_decision_differ_is_a_warning(self, settings: Any) -> None:
        settings.LOGTAIL = {"ACCESS_POLICY": f"{__name__}.Misled"}

        assert ids(check_access_policy) == ["logtail.W004"]

    def test_a_policy_that_overrides_the_list_is_fine(self, settings: Any) -> None:
        settings.LOGTAIL = {"ACCESS_POLICY": f"{__name__}.Sound"}

        assert ids(check_access_policy) == []


class TestIdPatterns:
    def test_those_that_re2_reads_are_fine(self, settings: Any) -> None:
        settings.LOGTAIL = {"ID_PATTERNS": [r"\bORD-[0-9]{6}\b", "invoice=([A-Z]+)"]}

        assert ids(check_id_patterns) == []

    def test_each_that_it_cannot_read_is_an_error_with_the_reason(self, settings: Any) -> None:
        settings.LOGTAIL = {"ID_PATTERNS": [r"(?<=id )x", "fine", "a(", "x{990}y{90}"]}

        assert ids(check_id_patterns) == ["logtail.E015"] * 3
        assert [found.msg for found in check_id_patterns(None)][1:] == [
            "LOGTAIL[\"ID_PATTERNS\"] contains 'a(', which pages can't use. The expression is invalid: missing ): a(.",
            "LOGTAIL[\"ID_PATTERNS\"] contains 'x{990}y{90}', which pages can't use. The expression is too large. "
            "Reduce its repetitions.",
        ]

    def test_a_wrong_value_is_said_by_the_other_check_alone(self, settings: Any) -> None:
        settings.LOGTAIL = {"ID_PATTERNS": "x"}

        assert (ids(check_id_patterns), ids(check_settings)) == ([], ["logtail.E003"])

    def test_without_re2_nothing_is_said(self, settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
        settings.LOGTAIL = {"ID_PATTERNS": ["a("]}
        monkeypatch.setitem(sys.modules, "re2", None)

        assert ids(check_id_patterns) == []


def finds_nothing(line: str) -> list[tuple[int, int]]:
    return []


def raises(line: str) -> list[tuple[int, int]]:
    raise ValueError(line)


def returns_words(line: str) -> list[tuple[str, str]]:
    return [("a", "line")]


class TestRedaction:
    def test_rules_that_can_be_used_are_fine(self, settings: Any) -> None:
        settings.LOGTAIL = {"REDACT": ["token", "own", {"name": "x", "pattern": "a+"}]}

        assert ids(check_redaction) == []

    def test_each_that_cannot_be_used_is_an_error_with_its_name_and_the_reason(self, settings: Any) -> None:
        settings.LOGTAIL = {"REDACT": [{"name": "x", "pattern": "a("}, {"name": "y", "find": "no_such.find"}]}

        assert ids(check_redaction) == ["logtail.E030"] * 2
        assert [found.msg for found in check_redaction(None)] == [
            "The rule 'x' of LOGTAIL[\"REDACT\"] can't be used: missing ) in a(.",
            "The rule 'y' of LOGTAIL[\"REDACT\"] can't be used: 'no_such.find' can't be imported "
            "(ModuleNotFoundError).",
        ]

    def test_a_function_is_tried_on_a_line_and_what_it_raises_is_not_quoted(self, settings: Any) -> None:
        settings.LOGTAIL = {
            "REDACT": [
                {"name": "fine", "find": "tests.test_checks.finds_nothing"},
                {"name": "bad", "find": "tests.test_checks.raises"},
                {"name": "odd", "find": "tests.test_checks.returns_words"},
            ]
        }

        assert [found.msg for found in check_redaction(None)] == [
            "The rule 'bad' of LOGTAIL[\"REDACT\"] can't be used: it raised ValueError.",
            "The rule 'odd' of LOGTAIL[\"REDACT\"] can't be used: it returned something other than spans of its line.",
        ]

    @pytest.mark.parametrize(
        ("is_there", "hint"),
        [
            (True, "Correct it or remove it."),
            (
                False,
                "Install RE2 on each host that reads files, and restart the readers.\npip install google-re2",
            ),
        ],
    )
    def test_without_re2_the_hint_of_an_expression_has_the_line_that_installs_it(
        self, settings: Any, monkeypatch: pytest.MonkeyPatch, is_there: bool, hint: str
    ) -> None:
        settings.LOGTAIL = {"REDACT": [{"name": "x", "pattern": "a("}, {"name": "y", "find": "no_such.find"}]}
        monkeypatch.setattr(redaction, "has_regex", lambda: is_there)

        assert [found.hint for found in check_redaction(None)] == [hint, "Correct it or remove it."]

    @pytest.mark.parametrize(("length", "expected"), [(5, ["logtail.W023"]), (6, [])])
    def test_a_key_that_is_too_short_to_be_hidden_is_a_warning(
        self, settings: Any, length: int, expected: list[str]
    ) -> None:
        settings.LOGTAIL, settings.SECRET_KEY = {"REDACT": ["own"]}, "p" * length

        assert ids(check_redaction) == expected

    def test_a_wrong_value_is_said_by_the_other_check_alone(self, settings: Any) -> None:
        settings.LOGTAIL = {"REDACT": "token"}

        assert (ids(check_redaction), ids(check_settings)) == ([], ["logtail.E003"])


class TestSpool:
    @pytest.fixture
    def spool(self, tmp_path: Path) -> Iterator[SpoolHandler]:
        handler = SpoolHandler(tmp_path / "logs")
        yield handler
        handler.close()

    def test_a_directory_in_the_roots_that_may_be_written_is_fine(
        self, spool: SpoolHandler, settings: Any, tmp_path: Path
    ) -> None:
        settings.LOGTAIL = {"ROOTS": [tmp_path]}
        (tmp_path / "logs").mkdir()

        assert ids(check_spool) == []

    def test_a_directory_that_is_a_root_is_fine(
        self, spool: SpoolHandler, settings: Any, tmp_path: Path
    ) -> None:
        settings.LOGTAIL = {"ROOTS": [tmp_path / "logs"]}
        (tmp_path / "logs").mkdir()

        assert ids(check_spool) == []

    def test_a_directory_outside_the_roots_is_a_warning(
        self, spool: SpoolHandler, settings: Any, tmp_path: Path
    ) -> None:
        settings.LOGTAIL = {"ROOTS": ["/srv"]}
        (tmp_path / "logs").mkdir()

        assert only(check_spool) == (
            "logtail.W016",
            f"SpoolHandler writes to '{tmp_path}/logs', which is outside LOGTAIL[\"ROOTS\"], so its log can't be "
            "watched.",
            f"Add '{tmp_path}/logs' to LOGTAIL[\"ROOTS\"], or change the handler's directory in LOGGING.",
        )

    def test_a_directory_that_is_missing_is_a_warning(
        self, spool: SpoolHandler, settings: Any, tmp_path: Path
    ) -> None:
        settings.LOGTAIL = {"ROOTS": [tmp_path]}

        assert only(check_spool) == (
            "logtail.W017",
            f"SpoolHandler can't write to '{tmp_path}/logs', so what is logged is dropped.",
            "Create the directory, and give it to the user that runs this process.",
        )

    def test_wrong_roots_are_said_by_the_other_check_alone(
        self, spool: SpoolHandler, settings: Any, tmp_path: Path
    ) -> None:
        settings.LOGTAIL = {"ROOTS": "/srv"}
        (tmp_path / "logs").mkdir()

        assert (ids(check_spool), ids(check_settings)) == ([], ["logtail.E003"])

    def test_without_a_handler_nothing_is_said(self, settings: Any) -> None:
        settings.LOGTAIL = {"ROOTS": []}

        assert ids(check_spool) == []


class TestSourceUrl:
    def test_without_one_there_is_nothing_to_say(self, settings: Any) -> None:
        settings.LOGTAIL = {}

        assert ids(check_source_url) == []

    def test_one_that_cannot_be_used_is_an_error(self, settings: Any) -> None:
        settings.LOGTAIL = {"SOURCE_URL": "javascript:alert('{path}')"}

        assert (ids(check_source_url), ids(check_settings)) == ([], ["logtail.E003"])

    def test_one_of_a_project_that_is_nowhere_is_a_warning(self, settings: Any) -> None:
        settings.LOGTAIL = {"SOURCE_URL": "https://git.example/{path}#L{line}"}
        settings.BASE_DIR = None

        assert only(check_source_url) == (
            "logtail.W011",
            'LOGTAIL["SOURCE_URL"] is set, but the directory of the project\'s source is not known.',
            'Set LOGTAIL["SOURCE_ROOTS"] to it, as it appears in tracebacks. Until then only frames with relative '
            "paths are links.",
        )

    def test_one_without_a_line_is_a_warning(self, settings: Any) -> None:
        settings.LOGTAIL = {"SOURCE_URL": "https://git.example/{path}", "SOURCE_ROOTS": ["/srv/shop"]}

        assert only(check_source_url)[:2] == (
            "logtail.W012",
            "LOGTAIL[\"SOURCE_URL\"] is 'https://git.example/{path}', which has no {line}, so links lead to a "
            "file and not to a line.",
        )

    def test_one_with_both_is_fine(self, settings: Any) -> None:
        settings.LOGTAIL = {
            "SOURCE_URL": "https://git.example/{path}#L{line}",
            "SOURCE_ROOTS": ["/srv/shop"],
        }

        assert ids(check_source_url) == []


class TestApps:
    @pytest.mark.parametrize(
        "name",
        ["django_dramatiq", "django.contrib.auth", "django.contrib.contenttypes", "django.contrib.sessions"],
    )
    def test_an_app_that_is_missing_is_an_error(self, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
        installed = apps.is_installed
        monkeypatch.setattr(apps, "is_installed", lambda app: app != name and installed(app))

        message_id, message, hint = only(check_apps)

        assert message_id == "logtail.E006"
        assert message.startswith(f"{name!r} is not in INSTALLED_APPS; ")
        assert hint == f"Add {name!r} to INSTALLED_APPS."


class TestUrls:
    def test_pages_that_are_not_included_are_a_warning(
        self, settings: Any, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        urls = ModuleType("shop_urls")
        urls.urlpatterns = []
        monkeypatch.setitem(sys.modules, "shop_urls", urls)
        settings.ROOT_URLCONF = "shop_urls"

        assert only(check_urls) == (
            "logtail.W005",
            "The pages of django_logtail are not in ROOT_URLCONF.",
            "Add this at the end of shop_urls.py.\nfrom django.urls import include, path\n\n"
            'urlpatterns += [path("logs/", include("django_logtail.urls"))]',
        )

    def test_missing_middleware_is_an_error(self, settings: Any) -> None:
        needed = "django.contrib.auth.middleware.AuthenticationMiddleware"
        settings.MIDDLEWARE = [path for path in settings.MIDDLEWARE if path != needed]

        assert only(check_urls) == (
            "logtail.E007",
            f"{needed!r} is not in MIDDLEWARE, so nobody can be signed in.",
            f"Add {needed!r} to MIDDLEWARE.",
        )

    def test_a_subclass_of_the_middleware_is_as_good(self, settings: Any) -> None:
        settings.MIDDLEWARE = [
            f"{__name__}.OwnSessions" if path.endswith(".SessionMiddleware") else path
            for path in settings.MIDDLEWARE
        ]

        assert ids(check_urls) == []


class TestAsgi:
    def test_no_asgi_application_is_a_warning_with_the_line_to_add(self, settings: Any) -> None:
        settings.ASGI_APPLICATION = None

        assert only(check_asgi) == (
            "logtail.W006",
            "ASGI_APPLICATION is not set, so runserver and logtail_doctor can't find what serves sockets.",
            'Add this at the end of tests/settings.py: ASGI_APPLICATION = "tests.asgi.application"',
        )

    def test_an_asgi_application_is_fine(self, settings: Any) -> None:
        settings.ASGI_APPLICATION = "host.asgi.application"

        assert ids(check_asgi) == []


class TestRunserver:
    """`tests.e2e.test_causes` follows the hints with a real one."""

    @pytest.fixture(autouse=True)
    def development(self, settings: Any) -> None:
        settings.DEBUG = True

    @pytest.mark.parametrize("app", ["django.core", "django.contrib.staticfiles"])
    def test_one_that_speaks_wsgi_is_a_warning_with_the_line_to_add(
        self, monkeypatch: pytest.MonkeyPatch, app: str
    ) -> None:
        monkeypatch.setattr("django_logtail.checks.serving.get_commands", lambda: {"runserver": app})

        assert only(check_runserver) == (
            "logtail.W020",
            "runserver runs Django over WSGI, which can't keep a live connection open.",
            "Add this at the end of tests/settings.py, and start runserver again.\n"
            'INSTALLED_APPS = ["daphne", *INSTALLED_APPS]',
        )

    @pytest.mark.parametrize("app", ["daphne", "shop"])
    def test_one_of_another_app_is_left_alone(self, monkeypatch: pytest.MonkeyPatch, app: str) -> None:
        monkeypatch.setattr("django_logtail.checks.serving.get_commands", lambda: {"runserver": app})

        assert ids(check_runserver) == []

    def test_in_production_nobody_needs_it(self, settings: Any) -> None:
        settings.DEBUG = False

        assert ids(check_runserver) == []


class TestWrapper:
    @pytest.fixture
    def asgi(self, settings: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
        settings.ASGI_APPLICATION = "shop_asgi.application"
        settings.BASE_DIR = tmp_path
        monkeypatch.syspath_prepend(tmp_path)
        return (tmp_path / "shop_asgi.py").write_text

    @pytest.mark.parametrize(
        "code",
        [
            "from django.core.asgi import get_asgi_application\napplication = get_asgi_application()\n",
            "import django.core.asgi\napplication = django.core.asgi.get_asgi_application()\n",
            "other = application = get_asgi_application()\n",
            "application = with_logtail(get_asgi_application())\napplication = get_asgi_application()\n",
        ],
    )
    def test_what_startproject_writes_is_a_warning_with_the_lines_to_add(
        self, asgi: Callable[[str], None], code: str
    ) -> None:
        asgi(code)

        assert only(check_wrapper) == (
            "logtail.W022",
            "The project's ASGI application doesn't pass live connections to the log viewer.",
            "Add this at the end of shop_asgi.py, and restart the server.\n"
            "from django_logtail.asgi import with_logtail\n\napplication = with_logtail(application)",
        )

    @pytest.mark.parametrize(
        "code",
        [
            "application = with_logtail(get_asgi_application())\n",
            "application = get_asgi_application()\napplication = with_logtail(application)\n",
            "django = get_asgi_application()\napplication = ProtocolTypeRouter({'http': django})\n",
            "from shop.serving import application\n",
            "application = get_asgi_application(\n",
            "",
        ],
    )
    def test_whatever_may_be_right_is_left_to_the_doctor(
        self, asgi: Callable[[str], None], code: str
    ) -> None:
        asgi(code)

        assert ids(check_wrapper) == []

    @pytest.mark.parametrize("path", [None, "application", "nowhere.asgi.application"])
    def test_a_setting_that_leads_nowhere_is_left_alone(self, settings: Any, path: str | None) -> None:
        settings.ASGI_APPLICATION = path

        assert ids(check_wrapper) == []


class TestLogin:
    @pytest.mark.parametrize("url", ["/accounts/login/", "/accounts/login", "login", "https://id.example/in"])
    def test_one_that_is_served_is_fine(self, settings: Any, url: str) -> None:
        settings.LOGIN_URL = url

        assert ids(check_login) == []

    @pytest.mark.parametrize("url", ["/signin/", "no-such-name", "shop:login"])
    def test_one_where_nothing_is_gets_the_name_of_what_is_there(self, settings: Any, url: str) -> None:
        settings.LOGIN_URL = url

        assert only(check_login) == (
            "logtail.W021",
            f"LOGIN_URL is '{url}', and nothing is there: people who are not signed in get a 404.",
            'Add this at the end of tests/settings.py: LOGIN_URL = "login"',
        )

    @pytest.fixture
    def serve(self, settings: Any, monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
        """Have the project serve the log pages and some others, and no others."""

        def serve(*others: Any) -> None:
            urls = ModuleType("shop_urls")
            urls.urlpatterns = [path("logs/", include("django_logtail.urls")), *others]
            monkeypatch.setitem(sys.modules, "shop_urls", urls)
            settings.ROOT_URLCONF = "shop_urls"
            is_language_prefix_patterns_used.cache_clear()  # it knows them by name

        return serve

    def test_the_page_of_the_admin_is_offered_where_there_is_no_other(
        self, serve: Callable[..., None]
    ) -> None:
        serve(path("admin/", admin.site.urls))

        assert only(check_login)[2] == 'Add this at the end of tests/settings.py: LOGIN_URL = "admin:login"'

    def test_where_there_is_none_the_lines_for_one_are_given(self, serve: Callable[..., None]) -> None:
        serve()

        assert only(check_login)[2] == (
            "Add this at the end of shop_urls.py, and write the template registration/login.html:\n"
            "from django.urls import include, path\n"
            'urlpatterns += [path("accounts/", include("django.contrib.auth.urls"))]'
        )

    @pytest.mark.parametrize("url", ["/accounts/login/", "/en/accounts/login/", "login"])
    def test_a_page_below_a_language_is_found(
        self, settings: Any, serve: Callable[..., None], url: str
    ) -> None:
        settings.LANGUAGE_CODE = "en-us"  # where the project has only "en"
        settings.LOGIN_URL = url
        serve(*i18n_patterns(path("accounts/", include("django.contrib.auth.urls"))))

        assert ids(check_login) == []

    def test_without_the_pages_nobody_is_sent_there(self, settings: Any) -> None:
        settings.ROOT_URLCONF = "django.contrib.auth.urls"
        settings.LOGIN_URL = "/signin/"

        assert ids(check_login) == []


class TestChannelLayer:
    @pytest.fixture(autouse=True)
    def redis_8(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.pretend(monkeypatch, "8.1.0")

    @staticmethod
    def pretend(monkeypatch: pytest.MonkeyPatch, version: str) -> None:
        monkeypatch.setattr("importlib.metadata.version", lambda name: version)

    @staticmethod
    def use(settings: Any, backend: str, **config: Any) -> None:
        settings.CHANNEL_LAYERS = {"default": {"BACKEND": backend, "CONFIG": config}}

    def test_a_missing_alias_is_an_error(self, settings: Any) -> None:
        settings.LOGTAIL = {"READER": "dramatiq", "CHANNEL_LAYER": "logtail"}

        message_id, message, hint = only(check_channel_layer)

        assert message_id == "logtail.E008"
        assert message.startswith("CHANNEL_LAYERS has no 'logtail'")
        assert hint == (
            f'Add CHANNEL_LAYERS = {{"logtail": {{"BACKEND": "{PUBSUB}", '
            '"CONFIG": {"hosts": ["redis://localhost:6379/0"]}}}.'
        )

    def test_a_layer_in_memory_is_an_error(self, settings: Any) -> None:
        self.use(settings, "channels.layers.InMemoryChannelLayer")

        assert ids(check_channel_layer) == ["logtail.E009"]

    def test_a_layer_in_memory_beside_a_stub_broker_is_a_test_run_and_fine(self, settings: Any) -> None:
        self.use(settings, "channels.layers.InMemoryChannelLayer")
        settings.DRAMATIQ_BROKER = {"BROKER": "dramatiq.brokers.stub.StubBroker"}

        assert ids(check_channel_layer) == []

    def test_the_pubsub_layer_is_fine(self, settings: Any) -> None:
        self.use(settings, PUBSUB, hosts=["redis://localhost"])

        assert ids(check_channel_layer) == []

    @pytest.mark.parametrize(
        "host",
        [
            "redis://localhost",
            "redis://localhost?socket_timeout=5",
            "redis://localhost?socket_timeout=x",
            {"address": "redis://localhost"},
            {"address": "redis://localhost", "socket_timeout": 5},
            ("localhost", 6379),
        ],
    )
    def test_the_core_layer_with_the_timeout_of_redis_py_8_is_an_error(
        self, settings: Any, host: Any
    ) -> None:
        self.use(settings, CORE, hosts=[host])

        error, warning = check_channel_layer(None)

        assert (error.id, warning.id) == ("logtail.E010", "logtail.W007")
        assert error.hint == f'Write the host as {{"address": url, "socket_timeout": None}}, or use {PUBSUB}.'

    def test_the_core_layer_without_any_host_has_that_timeout_too(self, settings: Any) -> None:
        self.use(settings, CORE)

        assert ids(check_channel_layer) == ["logtail.E010", "logtail.W007"]

    @pytest.mark.parametrize(
        "host",
        [
            "redis://localhost?socket_timeout=30",
            {"address": "redis://localhost", "socket_timeout": None},
            {"address": "redis://localhost", "socket_timeout": 30},
        ],
    )
    def test_the_core_layer_with_a_timeout_of_its_own_is_a_warning(self, settings: Any, host: Any) -> None:
        self.use(settings, CORE, hosts=[host])

        assert ids(check_channel_layer) == ["logtail.W007"]

    def test_an_older_redis_py_has_no_such_timeout(
        self, settings: Any, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        self.pretend(monkeypatch, "7.4.1")
        self.use(settings, CORE, hosts=["redis://localhost"])

        assert ids(check_channel_layer) == ["logtail.W007"]

    def test_a_subclass_of_the_core_layer_is_treated_as_one(self, settings: Any) -> None:
        self.use(settings, f"{__name__}.OwnLayer")

        assert ids(check_channel_layer) == ["logtail.E010", "logtail.W007"]

    def test_a_layer_nobody_here_knows_is_left_alone(self, settings: Any) -> None:
        self.use(settings, "nowhere.Layer")

        assert ids(check_channel_layer) == []


class TestBroker:
    def test_no_broker_means_rabbitmq_and_is_an_error(self, settings: Any) -> None:
        del settings.DRAMATIQ_BROKER

        assert only(check_broker) == (
            "logtail.E011",
            "DRAMATIQ_BROKER is not set, so django_dramatiq uses RabbitMQ on 127.0.0.1.",
            BROKER_HINT,
        )

    @pytest.mark.parametrize("app", ["django_dramatiq", "django_dramatiq.apps.DjangoDramatiqConfig"])
    def test_without_rabbitmq_s_client_the_same_is_raised_before_the_broker_is_created(
        self, monkeypatch: pytest.MonkeyPatch, app: str
    ) -> None:
        monkeypatch.setattr(broker, "settings", SimpleNamespace(INSTALLED_APPS=["django_logtail", app]))
        monkeypatch.setattr(broker, "find_spec", lambda name: None)

        with pytest.raises(ImproperlyConfigured) as raised:
            LogtailConfig("django_logtail", sys.modules["django_logtail"])

        assert str(raised.value) == (
            "DRAMATIQ_BROKER is not set, so django_dramatiq uses RabbitMQ on 127.0.0.1. "
            f"{BROKER_HINT} (logtail.E011)"
        )

    def test_what_the_hint_says_to_add_is_accepted(self, settings: Any) -> None:
        written = BROKER_HINT.removeprefix("Add DRAMATIQ_BROKER = ").removesuffix(".")
        settings.DRAMATIQ_BROKER = ast.literal_eval(written)

        assert ids(check_broker) == []
        LogtailConfig("django_logtail", sys.modules["django_logtail"])

    @pytest.mark.parametrize("installed", [["django_logtail"], ["django_dramatiq"]])
    def test_a_project_without_dramatiq_or_with_rabbitmq_s_client_starts(
        self, monkeypatch: pytest.MonkeyPatch, installed: list[str]
    ) -> None:
        monkeypatch.setattr(broker, "settings", SimpleNamespace(INSTALLED_APPS=installed))
        has_client = "django_dramatiq" in installed
        monkeypatch.setattr(broker, "find_spec", lambda name: name if has_client else None)

        LogtailConfig("django_logtail", sys.modules["django_logtail"])

    def test_a_broker_without_redis_needs_a_url(self, settings: Any) -> None:
        settings.DRAMATIQ_BROKER = {"BROKER": "dramatiq.brokers.rabbitmq.RabbitmqBroker"}

        assert ids(check_broker) == ["logtail.E012"]

    def test_a_broker_without_redis_is_fine_with_a_url(self, settings: Any) -> None:
        settings.DRAMATIQ_BROKER = {"BROKER": "dramatiq.brokers.rabbitmq.RabbitmqBroker"}
        settings.LOGTAIL = {"READER": "dramatiq", "REDIS_URL": "redis://localhost"}

        assert ids(check_broker) == []

    def test_a_stub_broker_is_a_test_run_and_fine(self, settings: Any) -> None:
        settings.DRAMATIQ_BROKER = {"BROKER": "dramatiq.brokers.stub.StubBroker"}

        assert ids(check_broker) == []


class TestTasks:
    def test_other_module_names_hide_the_reader(self, settings: Any) -> None:
        settings.DRAMATIQ_AUTODISCOVER_MODULES = ["jobs"]

        assert ids(check_tasks) == ["logtail.E013"]

    @pytest.mark.parametrize("ignored", ["django_logtail.tasks", "django_logtail.*"])
    def test_an_ignored_module_hides_the_reader(self, settings: Any, ignored: str) -> None:
        settings.DRAMATIQ_IGNORED_MODULES = ("other.tasks", ignored)

        assert only(check_tasks) == (
            "logtail.E014",
            f"DRAMATIQ_IGNORED_MODULES contains {ignored!r}, so workers do not load django_logtail.tasks.",
            "Remove it from DRAMATIQ_IGNORED_MODULES.",
        )

    @pytest.mark.parametrize("ignored", [["other.tasks"], ["django_logtail.tailing"]])
    def test_what_hides_something_else_is_fine(self, settings: Any, ignored: list[str]) -> None:
        settings.DRAMATIQ_IGNORED_MODULES = ignored

        assert ids(check_tasks) == []


class TestNamespace:
    def test_a_rotation_of_the_key_needs_the_namespace_written_down(self, settings: Any) -> None:
        settings.LOGTAIL = {"READER": "dramatiq"}
        settings.SECRET_KEY = "old"
        before = conf.NAMESPACE
        settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = "new", ["old"]

        found = only(check_namespace)

        assert found[0] == "logtail.W010"
        assert found[2] == f'Add to LOGTAIL: "NAMESPACE": "{before}".'

    @pytest.mark.parametrize(
        ("fallbacks", "logtail"),
        [
            ([], {"READER": "dramatiq"}),
            (["old"], {"READER": "dramatiq", "NAMESPACE": "shop"}),
            (["old"], {"READER": "local"}),
        ],
    )
    def test_without_fallbacks_with_a_namespace_or_without_redis_there_is_nothing_to_say(
        self, settings: Any, fallbacks: list[str], logtail: dict[str, str]
    ) -> None:
        settings.LOGTAIL, settings.SECRET_KEY_FALLBACKS = logtail, fallbacks

        assert ids(check_namespace) == []


class TestLocalReader:
    def test_a_deploy_check_says_what_local_means(self, settings: Any) -> None:
        settings.LOGTAIL = {}

        assert ids(check_local_reader) == ["logtail.W009"]
        assert check_local_reader in registry.deployment_checks

    def test_a_reader_in_a_worker_passes_the_deploy_check(self, settings: Any) -> None:
        settings.LOGTAIL = {"READER": "dramatiq"}

        assert ids(check_local_reader) == []

    def test_the_dramatiq_app_is_not_missed(self, settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
        settings.LOGTAIL = {}
        monkeypatch.setattr(apps, "is_installed", lambda app: app != "django_dramatiq")

        assert ids(check_apps) == []


def test_the_reference_lists_exactly_the_ids_of_the_code_in_order() -> None:
    files = Path(checks.__file__).parent.parent.rglob("*.py")
    in_code = {found for file in files for found in re.findall(r"logtail\.[EW]\d{3}", file.read_text())}

    # Each row is the anchor of its id.
    in_reference = re.findall(
        r'^\| <a id="(logtail\.[EW]\d{3})"></a>`\1` \|', REFERENCE.read_text(), re.MULTILINE
    )

    assert in_reference == sorted(in_code)


@pytest.mark.parametrize("check", [check_channel_layer, check_broker, check_tasks])
def test_without_a_worker_nothing_is_asked_that_only_a_worker_needs(
    settings: Any, check: Callable[..., list[CheckMessage]]
) -> None:
    settings.LOGTAIL = {"READER": "local"}
    settings.CHANNEL_LAYERS = {}
    settings.DRAMATIQ_AUTODISCOVER_MODULES = ()
    del settings.DRAMATIQ_BROKER

    assert check(None) == []


class TestAudit:
    """Where records of access wait."""

    @pytest.fixture(autouse=True)
    def waits(self, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
        """The options of the database, whose transactions wait for each other."""
        options = {"transaction_mode": "IMMEDIATE"}
        monkeypatch.setitem(connections["default"].settings_dict, "OPTIONS", options)
        return options

    def found(self, settings: Any, **values: Any) -> list[str | None]:
        settings.LOGTAIL = {"ROOTS": ["/tmp"], **values}
        return [message.id for message in check_audit(None)]

    def test_a_directory_that_can_be_created_is_fine_but_not_created_for_who_checks(
        self, settings: Any, tmp_path: Path
    ) -> None:
        directory = tmp_path / "new" / "audit"

        assert self.found(settings, AUDIT="required", AUDIT_DIR=directory) == []
        assert list(tmp_path.iterdir()) == []

    def test_one_that_can_t_be_created_is_not(
        self, settings: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("os.access", lambda path, mode: path != tmp_path)

        assert self.found(settings, AUDIT=True, AUDIT_DIR=tmp_path / "new" / "audit") == ["logtail.W024"]

    @pytest.mark.skipif(os.geteuid() != 0, reason="only root gives directories away")
    @pytest.mark.parametrize(("user", "found"), [(0, []), (33, ["logtail.W024"]), (34, [])])
    def test_root_says_nothing_of_a_directory_that_another_user_has(
        self, settings: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, user: int, found: list[str]
    ) -> None:
        directory = tmp_path / "audit"
        directory.mkdir(mode=0o700)
        os.chown(directory, 34, 34)
        monkeypatch.setattr("os.geteuid", lambda: user)

        assert self.found(settings, AUDIT=True, AUDIT_DIR=directory) == found

    def test_one_that_others_may_enter_is_not(self, settings: Any, tmp_path: Path) -> None:
        tmp_path.chmod(0o755)

        assert self.found(settings, AUDIT=True, AUDIT_DIR=tmp_path) == ["logtail.W024"]
        assert self.found(settings, AUDIT=False, AUDIT_DIR=tmp_path) == []

    def test_the_hint_has_the_line_that_makes_it_for_the_user_of_the_process(
        self, settings: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("django_logtail.checks.audit.user_name", lambda number: f"web{number}")
        monkeypatch.setattr("os.geteuid", lambda: 33)
        directory = tmp_path / "my records"
        directory.mkdir(mode=0o755)
        settings.LOGTAIL = {"AUDIT": True, "AUDIT_DIR": directory}

        assert next(one.hint for one in check_audit(None) if one.id == "logtail.W024") == (
            "Create it, give it to the user that runs this process, and make its mode 0700.\n"
            f"sudo install -d -m 700 -o web33 '{directory}'"
        )

    def test_required_needs_one(self, settings: Any) -> None:
        assert self.found(settings, AUDIT="required") == ["logtail.W025"]
        assert self.found(settings, AUDIT=True) == []

    @pytest.mark.parametrize(
        ("mode", "expected"),
        [
            (None, ["logtail.W027"]),
            ("DEFERRED", ["logtail.W027"]),
            ("immediate", []),
            ("EXCLUSIVE", []),
        ],
    )
    def test_transactions_of_sqlite_wait_for_each_other(
        self, settings: Any, waits: dict[str, str], mode: str | None, expected: list[str]
    ) -> None:
        waits.clear()
        waits.update({} if mode is None else {"transaction_mode": mode})

        assert self.found(settings, AUDIT=True) == expected
        assert self.found(settings, AUDIT=False) == []

    def test_other_databases_need_no_such_option(
        self, settings: Any, waits: dict[str, str], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        waits.clear()
        monkeypatch.setattr(connections["default"], "vendor", "postgresql")

        assert self.found(settings, AUDIT=True) == []
