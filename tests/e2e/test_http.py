"""Lines and whole files over plain HTTP, from both homes of the reader and on all common ASGI servers."""

import contextlib
import http.client
import json
import socket
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.plain import resident_bytes
from tests.stack import Stack, Web, wait_until
from tests.viewing.test_last_lines import bytes_of, named

pytestmark = [pytest.mark.redis, pytest.mark.whole]

SERVERS = ["uvicorn", "daphne", "hypercorn", "granian"]
LINES = b"".join(b"%08d and whatever else is in a line\n" % number for number in range(100_000))
#: Of the file that a client does not read: more than all buffers on the way hold.
HUGE_BYTES = 200 * 1024 * 1024
#: What a download may cost its web process: a range here, one on its way, and what the server buffers.
MOST_GROWTH = 16 * 1024 * 1024


@dataclass
class Answer:
    status: int
    headers: dict[str, str]
    body: bytes

    def json(self) -> dict:
        return json.loads(self.body)


@dataclass
class Host:
    """One web process, and who is signed in to it."""

    stack: Stack
    web: Web
    session: str

    def connection(self) -> http.client.HTTPConnection:
        return http.client.HTTPConnection("127.0.0.1", self.web.port, timeout=30)

    def get(self, path: str, session: str | None = None) -> Answer:
        connection = self.connection()
        with contextlib.closing(connection):
            connection.request("GET", path, headers={"Cookie": f"sessionid={session or self.session}"})
            answer = connection.getresponse()
            return Answer(answer.status, {k.lower(): v for k, v in answer.getheaders()}, answer.read())


@pytest.fixture(scope="module")
def local(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """No Redis, no worker: the reader is in the web process."""
    with Stack(tmp_path_factory.mktemp("local"), logtail={"READER": "local"}, is_forked=False) as stack:
        yield stack


@pytest.fixture(scope="module")
def at_home(local: Stack) -> Host:
    return Host(local, local.start_web(), local.make_user("member"))


@pytest.fixture(params=["local", "dramatiq"])
def host(request: pytest.FixtureRequest) -> Iterator[Host]:
    if request.param == "local":
        host = request.getfixturevalue("at_home")
    else:
        values = (request.getfixturevalue(name) for name in ("stack", "web", "member"))
        host = Host(*values)
    yield host
    host.stack.remove_logs()


@pytest.fixture(scope="module", params=SERVERS)
def served(request: pytest.FixtureRequest, local: Stack, at_home: Host) -> Host:
    return Host(local, local.start_web(request.param), at_home.session)


def test_the_last_lines_are_answered_and_what_follows_them(host: Host) -> None:
    path = host.stack.add_log("app", LINES)

    first = host.get("/logs/app/lines/?lines=10")
    place = named(first.body, "batch")[-1]
    with path.open("ab") as file:
        file.write(b"one more\n")
    second = host.get(f"/logs/app/lines/?file={place['file']}&offset={place['end']}")

    assert bytes_of(first.body) == b"".join(LINES.splitlines(keepends=True)[-10:])
    assert bytes_of(second.body) == b"one more\n"
    assert named(second.body, "end")[0]["reason"] == "complete"
    assert first.headers["content-type"] == "application/octet-stream"
    assert first.headers["x-content-type-options"] == "nosniff"
    assert "no-store" in first.headers["cache-control"]


def test_a_whole_file_is_downloaded_and_called_what_it_is_called(host: Host) -> None:
    path = host.stack.logs / "日志 1.log"
    path.write_bytes(LINES)
    host.stack.add_log("app", path=path)

    answer = host.get("/logs/app/download/")

    assert answer.body == LINES
    assert answer.headers["content-length"] == str(len(LINES))
    assert answer.headers["content-type"] == "application/octet-stream"
    assert answer.headers["x-content-type-options"] == "nosniff"
    name = "attachment; filename*=utf-8''%E6%97%A5%E5%BF%97%201.log"
    assert answer.headers["content-disposition"] == name


def test_the_newest_of_several_files_is_downloaded_by_its_own_name(host: Host) -> None:
    for day in (27, 28):
        (host.stack.logs / f"app-2026-11-{day}.log").write_bytes(b"%d\n" % day)
    host.stack.add_log("app", path=host.stack.logs / "app-*.log", follow="newest")

    answer = host.get("/logs/app/download/")

    assert answer.body == b"28\n"
    assert answer.headers["content-disposition"] == 'attachment; filename="app-2026-11-28.log"'


@pytest.mark.parametrize("route", ["lines", "download"])
def test_who_may_not_watch_gets_nothing(host: Host, route: str) -> None:
    host.stack.add_log("staff", b"secret\n", access="staff")
    host.stack.add_log("off", b"secret\n", enabled=False)

    for slug in ("staff", "off", "none"):
        answer = host.get(f"/logs/{slug}/{route}/")
        assert (answer.status, answer.json()) == (404, {"error": "no-such-log"})
    answer = host.get(f"/logs/staff/{route}/", session="nobody")
    assert (answer.status, answer.json()) == (401, {"error": "signed-out", "login": "/accounts/login/"})


@pytest.mark.parametrize(
    "query", ["lines=many", "lines=10001", "lines=-1", "lines=", "offset=5", "file=a", "file=a&offset=x"]
)
def test_a_query_that_asks_for_nothing_there_is_gets_told(at_home: Host, query: str) -> None:
    at_home.stack.add_log("app", b"one\n")

    answer = at_home.get(f"/logs/app/lines/?{query}")

    assert (answer.status, answer.json()["error"]) == (400, "bad-message")
    at_home.stack.remove_logs()


def test_a_missing_file_is_no_download(host: Host) -> None:
    host.stack.add_log("app", path=host.stack.logs / "never-was.log")

    answer = host.get("/logs/app/download/")

    assert (answer.status, answer.json()) == (503, {"error": "missing", "text": ""})


def begun(host: Host, path: str) -> socket.socket:
    """A download whose first bytes have come, and which nobody reads on."""
    connection = socket.create_connection(("127.0.0.1", host.web.port), timeout=30)
    head = f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nCookie: sessionid={host.session}\r\n\r\n"
    connection.sendall(head.encode())
    assert connection.recv(12) == b"HTTP/1.1 200"
    return connection


def huge_log(stack: Stack) -> Path:
    path = stack.logs / "huge.log"
    with path.open("wb") as file:
        while file.tell() < HUGE_BYTES:
            file.write(LINES)
    return stack.add_log("huge", path=path)


def test_a_download_counts_as_a_viewer_until_its_client_leaves(tmp_path: Path) -> None:
    logtail = {"READER": "local", "MAX_VIEWERS_PER_USER": 1}
    with Stack(tmp_path, logtail=logtail) as stack:
        host = Host(stack, stack.start_web(), stack.make_user("member"))
        path = huge_log(stack)
        download = begun(host, "/logs/huge/download/")

        answers = [host.get("/logs/huge/lines/"), host.get("/logs/huge/download/")]
        download.close()

        assert [(answer.status, answer.json()["limit"]) for answer in answers] == [(429, 1), (429, 1)]
        wait_until(lambda: host.get("/logs/huge/lines/").status == 200, what="the place")
        wait_until(lambda: path not in host.web.open_paths(), what="the release")


def test_a_client_that_does_not_read_costs_next_to_nothing(served: Host) -> None:
    path = huge_log(served.stack)
    before = resident_bytes(served.web.pids)

    with begun(served, "/logs/huge/download/"):
        # Whoever reads on beside it gets everything, and so has the server had time to buffer the other one's.
        assert len(served.get("/logs/huge/download/").body) == path.stat().st_size
        grown = resident_bytes(served.web.pids) - before

    assert grown < MOST_GROWTH
    served.stack.remove_logs()


def test_a_download_whose_file_is_gone_in_the_middle_is_seen_to_fail(served: Host) -> None:
    path = huge_log(served.stack)

    with begun(served, "/logs/huge/download/") as connection:
        path.unlink()
        received = 0
        with contextlib.suppress(ConnectionResetError):
            while part := connection.recv(1024 * 1024):
                received += len(part)

    assert received < HUGE_BYTES
    # And the server goes on: the next one is whole again.
    served.stack.add_log("app", LINES)
    assert served.get("/logs/app/download/").body == LINES
    served.stack.remove_logs()


def test_a_search_reports_as_it_goes_and_closes_the_file_when_its_client_leaves(served: Host) -> None:
    path = huge_log(served.stack)
    token = "t" * 32
    headers = {"Cookie": f"sessionid={served.session}; csrftoken={token}", "X-CSRFToken": token}
    # What is left out costs time for each line.
    asked = {"pattern": "whatever", "terms": [{"text": "nothing", "not": True}], "limit": 1}
    connection = served.connection()

    with contextlib.closing(connection):
        connection.request("POST", "/logs/huge/search/", json.dumps(asked), headers)
        answer = connection.getresponse()
        messages = []
        while not {"progress", "found"} <= {message["type"] for message in messages}:
            messages.append(json.loads(answer.readline()))
        wait_until(lambda: path in served.web.open_paths(), what="the search")

    assert answer.status == 200
    assert answer.headers["content-type"] == "application/x-ndjson"
    assert answer.headers["x-accel-buffering"] == "no"
    assert "done" not in [message["type"] for message in messages]
    wait_until(lambda: path not in served.web.open_paths(), what="the end of the search")
    served.stack.remove_logs()
