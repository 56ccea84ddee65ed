"""The doctor tells a working installation from a broken one, and says what to fix."""

import json
import os
import pwd
import re
import socket
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import redis
from channels.routing import ProtocolTypeRouter, URLRouter
from channels.security.websocket import AllowedHostsOriginValidator
from django.conf.urls.i18n import i18n_patterns
from django.core.asgi import get_asgi_application
from django.db import OperationalError
from django.urls import include, path

from django_logtail.asgi import with_logtail
from django_logtail.audit.models import Viewing
from django_logtail.control import WrongServer
from django_logtail.control.in_memory import MemoryControl
from django_logtail.control.mailboxes import MemoryMailboxes
from django_logtail.models import Log
from django_logtail.operating import servers
from django_logtail.operating.doctor import readers
from django_logtail.operating.doctor.asgi_servers import examine_servers
from django_logtail.operating.doctor.findings import Finding
from django_logtail.operating.doctor.project import examine_audit, examine_settings
from django_logtail.operating.doctor.sockets import examine_sockets
from django_logtail.relay import Relay
from django_logtail.routing import websocket_urlpatterns

from ..conftest import absent
from ..stack import CHECKOUT, PUBSUB_LAYER, Running, Stack, has_redis, wait_until

HOST = socket.gethostname()
REDIS_PAGE = CHECKOUT / "docs" / "howto" / "redis.md"


def listed_commands() -> set[str]:
    """The commands of each part, as the documentation lists them."""
    table = REDIS_PAGE.read_text().partition("| Part | Keys |")[2].partition("\n\n")[0]
    return {
        name.replace("\\", "")
        for row in table.splitlines()[2:]
        for name in re.findall(r"`([a-z|\\]+)`", re.split(r"(?<!\\)\|", row)[4])
    }


@pytest.fixture
def local(tmp_path: Path) -> Iterator[Stack]:
    """An installation with nothing but a database."""
    with Stack(tmp_path / "stack", logtail={"READER": "local"}) as stack:
        yield stack


def examine(stack: Stack, *options: str) -> tuple[int, list[str]]:
    """The exit code, and the report without its lines about servers, because other tests may run some."""
    done = stack.manage("logtail_doctor", *options, check=False)
    assert "Traceback" not in done.stderr, done.stderr
    report: list[str] = []
    is_of_server = False
    for line in done.stdout.splitlines():
        if not line.startswith(" "):
            is_of_server = line[9:].startswith(("server: ", "servers: "))
        if not is_of_server:
            report.append(line)
    return done.returncode, report


class TestLocalReader:
    def test_a_sound_installation_passes_every_step(self, local: Stack) -> None:
        file = local.add_log("app", b"one\ntwo\n")

        assert examine(local) == (
            0,
            [
                "ok       settings: every check passes",
                "ok       database: 1 enabled log(s), 0 disabled",
                "ok       sockets: tests.asgi.application answers at /logs/doctor/socket/",
                'ok       LOGTAIL["READER"] is "local": no Redis or worker is needed; '
                f"this command reads files as user {pwd.getpwuid(os.geteuid()).pw_name}",
                f"ok       queue logtail: a reader answers on {HOST}",
                f"ok       log app: {file} on {HOST}: 8 bytes",
            ],
        )

    def test_as_json_each_finding_has_its_id(self, local: Stack) -> None:
        local.add_log("app", b"one\ntwo\n")
        local.add_log("later", path=local.logs / "later.log")

        done = local.manage("logtail_doctor", "--json")
        report = json.loads(done.stdout)

        assert report["problems"] == 0
        assert [finding["id"] for finding in report["findings"] if finding["id"] != "servers"] == [
            "settings",
            "database",
            "sockets",
            "reader",
            "live",
            "live",
            "missing",
        ]
        assert report["findings"][-1] == {
            "mark": "note",
            "text": f"log later: {local.logs}/later.log on {HOST}: the file does not exist",
            "advice": "It is followed as soon as it appears.",
            "id": "missing",
            "paste": "",
        }

    @pytest.mark.parametrize("url", ["shop.example", "ftp://shop.example/", "https:///logs/"])
    def test_what_is_no_address_of_a_site_is_refused(self, local: Stack, url: str) -> None:
        done = local.manage("logtail_doctor", "--url", url, check=False)

        assert (done.returncode, done.stdout) == (1, "")
        assert f"--url is {url!r}; expected an address such as https://shop.example/logs/." in done.stderr

    def test_without_a_log_it_says_how_to_register_one(self, local: Stack) -> None:
        code, report = examine(local)

        assert code == 0
        assert report[1:3] == [
            "note     database: no log is enabled",
            "         -> manage.py logtail_discover lists files to register. Register others in the admin or "
            "with manage.py logtail_add.",
        ]

    def test_each_log_that_cannot_be_read_is_a_problem_with_its_reason(self, local: Stack) -> None:
        folder = local.logs / "folder"
        folder.mkdir()
        local.add_log("folder", path=folder, validate=False)
        local.add_log("outside", path=Path("/etc/hostname"), validate=False)
        later = local.add_log("later", path=local.logs / "later.log")
        local.add_log("off", enabled=False)

        code, report = examine(local)

        assert code == 1
        assert report[5:] == [
            f"PROBLEM  log folder: {folder} on {HOST}: a directory, not a regular file",
            "         -> Correct the path.",
            f"note     log later: {later} on {HOST}: the file does not exist",
            "         -> It is followed as soon as it appears.",
            f"PROBLEM  log outside: /etc/hostname on {HOST}: "
            "path '/etc/hostname' is outside LOGTAIL[\"ROOTS\"]",
            '         -> Correct the path: only files inside the directories of LOGTAIL["ROOTS"] '
            "on that host may be read.",
        ]

    def test_rows_that_nobody_validated_are_judged_by_their_paths(self, local: Stack) -> None:
        local.add_log("outside", path=Path("/nowhere/app.log"), validate=False)
        local.add_log("red", path=local.logs / "a\x1b[31m.log", validate=False)
        first = local.add_log("first", b"one\n")
        local.add_log("second", path=Path(f"/{first}"), validate=False)

        code, report = examine(local)

        assert code == 1
        assert report[2].startswith("PROBLEM  log second: log first already has the file ")
        assert report[7:] == [
            f"ok       log first: {first} on {HOST}: 4 bytes",
            f"PROBLEM  log outside: /nowhere/app.log on {HOST}: "
            "path '/nowhere/app.log' is outside LOGTAIL[\"ROOTS\"]",
            '         -> Correct the path: only files inside the directories of LOGTAIL["ROOTS"] '
            "on that host may be read.",
            f"note     log red: {local.logs}/a\\x1b[31m.log on {HOST}: the file does not exist",
            "         -> It is followed as soon as it appears.",
        ]

    def test_a_slug_that_gives_no_address_is_to_be_corrected(self, local: Stack) -> None:
        local.call("add_log", validate=False, name="red", slug="a b\x1b", path=str(local.logs / "a.log"))

        code, report = examine(local)

        assert code == 1
        assert report[2:4] == [
            "PROBLEM  log 'a b\\x1b': its slug can't be part of an address, so no page shows it",
            "         -> Give it a slug of letters, digits, - and _.",
        ]

    def test_a_path_with_a_nul_is_to_be_corrected(self, local: Stack) -> None:
        local.add_log("nul", path=Path(f"{local.logs}/a\0b.log"), validate=False)

        code, report = examine(local)

        assert code == 1
        assert report[5:] == [
            f"PROBLEM  log nul: {local.logs}/a\\x00b.log on {HOST}: "
            "its path contains a NUL character, which no file name can",
            "         -> Correct the path.",
        ]

    @pytest.mark.parametrize("command", [["add", "/tmp/a.log"], ["sync"]])
    def test_without_tables_a_command_says_to_migrate(self, local: Stack, command: list[str]) -> None:
        local.manage("migrate", "logtail", "zero")

        done = local.manage(f"logtail_{command[0]}", *command[1:], check=False)

        assert done.stderr.strip().splitlines()[-1] == (
            "CommandError: The database lacks this release's table for logs. Run manage.py migrate first."
        )

    def test_two_logs_of_one_file_are_a_problem_of_the_younger_one(self, local: Stack) -> None:
        file = local.add_log("audit", b"secret\n", access="chosen")
        local.add_log("copy", path=Path(f"/{file}"), validate=False)
        local.add_log("other", b"")

        code, report = examine(local)

        assert code == 1
        assert report[2:4] == [
            f"PROBLEM  log copy: log audit already has the file /{file}, and only that log is read",
            "         -> Delete one of the two, or correct its path or queue.",
        ]

    def test_logs_of_another_hosts_queue_are_noted(self, local: Stack) -> None:
        local.add_log("app", queue="web-2")

        code, report = examine(local)

        assert code == 0
        assert "note     queues web-2: a local reader looks for their logs on this host" in report

    def test_a_database_that_is_not_migrated_ends_the_examination(self, local: Stack) -> None:
        local.manage("migrate", "logtail", "zero")

        code, report = examine(local)

        assert code == 1
        assert report[1].startswith("PROBLEM  database: not migrated: 0001_initial")
        assert report[2:] == ["         -> Run manage.py migrate."]

    def test_a_wrong_setting_ends_the_examination_with_the_check_that_found_it(self, local: Stack) -> None:
        local.environment["LOGTAIL_MORE"] = json.dumps({"READER": "local", "QUEU": "web-1"})

        assert examine(local) == (
            1,
            [
                "PROBLEM  logtail.E002: LOGTAIL has an unknown key 'QUEU'.",
                "         -> Did you mean 'QUEUE'?",
            ],
        )


@pytest.mark.whole
class TestWorker:
    def test_a_sound_installation_passes_every_step_and_nothing_stays_open(
        self, stack: Stack, worker: Running
    ) -> None:
        file = stack.add_log("app", b"one\n")

        code, report = examine(stack)

        assert code == 0
        assert re.fullmatch(rf"ok       Redis: \d[\d.]+ at 127\.0\.0\.1:{stack.redis_port}/0", report[3])
        assert report[4] == f"ok       broker: Redis at 127.0.0.1:{stack.redis_port}/0"
        assert report[5].startswith("ok       channel layer: a message came back in ")
        assert report[6:] == [
            f"ok       queue logtail: a reader answers on {HOST}",
            f"ok       log app: {file} on {HOST}: 4 bytes",
        ]
        wait_until(lambda: file not in worker.open_paths(), 60, "closing of the file")

    def test_a_queue_that_nobody_serves_is_a_problem_and_others_are_fine(self, stack: Stack) -> None:
        file = stack.add_log("app", b"one\n")
        stack.add_log("far", queue="far-host")

        code, report = examine(stack, "--seconds", "8")

        assert code == 1
        assert report[6:] == [
            f"ok       queue logtail: a reader answers on {HOST}",
            f"ok       log app: {file} on {HOST}: 4 bytes",
            "PROBLEM  queue far-host: no worker serves queue “far-host” on the Redis at "
            f"127.0.0.1:{stack.redis_port}/0",
            "         -> On the host that has the file, run this. If a worker is running there, it uses another "
            "Redis or can’t use this one: “manage.py logtail_doctor” on that host shows which.",
            "            python manage.py rundramatiq --queues far-host --processes 1 --threads 2",
            "note     queue far-host: its 1 log(s) were not examined",
        ]

    def test_without_redis_the_examination_ends_there(self, tmp_path: Path) -> None:
        with Stack(tmp_path / "stack") as broken:
            broken.add_log("app")
            code, report = examine(broken)

        assert code == 1
        assert report[3].startswith("PROBLEM  Redis: ")
        assert report[4] == "         -> Start it, or correct the URL in DRAMATIQ_BROKER."
        assert report[5].startswith("PROBLEM  channel layer: ")
        assert report[6] == "         -> Start its Redis, or correct CHANNEL_LAYERS['default']."
        assert len(report) == 7


@pytest.mark.redis
class TestRedisThatRefuses:
    """A server that answers but refuses commands."""

    @pytest.fixture
    def refusing(self, tmp_path: Path) -> Iterator[tuple[Stack, redis.Redis]]:
        if not has_redis():
            absent("a redis-server")
        with Stack(tmp_path / "stack", layer=PUBSUB_LAYER) as stack:
            stack.start_redis()
            stack.add_log("app", b"one\n")
            with redis.Redis(port=stack.redis_port) as client:
                yield stack, client

    def test_a_read_only_replica(self, refusing: tuple[Stack, redis.Redis]) -> None:
        stack, client = refusing
        client.replicaof("127.0.0.1", 1)

        code, report = examine(stack)

        assert code == 1
        assert report[3:5] == [
            "PROBLEM  Redis is a read-only replica: You can't write against a read only replica.",
            "         -> Point the URL in DRAMATIQ_BROKER to the master, or make this server the master "
            "(REPLICAOF NO ONE).",
        ]
        assert report[5].startswith("ok       channel layer: a message came back in ")

    def test_one_whose_memory_is_full(self, refusing: tuple[Stack, redis.Redis]) -> None:
        stack, client = refusing
        client.config_set("maxmemory", 1)

        code, report = examine(stack)

        assert code == 1
        assert report[3:5] == [
            "PROBLEM  Redis is full: command not allowed when used memory > 'maxmemory'.",
            "         -> Its memory is full: raise maxmemory or free some memory.",
        ]

    def test_one_whose_user_may_not_do_everything(self, refusing: tuple[Stack, redis.Redis]) -> None:
        stack, client = refusing
        client.execute_command("ACL", "SETUSER", "default", "-set", "-hset", "resetchannels")

        code, report = examine(stack)

        advice = (
            "         -> Run this in redis-cli as an administrator, and add it to the file that defines the user. "
            "“Use the Redis you have” in the documentation lists all rights."
        )
        assert code == 1
        assert report[3:] == [
            "PROBLEM  Redis denies its user 'default' +hset +set",
            advice,
            "            ACL SETUSER default +hset +set",
            "PROBLEM  broker: Redis denies its user 'default' +hset",
            advice,
            "            ACL SETUSER default +hset",
            "PROBLEM  channel layer: Redis denies its user 'default' &asgi*",
            advice,
            "            ACL SETUSER default &asgi*",
        ]

    def test_one_that_takes_no_more_clients(self, refusing: tuple[Stack, redis.Redis]) -> None:
        stack, client = refusing
        client.config_set("maxclients", 1)

        code, report = examine(stack)

        assert code == 1
        assert report[3:5] == [
            "PROBLEM  Redis accepts no more clients: max number of clients reached",
            "         -> Raise maxclients, or close some of its connections (CLIENT LIST).",
        ]
        assert report[6] == "         -> Raise maxclients, or close some of its connections (CLIENT LIST)."

    def test_a_user_with_no_more_than_the_listed_rights_is_enough(
        self, refusing: tuple[Stack, redis.Redis], tmp_path: Path
    ) -> None:
        stack, client = refusing
        rights = " ".join(f"+{name}" for name in listed_commands())
        client.execute_command(
            *f"ACL SETUSER small on >p resetkeys resetchannels ~logtail:* ~dramatiq* &asgi* -@all {rights}".split()
        )
        stack.environment["REDIS_URL"] = f"redis://small:p@127.0.0.1:{stack.redis_port}/0"
        stack.start_worker()

        code, report = examine(stack)

        address = f"127.0.0.1:{stack.redis_port}/0"
        assert report[3:5] == [f"ok       Redis: {address}", f"ok       broker: Redis at {address}"]
        assert report[6] == f"ok       queue logtail: a reader answers on {HOST}"
        assert code == 0

    def test_without_the_dangerous_commands_all_works_but_the_rescue_of_a_dead_workers_tasks(
        self, refusing: tuple[Stack, redis.Redis]
    ) -> None:
        stack, client = refusing
        client.execute_command("ACL", "SETUSER", "default", "-@dangerous")

        _, report = examine(stack)

        assert report[3] == f"ok       Redis: 127.0.0.1:{stack.redis_port}/0"
        assert report[4] == (
            "note     broker: Redis denies its user 'default' +keys; Dramatiq uses it to give the tasks of a worker "
            "that died to another one"
        )
        assert report[6] == "            ACL SETUSER default +keys"
        assert report[7].startswith("ok       channel layer: ")

    def test_the_state_is_not_told_from_what_a_full_server_has_left(
        self, refusing: tuple[Stack, redis.Redis]
    ) -> None:
        stack, client = refusing
        client.config_set("maxmemory", 1)

        done = stack.manage("logtail_status", check=False)

        assert (done.returncode, done.stdout) == (1, "")
        assert done.stderr == (
            "CommandError: Redis refused a command: command not allowed when used memory > 'maxmemory'. "
            "“manage.py logtail_doctor” says what to do.\n"
        )

    def test_one_that_wants_another_password(self, refusing: tuple[Stack, redis.Redis]) -> None:
        stack, client = refusing
        client.config_set("requirepass", "another")

        code, report = examine(stack)

        assert code == 1
        assert report[3].startswith("PROBLEM  Redis refuses the password: ")
        assert report[4] == (
            "         -> It expects a different password: correct the one in the URL in DRAMATIQ_BROKER."
        )
        assert report[6] == (
            "         -> It expects a different password: correct the one in CHANNEL_LAYERS['default']."
        )


class Refusing:
    """A `Control` that starts refusing after the first call."""

    def post(self, *args: object) -> None:
        raise WrongServer("You can't write against a read only replica.", "read-only")


async def test_wants_that_cannot_be_taken_back_lapse(monkeypatch: pytest.MonkeyPatch, settings: Any) -> None:
    settings.LOGTAIL = {"READER": "dramatiq"}
    monkeypatch.setattr(readers, "control", Refusing)
    relay = Relay(MemoryControl(), MemoryMailboxes(), no_wake_up)
    feed = relay.feeds.join("7", "logtail", lines=0, resume=None).feed

    await readers._leave(relay, [feed])


async def no_wake_up(queue: str) -> None:
    """Nobody reads."""


def test_a_silenced_check_is_no_problem(settings: Any) -> None:
    settings.LOGTAIL = {"ROOTS": ["/tmp"], "QUEU": "web-1"}
    settings.SILENCED_SYSTEM_CHECKS = ["logtail.E002"]

    assert list(examine_settings()) == [Finding("ok", "settings: every check passes")]


async def silent(scope: Any, receive: Any, send: Any) -> None:
    """A host's application that returns from a socket it does not know."""


async def closing(scope: Any, receive: Any, send: Any) -> None:
    await send({"type": "websocket.close", "code": 4000})


async def chatting(scope: Any, receive: Any, send: Any) -> None:
    await send({"type": "websocket.accept"})
    await send({"type": "websocket.send", "text": '{"reason": "chat"}'})


pages = get_asgi_application()
wrapped = with_logtail(ProtocolTypeRouter({"http": pages}))
without_sockets = ProtocolTypeRouter({"http": pages})
routed = ProtocolTypeRouter(
    {"http": pages, "websocket": URLRouter([path("logs/", URLRouter(websocket_urlpatterns))])}
)
validated = ProtocolTypeRouter({"http": pages, "websocket": AllowedHostsOriginValidator(wrapped)})
misrouted = ProtocolTypeRouter(
    {"http": pages, "websocket": URLRouter([path("elsewhere/", URLRouter(websocket_urlpatterns))])}
)


class TestStates:
    """The report on a log, depending on what its reader reports."""

    @pytest.mark.parametrize(
        ("state", "finding"),
        [
            ("live", Finding("ok", "log app: /tmp/app.log on web-9: 12 bytes")),
            (
                "missing",
                Finding(
                    "note",
                    "log app: /tmp/app.log on web-9: the file does not exist",
                    "It is followed as soon as it appears.",
                ),
            ),
            (
                "unreadable",
                Finding(
                    "PROBLEM",
                    "log app: /tmp/app.log on web-9: {why}",
                    "Give the reader's user permission to read the file.",
                ),
            ),
            (
                "not-a-file",
                Finding(
                    "PROBLEM",
                    "log app: /tmp/app.log on web-9: {why}, not a regular file",
                    "Correct the path.",
                ),
            ),
            (
                "stalled",
                Finding(
                    "PROBLEM",
                    "log app: /tmp/app.log on web-9: {why}",
                    "Check whether its disk or file server responds.",
                ),
            ),
            (
                "stopped",
                Finding(
                    "note",
                    "log app: /tmp/app.log on web-9: the stop flag is set ({why})",
                    "Reading continues once the flag is cleared.",
                ),
            ),
            (
                "no-reader",
                Finding(
                    "PROBLEM",
                    "log app: /tmp/app.log on web-9: the reader reported nothing about it",
                    "Look at the worker's own log.",
                ),
            ),
            (
                "of-next-year",
                Finding(
                    "PROBLEM",
                    "log app: /tmp/app.log on web-9: of-next-year: {why}",
                    "Look at the worker's own log.",
                ),
            ),
        ],
    )
    async def test_each_state_has_its_words_and_what_to_do(self, state: str, finding: Finding) -> None:
        relay = Relay(MemoryControl(), MemoryMailboxes(), no_wake_up)
        feed = relay.feeds.join("7", "web-9", lines=0, resume=None).feed
        feed.state, feed.reason, feed.host, feed.size = state, "{why}", "web-9", 12

        assert readers._state(Log(slug="app", path="/tmp/app.log"), feed) == finding


class TestSockets:
    """The application in `asgi.py` is tested by a handshake."""

    @pytest.mark.parametrize("name", ["wrapped", "routed", "validated"])
    async def test_a_right_application_answers(self, settings: Any, name: str) -> None:
        settings.ASGI_APPLICATION = f"{__name__}.{name}"

        assert await examine_sockets() == [
            Finding("ok", f"sockets: {__name__}.{name} answers at /logs/doctor/socket/")
        ]

    @pytest.mark.parametrize(
        ("name", "seen"),
        [
            ("pages", "does not accept this app's WebSockets (ValueError: Django can only handle ASGI/HTTP"),
            (
                "without_sockets",
                "does not accept this app's WebSockets (ValueError: No application configured",
            ),
            ("misrouted", "does not accept this app's WebSockets (ValueError: No route found"),
            ("silent", "answered this app's WebSocket with 'nothing'"),
            ("closing", "answered this app's WebSocket with 'websocket.close'"),
            ("chatting", "answered this app's WebSocket with 'chat'"),
        ],
    )
    async def test_a_wrong_application_is_a_problem_with_the_line_to_write(
        self, settings: Any, name: str, seen: str
    ) -> None:
        settings.ASGI_APPLICATION = f"{__name__}.{name}"

        (finding,) = await examine_sockets()

        assert (finding.mark, finding.id) == ("PROBLEM", "logtail.W022")
        assert finding.text.startswith(f"logtail.W022: sockets: {__name__}.{name} {seen}")
        assert finding.text.endswith(
            ": The project's ASGI application doesn't pass live connections to the log viewer."
        )
        assert (
            finding.advice == "Add this at the end of tests/commands/test_doctor.py, and restart the server."
        )
        assert finding.paste == (
            f"from django_logtail.asgi import with_logtail\n\n{name} = with_logtail({name})"
        )

    @pytest.mark.parametrize("language", ["en", "en-us", "de-at"])
    async def test_below_a_language_the_address_is_the_one_that_visitors_get(
        self, settings: Any, language: str
    ) -> None:
        settings.ROOT_URLCONF = "tests.mounts.translated"
        settings.LANGUAGE_CODE = language
        settings.ASGI_APPLICATION = f"{__name__}.wrapped"
        prefix = {"en-us": "en", "de-at": "de"}.get(language, language)

        (finding,) = await examine_sockets()

        assert finding.text == f"sockets: {__name__}.wrapped answers at /{prefix}/logs/doctor/socket/"

    async def test_an_application_that_is_not_there_is_a_problem(self, settings: Any) -> None:
        settings.ASGI_APPLICATION = "nowhere.application"

        assert await examine_sockets() == [
            Finding(
                "PROBLEM",
                "sockets: ASGI_APPLICATION 'nowhere.application': ModuleNotFoundError: No module named 'nowhere'",
                "Correct it.",
            )
        ]

    async def test_a_module_that_raises_is_a_problem(
        self, settings: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        (tmp_path / "broken_asgi.py").write_text('raise KeyError("SECRET_KEY")\n')
        monkeypatch.syspath_prepend(tmp_path)
        settings.ASGI_APPLICATION = "broken_asgi.application"

        assert await examine_sockets() == [
            Finding(
                "PROBLEM",
                "sockets: ASGI_APPLICATION 'broken_asgi.application': KeyError: 'SECRET_KEY'",
                "Correct it.",
            )
        ]

    async def test_a_default_language_may_have_no_prefix(
        self, settings: Any, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        urls = ModuleType("unprefixed")
        logs = path("logs/", include("django_logtail.urls"))
        urls.urlpatterns = i18n_patterns(logs, prefix_default_language=False)
        monkeypatch.setitem(sys.modules, "unprefixed", urls)
        settings.ROOT_URLCONF = "unprefixed"
        settings.ASGI_APPLICATION = f"{__name__}.wrapped"

        (finding,) = await examine_sockets()

        assert finding.text == f"sockets: {__name__}.wrapped answers at /logs/doctor/socket/"

    async def test_without_the_setting_nothing_is_tried(self, settings: Any) -> None:
        settings.ASGI_APPLICATION = None

        assert await examine_sockets() == [
            Finding("note", "sockets: ASGI_APPLICATION is not set, so they were not tested")
        ]


class TestServers:
    """`tests.operating.test_servers` tests how servers are found."""

    @pytest.mark.parametrize(
        ("name", "most_bytes", "finding"),
        [
            (
                "uvicorn",
                16_777_216,
                Finding(
                    "ok",
                    "server: uvicorn (process 7) accepts messages of at most 65536 bytes on this app's sockets "
                    "because the app limits them, and 16777216 bytes on others",
                ),
            ),
            (
                "uvicorn",
                65_537,
                Finding(
                    "ok",
                    "server: uvicorn (process 7) accepts messages of at most 65536 bytes on this app's sockets "
                    "because the app limits them, and 65537 bytes on others",
                ),
            ),
            (
                "daphne",
                65_536,
                Finding("ok", "server: daphne (process 7) accepts messages of at most 65536 bytes"),
            ),
            (
                "hypercorn",
                None,
                Finding(
                    "note",
                    "server: hypercorn (process 7): its message limit is unknown",
                    "Set it: websocket_max_message_size = 65536 in hypercorn's configuration file.",
                ),
            ),
            (
                "granian",
                67_108_864,
                Finding(
                    "note",
                    "server: granian (process 7) accepts messages of 67108864 bytes; the longest valid one has 8192",
                    "granian has no option for this; limit each client's connections in the proxy.",
                ),
            ),
        ],
    )
    def test_each_is_told_by_its_limit(
        self, monkeypatch: pytest.MonkeyPatch, name: str, most_bytes: int | None, finding: Finding
    ) -> None:
        monkeypatch.setattr(
            servers, "running", lambda path, directories: [servers.Server(name, 7, most_bytes)]
        )

        assert list(examine_servers()) == [finding]

    def test_where_none_is_seen_it_says_so(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(servers, "running", lambda path, directories: [])

        (finding,) = examine_servers()

        assert finding.text == (
            "servers: no running server of this project was found on this host, so its message limit is unknown"
        )


@pytest.mark.django_db
def test_whether_access_is_recorded_is_tried_out(settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.LOGTAIL = {"AUDIT": False}
    assert list(examine_audit()) == []

    settings.LOGTAIL = {"AUDIT": True}
    assert list(examine_audit()) == [Finding("ok", "audit: access is recorded")]
    assert not Viewing.objects.exists()

    def fails() -> None:
        raise OperationalError("attempt to write a readonly database")

    monkeypatch.setattr("django_logtail.audit.storing.try_out", fails)
    mend = "Let its user write to the tables of django_logtail, free space on its disk, or start it."
    text = "audit: the database takes no records of access: attempt to write a readonly database"
    (found,) = examine_audit()
    assert (found, found.id) == (Finding("PROBLEM", text, mend), "logtail.W026")
    settings.LOGTAIL = {"AUDIT": "required"}
    (found,) = examine_audit()
    assert found.advice == (
        f'Until then nothing can be watched, because LOGTAIL["AUDIT"] is "required". {mend}'
    )
