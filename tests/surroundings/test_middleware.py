"""What a host's own middleware does to our responses: it never loses a byte silently."""

from __future__ import annotations

import contextlib
import hashlib
import http.client
import json
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import brotli
import pytest
import zstandard
from playwright.sync_api import BrowserContext, Error, TimeoutError

from django_logtail.page.assets import assets
from tests.length import at_length
from tests.stack import CHECKOUT, Stack, Web
from tests.viewing.test_last_lines import bytes_of, named

pytestmark = [pytest.mark.whole]

#: Lines that compress well: more than the 64 KiB that are read at once, many times over.
LINES = b"".join(
    b"%08d and whatever else is in a line of a log\n" % number
    for number in range(at_length(500_000, short=50_000))
)
ALL_KINDS = "gzip, deflate, br, zstd"
SETS = ["gzip", "compression", "conditional", "whitenoise", "policy", "watchers"]


@dataclass
class Answer:
    status: int
    headers: dict[str, str]
    body: bytes

    def decoded(self) -> bytes:
        """The body as a browser sees it: of several gzip members the first, and no more."""
        match self.headers.get("content-encoding", "identity"):
            case "identity":
                return self.body
            case "gzip":
                return zlib.decompressobj(wbits=31).decompress(self.body)
            case "br":
                return brotli.decompress(self.body)
            case "zstd":
                return zstandard.ZstdDecompressor().decompressobj().decompress(self.body)
        raise AssertionError(self.headers)


@dataclass
class Host:
    stack: Stack
    web: Web
    session: str
    kind: str

    def ask(self, path: str, method: str = "GET", **headers: str) -> Answer:
        connection = http.client.HTTPConnection("127.0.0.1", self.web.port, timeout=60)
        sent = {
            "Cookie": f"sessionid={self.session}",
            "Accept-Encoding": ALL_KINDS,
            **{name.replace("_", "-"): value for name, value in headers.items()},
        }
        with contextlib.closing(connection):
            connection.request(method, path, headers=sent)
            answer = connection.getresponse()
            return Answer(answer.status, {k.lower(): v for k, v in answer.getheaders()}, answer.read())


@pytest.fixture(scope="module", params=at_length(["uvicorn", "daphne"], short=["uvicorn"]))
def server(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.fixture(scope="module")
def hosts(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Host]]:
    """By middleware and server; each has its own processes, and is ended at the end."""
    with contextlib.ExitStack() as exits:
        yield _Hosts(tmp_path_factory, exits)


class _Hosts(dict[str, Host]):
    def __init__(self, folders: pytest.TempPathFactory, exits: contextlib.ExitStack) -> None:
        super().__init__()
        self._folders = folders
        self._exits = exits

    def __missing__(self, key: str) -> Host:
        kind, server = key.split("/")
        folder = self._folders.mktemp(f"{kind}-{server}")
        environment = {"DJANGO_SETTINGS_MODULE": "tests.surroundings.settings", "MIDDLEWARE_SET": kind}
        if kind == "whitenoise":
            environment["STATIC_ROOT"] = str(folder)
        stack = Stack(folder / "stack", logtail={"READER": "local"}, environment=environment)
        self._exits.enter_context(stack)
        host = self[key] = Host(stack, stack.start_web(server), stack.make_user("member"), kind)
        stack.add_log("big", LINES)
        return host


@pytest.fixture(params=SETS)
def host(request: pytest.FixtureRequest, hosts: dict[str, Host], server: str) -> Host:
    return hosts[f"{request.param}/{server}"]


def test_a_download_is_whole_behind_every_middleware(host: Host) -> None:
    answer = host.ask("/logs/big/download/")

    assert answer.status == 200
    assert len(answer.decoded()) == len(LINES)
    assert answer.decoded() == LINES
    assert answer.headers["content-encoding"] == "identity"
    assert answer.headers["accept-ranges"] == "none"
    kept = {word.strip() for word in answer.headers["cache-control"].split(",")}
    assert {"no-store", "private", "no-transform"} <= kept


def test_its_length_is_announced_unless_the_host_takes_that_away(host: Host) -> None:
    answer = host.ask("/logs/big/download/")

    assert answer.headers.get("content-length") == (None if host.kind == "watchers" else str(len(LINES)))


def test_a_part_that_is_asked_for_comes_as_the_whole(host: Host) -> None:
    answer = host.ask("/logs/big/download/", Range="bytes=1000000-2000000")

    assert (answer.status, len(answer.body)) == (200, len(LINES))


def test_a_question_for_the_head_reads_no_file(host: Host) -> None:
    answer = host.ask("/logs/big/download/", method="HEAD")

    assert (answer.status, answer.body) == (405, b"")


def test_a_version_that_was_seen_before_gives_the_lines_of_now(host: Host) -> None:
    seen = host.ask("/logs/big/lines/?lines=5")

    again = host.ask("/logs/big/lines/?lines=5", If_None_Match=seen.headers.get("etag", '"a"'))

    assert again.status == 200
    assert bytes_of(again.decoded()) == b"".join(LINES.splitlines(keepends=True)[-5:])
    assert "no-store" in again.headers["cache-control"]


def test_the_lines_over_http_are_whole(host: Host) -> None:
    answer = host.ask("/logs/big/lines/?lines=10000")

    assert bytes_of(answer.decoded()) in LINES
    assert bytes_of(answer.decoded()).count(b"\n") > 5000
    assert named(answer.decoded(), "end")[0]["reason"] in ("complete", "more")


@pytest.mark.parametrize("name", ["page/logs-page.js", "log-tail.js", "find/match-worker.js"])
def test_a_script_is_what_is_in_the_package(host: Host, name: str) -> None:
    path = f"/logs/-/assets/{assets().version}/{name}"
    content = (CHECKOUT / "django_logtail" / "static" / "logtail" / name).read_bytes()

    answer = host.ask(path)

    assert (answer.status, answer.decoded()) == (200, content)
    assert answer.headers["content-type"] == "text/javascript; charset=utf-8"
    assert "immutable" in answer.headers["cache-control"]


def test_json_is_read_as_json(host: Host) -> None:
    answer = host.ask("/logs/-/logs/")
    token = "t" * 32
    cookie = f"sessionid={host.session}; csrftoken={token}"
    ticket = host.ask("/logs/big/ticket/", method="POST", Cookie=cookie, X_CSRFToken=token)

    assert [log["slug"] for log in json.loads(answer.decoded())["logs"]] == ["big"]
    assert list(json.loads(ticket.decoded())) == ["ticket"]
    assert "no-store" in answer.headers["cache-control"]
    assert "no-store" in ticket.headers["cache-control"]


def test_an_answer_that_is_encoded_all_the_same_is_seen_to_fail(hosts: dict[str, Host], server: str) -> None:
    host = hosts[f"unlabelled/{server}"]

    with pytest.raises((http.client.HTTPException, OSError)):
        host.ask("/logs/big/download/")

    assert "encodes the answer" in host.web.says()
    assert host.ask("/logs/big/download/", Accept_Encoding="identity").body == LINES


def saved(context: BrowserContext, host: Host) -> Path | None:
    """What a browser has on disk after a download; None when it says that it failed."""
    context.add_cookies([{"name": "sessionid", "value": host.session, "url": host.web.url}])
    page = context.new_page()
    try:
        with page.expect_download(timeout=10_000) as begun, contextlib.suppress(Error):
            page.goto(host.web.url + "/logs/big/download/")
    except TimeoutError:
        return None
    return None if begun.value.failure() else Path(begun.value.path())


@pytest.mark.browser
@pytest.mark.parametrize("kind", ["gzip", "compression"])
def test_what_a_browser_saves_is_the_file(
    hosts: dict[str, Host], server: str, kind: str, context: BrowserContext
) -> None:
    path = saved(context, hosts[f"{kind}/{server}"])

    assert path is not None
    content = path.read_bytes()
    assert (len(content), hashlib.sha256(content).hexdigest()) == (
        len(LINES),
        hashlib.sha256(LINES).hexdigest(),
    )


@pytest.mark.browser
def test_a_browser_says_that_an_encoded_download_failed(
    hosts: dict[str, Host], server: str, context: BrowserContext
) -> None:
    assert saved(context, hosts[f"unlabelled/{server}"]) is None
