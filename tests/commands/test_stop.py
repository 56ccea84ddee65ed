import getpass
import socket
from collections.abc import Iterator
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from django_logtail.control.in_memory import MemoryControl
from django_logtail.control.process import use
from django_logtail.models import Log

from ..stack import Running, Stack, wait_until

HOST = socket.gethostname()
USER = getpass.getuser()


@pytest.fixture
def memory() -> Iterator[MemoryControl]:
    memory = MemoryControl()
    use(memory)
    yield memory
    use(None)


def failure(*arguments: str) -> str:
    with pytest.raises(CommandError) as failed:
        call_command("logtail_stop", *arguments)
    return str(failed.value)


@pytest.mark.django_db
class TestCommand:
    def test_it_stops_the_logs_it_is_given_and_says_how_to_let_them_continue(
        self, memory: MemoryControl, capsys: pytest.CaptureFixture[str]
    ) -> None:
        log = Log.objects.create(name="App", slug="app", path="/tmp/app.log")

        call_command("logtail_stop", "app", "--reason", "maintenance")

        assert memory.stops("logtail") == {str(log.pk): f"reason:stopped-because?user={USER}&why=maintenance"}
        assert capsys.readouterr().out == (
            "Stopped log app. To continue: manage.py logtail_stop --clear app\n"
        )

    def test_without_a_reason_it_says_who_it_was(self, memory: MemoryControl) -> None:
        call_command("logtail_stop", "--all")

        assert memory.stops("logtail") == {"*": f"reason:stopped?user={USER}"}

    def test_it_clears_the_flag_and_says_if_there_was_none(
        self, memory: MemoryControl, capsys: pytest.CaptureFixture[str]
    ) -> None:
        Log.objects.create(name="App", slug="app", path="/tmp/app.log")
        call_command("logtail_stop", "app")
        capsys.readouterr()

        call_command("logtail_stop", "app", "--clear")
        call_command("logtail_stop", "app", "--clear")

        assert memory.stops("logtail") == {}
        assert capsys.readouterr().out == "Now reading log app again.\nNot stopped: log app.\n"

    @pytest.mark.parametrize("arguments", [[], ["app", "--all"]])
    def test_it_wants_either_logs_or_all(self, arguments: list[str]) -> None:
        assert failure(*arguments) == "Give one or more slugs, or --all."

    def test_a_log_that_is_not_there_is_named_and_nothing_is_stopped(self, memory: MemoryControl) -> None:
        Log.objects.create(name="App", slug="app", path="/tmp/app.log")

        assert failure("app", "ap") == "Log 'ap' does not exist. Registered: app."
        assert memory.stops("logtail") == {}

    def test_with_a_local_reader_it_says_what_to_do_instead(self, settings: Any) -> None:
        settings.LOGTAIL = {"READER": "local"}

        assert failure("--all").startswith('LOGTAIL["READER"] is "local", so there is no stop flag.')

    def test_without_redis_it_says_so(self, settings: Any) -> None:
        settings.LOGTAIL = {"READER": "dramatiq", "REDIS_URL": "redis://127.0.0.1:1/0"}
        use(None)

        try:
            assert failure("--all").startswith("Redis does not respond: ")
        finally:
            use(None)


@pytest.mark.whole
def test_the_reader_closes_a_stopped_log_and_opens_it_again(stack: Stack, worker: Running) -> None:
    file = stack.add_log("app", b"one\n")
    other = stack.add_log("other", b"two\n")
    stack.manage("logtail_stop", "app", "--reason", "maintenance")

    stopped = stack.manage("logtail_doctor").stdout.splitlines()
    stack.manage("logtail_stop", "app", "--clear")
    continued = stack.manage("logtail_doctor").stdout.splitlines()

    assert (
        f"note     log app: {file} on {HOST}: the stop flag is set (stopped by {USER}: maintenance)"
        in stopped
    )
    assert f"ok       log other: {other} on {HOST}: 4 bytes" in stopped
    assert f"ok       log app: {file} on {HOST}: 4 bytes" in continued
    wait_until(lambda: file not in worker.open_paths(), 60, "closing of the file")
