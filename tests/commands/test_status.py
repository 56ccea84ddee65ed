import asyncio
import json
import socket
import time
from collections.abc import Iterator
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from django_logtail import __version__
from django_logtail.control import Busy, FailedTask, ReaderLease, Seen, Server, ViewerFacts
from django_logtail.control.in_memory import MemoryControl
from django_logtail.control.process import use
from django_logtail.control.wants import Want
from django_logtail.models import Log

from ..client import Client
from ..stack import Stack, Web

HOST = socket.gethostname()


@pytest.fixture
def memory(monkeypatch: pytest.MonkeyPatch) -> Iterator[MemoryControl]:
    memory = MemoryControl()
    use(memory)
    yield memory
    use(None)


def read(memory: MemoryControl, log: Log) -> None:
    """A reader on web-9 that reads `log` and says so."""
    memory.post(log.queue_name, [Want("p", str(log.pk), "", "m", 1, 1)], [], [])
    lease = ReaderLease("t", "web-9", 77, "0.1")
    memory.tick(log.queue_name, lease, Seen(), may_end=False, starting=True)
    facts = {"state": "reading", "reason": "", "size": 12, "flows": 1, "rate": 30, "behind": 4}
    reader = {"host": "web-9", "pid": 77, "thread": "worker-1", "version": "0.1", "since": 0.0}
    memory.report(log.queue_name, {**reader, "logs": {str(log.pk): facts, "999": {}}})


@pytest.mark.django_db
class TestCommand:
    @pytest.fixture
    def app(self) -> Log:
        log: Log = Log.objects.create(name="App", slug="app", path="/tmp/app.log", queue="web-9")
        return log

    def test_it_shows_readers_logs_and_flags(
        self, settings: Any, memory: MemoryControl, app: Log, capsys: pytest.CaptureFixture[str]
    ) -> None:
        settings.TIME_ZONE = "UTC"
        read(memory, app)
        memory.set_stop("logtail", "*", "maintenance")
        memory.set_stop("web-9", str(app.pk), "too loud")
        viewers = [ViewerFacts(session, "1", str(app.pk), 5.0, "10.0.0.1") for session in ("a", "b")]
        memory.report_viewers("p", viewers)

        call_command("logtail_status")

        assert capsys.readouterr().out.splitlines() == [
            "queue logtail: no reader; one starts when somebody watches a log",
            "  stop flag for every log: maintenance",
            "queue web-9: read on web-9 by process 77 since 1970-01-01 00:00:00, version 0.1",
            "  app: live, 12 bytes, 30 bytes/s, 4 bytes behind",
            "  stop flag for app: too loud",
            "viewers: 2",
            "  app: 2",
        ]

    @pytest.mark.parametrize(
        ("state", "path", "step"),
        [
            ("unreadable", "/tmp/app.log", "    -> Give the reader's user permission to read the file."),
            ("unreadable", "/tmp/a\0b.log", "    -> Correct the path."),
            ("stalled", "/tmp/app.log", "    -> Check whether its disk or file server responds."),
            ("missing", "/tmp/app.log", "    -> It is followed as soon as it appears."),
            ("opening", "/tmp/app.log", "viewers: 0"),
            ("reading", "/tmp/app.log", "viewers: 0"),
        ],
    )
    def test_it_says_what_to_do_about_a_log_that_is_not_read(
        self,
        memory: MemoryControl,
        app: Log,
        capsys: pytest.CaptureFixture[str],
        state: str,
        path: str,
        step: str,
    ) -> None:
        Log.objects.update(path=path)
        read(memory, app)
        report = memory.status("web-9")
        assert report is not None
        report["logs"][str(app.pk)] |= {"state": state, "reason": "why"}

        call_command("logtail_status")

        lines = capsys.readouterr().out.splitlines()
        assert lines[next(i for i, line in enumerate(lines) if line.startswith("  app: ")) + 1] == step

    def test_programs_get_json(
        self, memory: MemoryControl, app: Log, django_user_model: Any, capsys: pytest.CaptureFixture[str]
    ) -> None:
        read(memory, app)
        user = django_user_model.objects.create_user("bo")
        memory.report_viewers("p", [ViewerFacts("a", str(user.pk), str(app.pk), 5.0, "10.0.0.1")])

        call_command("logtail_status", "--json")

        assert json.loads(capsys.readouterr().out) == {
            "queues": [
                {"queue": "logtail", "reader": None, "logs": [], "absence": "", "stops": []},
                {
                    "queue": "web-9",
                    "reader": {
                        "host": "web-9",
                        "pid": 77,
                        "thread": "worker-1",
                        "version": "0.1",
                        "since": 0.0,
                    },
                    "logs": [
                        {
                            "log": "app",
                            "state": "live",
                            "reason": "",
                            "size": 12,
                            "rate": 30,
                            "behind": 4,
                            "flows": 1,
                            "viewers": 1,
                        }
                    ],
                    "absence": "",
                    "stops": [],
                },
            ],
            "viewers": [{"log": "app", "user": "bo", "since": 5.0, "address": "10.0.0.1"}],
            "failures": [],
            "ignored": {},
        }

    def test_what_failed_is_shown_of_web_processes_and_readers(
        self,
        settings: Any,
        memory: MemoryControl,
        app: Log,
        monkeypatch: pytest.MonkeyPatch,
        capsys: pytest.CaptureFixture[str],
    ) -> None:
        settings.TIME_ZONE = "UTC"
        read(memory, app)
        mine = {
            "host": "web-1",
            "pid": 5,
            "task": "relay: posting",
            "count": 3,
            "error": "KeyError: 'x'",
            "at": 9.0,
        }
        reader = {
            "host": "web-9",
            "pid": 77,
            "task": "reader on queue web-9: pump",
            "error": "ValueError",
            "at": 70.0,
        }
        monkeypatch.setattr(memory, "failures", lambda: [FailedTask(**mine)])
        report = {
            **(memory.status("web-9") or {}),
            "failures": [{**reader, "count": 1}, {**mine, "count": 2}, 7],
        }
        memory.report("web-9", report)

        call_command("logtail_status")
        lines = capsys.readouterr().out.splitlines()
        call_command("logtail_status", "--json")
        failures = json.loads(capsys.readouterr().out)["failures"]

        assert lines[-2:] == [
            "reader on queue web-9: pump failed on web-9 in process 77, once, "
            "most recently at 1970-01-01 00:01:10 with ValueError",
            "relay: posting failed on web-1 in process 5, 3 times, "
            "most recently at 1970-01-01 00:00:09 with KeyError: 'x'",
        ]
        assert failures == [{**reader, "count": 1}, mine]

    def test_what_was_ignored_is_counted_over_all_processes(
        self, memory: MemoryControl, app: Log, monkeypatch: Any, capsys: pytest.CaptureFixture[str]
    ) -> None:
        read(memory, app)
        report = memory.status("web-9")
        assert report is not None
        memory.report("web-9", {**report, "ignored": {"not ours": 2, "too new": 1}})
        monkeypatch.setattr(memory, "ignored", lambda: {"not ours": 3})

        call_command("logtail_status")

        assert capsys.readouterr().out.splitlines()[-2:] == [
            "ignored messages: 5 not ours; see the logs of workers and web processes",
            "ignored messages: 1 too new; see the logs of workers and web processes",
        ]

    def test_of_a_report_without_its_reader_only_what_was_ignored_is_shown(
        self, memory: MemoryControl, app: Log, monkeypatch: Any, capsys: pytest.CaptureFixture[str]
    ) -> None:
        """As Redis has it for some seconds after a reader's end."""
        failure = {"host": "web-9", "pid": 77, "task": "pump", "count": 1, "error": "OSError", "at": 0.0}
        facts = {"state": "reading", "size": 12}
        left = {
            "host": "web-9",
            "pid": 77,
            "version": "0.1",
            "since": 0.0,
            "logs": {str(app.pk): facts},
            "failures": [failure],
            "ignored": {"not ours": 2},
        }
        monkeypatch.setattr(memory, "status", lambda queue: left if queue == "web-9" else None)

        call_command("logtail_status")

        assert capsys.readouterr().out.splitlines() == [
            "queue logtail: no reader; one starts when somebody watches a log",
            "queue web-9: no reader; one starts when somebody watches a log",
            "viewers: 0",
            "ignored messages: 2 not ours; see the logs of workers and web processes",
        ]

    def test_a_queue_without_a_reader_although_somebody_watches_is_said(
        self, memory: MemoryControl, app: Log, capsys: pytest.CaptureFixture[str]
    ) -> None:
        memory.report_viewers("p", [ViewerFacts("a", "1", str(app.pk), 5.0, "10.0.0.1")])

        call_command("logtail_status")

        assert capsys.readouterr().out.splitlines()[1:4] == [
            "queue web-9: no reader; 1 viewer waiting",
            "    -> On the host that has the file, run this.",
            "    -> python manage.py rundramatiq --queues web-9 --processes 1 --threads 2",
        ]

    def test_a_busy_worker_is_said_with_its_tasks_and_since_when_viewers_wait(
        self,
        memory: MemoryControl,
        app: Log,
        capsys: pytest.CaptureFixture[str],
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        memory.report_viewers(
            "p",
            [
                ViewerFacts(session, "1", str(app.pk), since, "10.0.0.1")
                for session, since in (("a", 9.0), ("b", 5.0))
            ],
        )
        monkeypatch.setattr(memory, "where", "redis.example:6379/0")
        monkeypatch.setattr(memory, "servers", lambda queue: [Server("web-1", 7, True)])
        monkeypatch.setattr(memory, "busy", lambda queue: [Busy("web-1", 7, 4)])

        call_command("logtail_status")
        out = capsys.readouterr().out
        call_command("logtail_status", "--json")

        words = "the worker on web-1 is busy with other tasks (4); this log's wake-up has been waiting since 18:00:05"
        assert f"queue web-9: no reader; 2 viewers waiting: {words}\n" in out
        assert json.loads(capsys.readouterr().out)["queues"][1]["absence"] == words

    def test_without_redis_it_says_so(self, settings: Any) -> None:
        settings.LOGTAIL = {"READER": "dramatiq", "REDIS_URL": "redis://127.0.0.1:1/0"}
        use(None)

        try:
            with pytest.raises(CommandError, match=r"^Redis does not respond: "):
                call_command("logtail_status")
        finally:
            use(None)

    def test_with_a_local_reader_it_says_why_there_is_nothing_to_show(self, settings: Any) -> None:
        settings.LOGTAIL = {"READER": "local"}

        with pytest.raises(CommandError) as failed:
            call_command("logtail_status")

        assert str(failed.value) == (
            'LOGTAIL["READER"] is "local": each web process reads for its own viewers and reports to no other. '
            "The admin shows what the process that serves it knows: Logs, “Readers and viewers”."
        )


@pytest.mark.whole
async def test_a_real_reader_is_shown_with_what_it_reads(stack: Stack, web: Web) -> None:
    stack.add_log("app", b"one\n")
    session = stack.make_user("watches-for-the-status", staff=True)
    deadline = time.monotonic() + 120

    # Somebody watches meanwhile, or the reader would end before a busy machine has started the command.
    async with Client(stack, web, "app", session) as viewer:
        await viewer.until_live(60)
        while True:
            told = await asyncio.to_thread(stack.manage, "logtail_status", "--json")
            (queue,) = json.loads(told.stdout)["queues"]
            # A report may be a moment older than what the viewer knows.
            is_read = queue["reader"] and queue["logs"] and queue["logs"][0]["state"] != "waiting"
            if is_read or time.monotonic() > deadline:
                break

    assert queue["queue"] == "logtail"
    assert (queue["reader"]["host"], queue["reader"]["version"]) == (HOST, __version__)
    assert [(log["log"], log["state"], log["size"]) for log in queue["logs"]] == [("app", "live", 4)]
