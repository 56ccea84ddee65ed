"""Mistakes of people, files and machines: each ends in a clear state or error, and nothing hangs."""

import os
import shutil
import socket
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from websockets.exceptions import InvalidStatus

from tests.client import Client
from tests.conftest import absent
from tests.stack import HostError, Stack, Web, has_redis

pytestmark = [pytest.mark.redis, pytest.mark.whole]

#: Seconds within which a revoked viewer is closed: what the package promises.
REVOKE_SECONDS = 20.0


def status_of(url: str, session: str | None = None) -> tuple[int, str]:
    """The status of a GET without following redirects, and where it leads."""

    class Stay(urllib.request.HTTPRedirectHandler):
        def redirect_request(self, *arguments: object) -> None:
            return None

    headers = {"Cookie": f"sessionid={session}"} if session else {}
    try:
        with urllib.request.build_opener(Stay).open(urllib.request.Request(url, headers=headers)) as answer:
            return answer.status, ""
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.headers.get("Location", "")


async def closed_with(viewer: Client, seconds: float = 20.0) -> int | None:
    async with viewer:
        return await viewer.until_closed(seconds)


# --- who may not ---


def test_the_page_of_an_unknown_slug_is_not_found(stack: Stack, web: Web, member: str) -> None:
    status, _ = status_of(web.url + stack.reverse("logtail:log", "no-such"), member)

    assert status == 404


async def test_the_socket_of_an_unknown_slug_closes_with_4404(stack: Stack, web: Web, member: str) -> None:
    stack.add_log("django")
    ticket = stack.ticket(web, "django", member)
    stack.remove_logs()

    code = await closed_with(Client(stack, web, "django", member, ticket=ticket))

    assert code == 4404


async def test_a_log_for_staff_is_not_there_for_others(stack: Stack, web: Web, member: str) -> None:
    stack.add_log("secret", b"secret\n")
    ticket = stack.ticket(web, "secret", member)
    stack.call("change_log", "secret", access="staff")

    status, _ = status_of(web.url + stack.reverse("logtail:log", "secret"), member)
    viewer = Client(stack, web, "secret", member, ticket=ticket)
    code = await closed_with(viewer)

    assert (status, code) == (404, 4404)
    assert viewer.bytes == b""
    assert viewer.ended is not None
    assert viewer.ended["text"] == "This log doesn't exist, or you don't have access to it."


async def test_a_viewer_whose_access_ends_is_closed_with_4403(stack: Stack, web: Web, member: str) -> None:
    stack.add_log("django", b"x\n")

    async with Client(stack, web, "django", member) as viewer:
        await viewer.until_live()
        stack.call("change_log", "django", access="staff")
        code = await viewer.until_closed(REVOKE_SECONDS)

    assert code == 4403


async def test_signing_out_on_another_tab_closes_with_4401(stack: Stack, web: Web, member: str) -> None:
    session = stack.call("sign_in", "member")
    stack.add_log("django", b"x\n")

    async with Client(stack, web, "django", session) as viewer:
        await viewer.until_live()
        stack.call("sign_out", session)
        code = await viewer.until_closed(REVOKE_SECONDS)

    assert code == 4401


def test_who_is_signed_out_is_sent_to_sign_in(stack: Stack, web: Web) -> None:
    stack.add_log("django")

    status, leads_to = status_of(web.url + stack.reverse("logtail:log", "django"))

    assert status == 302
    assert leads_to.startswith("/accounts/login/?next=")


async def test_a_socket_without_a_session_is_refused(stack: Stack, web: Web, member: str) -> None:
    stack.add_log("django")
    ticket = stack.ticket(web, "django", member)

    with pytest.raises(InvalidStatus) as refused:
        await closed_with(Client(stack, web, "django", "", ticket=ticket))

    assert refused.value.response.status_code == 403


async def test_a_ticket_of_another_session_closes_with_4401(stack: Stack, web: Web, member: str) -> None:
    stack.add_log("django")
    ticket = stack.ticket(web, "django", member)

    code = await closed_with(Client(stack, web, "django", stack.call("sign_in", "member"), ticket=ticket))

    assert code == 4401


@pytest.mark.parametrize("origin", ["https://evil.example", "http://127.0.0.1:1", "null"])
async def test_a_handshake_from_a_foreign_origin_is_refused(
    stack: Stack, web: Web, member: str, origin: str
) -> None:
    stack.add_log("django")

    with pytest.raises(InvalidStatus) as refusal:
        await closed_with(Client(stack, web, "django", member, origin=origin))

    assert refusal.value.response.status_code == 403


# --- what is no log ---


def test_registering_a_path_outside_the_roots_says_so(stack: Stack, tmp_path: Path) -> None:
    with pytest.raises(HostError, match="outside") as refusal:
        stack.add_log("passwd", path=Path("/etc/passwd"))

    assert "/etc/passwd" in str(refusal.value)


def test_registering_a_wrong_encoding_name_says_so(stack: Stack) -> None:
    with pytest.raises(HostError, match="utf-eight"):
        stack.add_log("django", encoding="utf-eight")


async def test_a_row_that_lies_outside_the_roots_is_never_read(
    stack: Stack, web: Web, member: str, tmp_path: Path
) -> None:
    outside = tmp_path / "secret.log"
    outside.write_bytes(b"secret\n")
    stack.add_log("outside", path=outside, validate=False)

    async with Client(stack, web, "outside", member) as viewer:
        await viewer.until(lambda: viewer.state == "refused")

    assert viewer.bytes == b""
    assert "started" not in viewer.kinds  # not even looked at: its path says enough


async def test_a_link_that_leads_out_of_the_roots_is_never_read(
    stack: Stack, web: Web, member: str, tmp_path: Path
) -> None:
    (tmp_path / "secret.log").write_bytes(b"secret\n")
    link = stack.logs / "link.log"
    link.symlink_to(tmp_path / "secret.log")
    stack.add_log("link", path=link, validate=False)

    async with Client(stack, web, "link", member) as viewer:
        await viewer.until(lambda: viewer.state == "refused")
    link.unlink()

    assert viewer.bytes == b""


def make_directory(path: Path) -> None:
    path.mkdir()


def make_socket(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(path))


def make_device(path: Path) -> None:
    try:
        os.mknod(path, 0o600 | 0o020000, os.makedev(1, 5))  # as /dev/zero
    except PermissionError:
        pytest.skip("only root makes devices")


@pytest.mark.parametrize(
    ("make", "what"),
    [
        (make_directory, "a directory"),
        (os.mkfifo, "a named pipe (FIFO)"),
        (make_socket, "a socket"),
        (make_device, "a device"),
    ],
)
async def test_what_is_no_file_is_named_and_never_opened(
    stack: Stack, web: Web, member: str, make: object, what: str
) -> None:
    path = stack.logs / "thing"
    make(path)
    stack.add_log("thing", path=path, validate=False)

    try:
        async with Client(stack, web, "thing", member) as viewer:
            await viewer.until(lambda: viewer.state == "not-a-file")
    finally:
        path.rmdir() if path.is_dir() else path.unlink()

    told = next(event for event in viewer.events if event["kind"] == "not-a-file")
    assert what.lower() in told["what"].lower()
    assert viewer.bytes == b""


async def test_a_missing_file_is_waited_for(stack: Stack, web: Web, member: str) -> None:
    path = stack.logs / "later.log"
    stack.add_log("later", path=path)

    async with Client(stack, web, "later", member) as viewer:
        await viewer.until(lambda: viewer.state == "missing")
        path.write_bytes(b"here\n")
        await viewer.until(lambda: viewer.bytes == b"here\n")


@pytest.fixture
def own(tmp_path: Path) -> Iterator[Stack]:
    """An installation of which nothing runs yet."""
    if not has_redis():
        absent("a redis-server")
    with Stack(tmp_path / "stack") as stack:
        yield stack


async def test_a_file_that_the_reader_may_not_read_is_named_with_the_reason(own: Stack) -> None:
    own.start_redis()
    # Root reads everything, so the worker's root gives that power up.
    limits = ["setpriv", "--bounding-set=-dac_override,-dac_read_search"] if os.geteuid() == 0 else []
    if limits and not shutil.which("setpriv"):
        absent("setpriv")
    own.start_worker(before=limits)
    web, session = own.start_web(), own.make_user("bo", staff=True)
    path = own.add_log("locked", b"locked\n")
    path.chmod(0)

    async with Client(own, web, "locked", session) as viewer:
        await viewer.until(lambda: viewer.state == "unreadable")
        told = next(event for event in viewer.events if event["kind"] == "unreadable")
        path.chmod(0o644)
        await viewer.until(lambda: viewer.bytes == b"locked\n")

    assert "0000" in told["reason"]


# --- what a client sends ---


@pytest.mark.parametrize(
    "message",
    ["nonsense", "[]", '{"type":"dance"}', '{"type":"ack","file":"x","offset":-1}', "x" * 9000, b"\x00\x01"],
    ids=["no JSON", "no object", "unknown type", "negative offset", "over 8 KiB", "binary"],
)
async def test_a_malformed_message_closes_with_4400(
    stack: Stack, web: Web, member: str, message: str | bytes
) -> None:
    stack.add_log("django")

    async with Client(stack, web, "django", member) as viewer:
        await viewer.until_live()
        await viewer.socket.send(message)
        code = await viewer.until_closed()

    assert code == 4400
    assert viewer.ended is not None
    assert viewer.ended["text"]


async def test_another_protocol_version_closes_with_4426(stack: Stack, web: Web, member: str) -> None:
    stack.add_log("django")

    assert await closed_with(Client(stack, web, "django", member, protocol=99)) == 4426


async def test_a_flood_of_messages_closes_with_4408(stack: Stack, web: Web, member: str) -> None:
    stack.add_log("django")

    async with Client(stack, web, "django", member) as viewer:
        await viewer.until_live()
        for _ in range(200):
            if viewer.close_code is None:
                await viewer.socket.send('{"type":"hold"}')
        code = await viewer.until_closed()

    assert code == 4408


# --- what is not running ---


async def test_without_a_worker_the_viewer_is_told_and_lives_when_one_comes(own: Stack) -> None:
    own.start_redis()
    web, session = own.start_web(), own.make_user("bo")
    own.add_log("django", b"x\n")

    async with Client(own, web, "django", session) as viewer:
        await viewer.until(lambda: viewer.state == "no-reader")
        own.start_worker()
        await viewer.until_live(60)
        await viewer.until(lambda: viewer.bytes == b"x\n")


async def test_a_queue_without_a_worker_is_told_to_its_viewers_only(
    stack: Stack, web: Web, member: str
) -> None:
    stack.add_log("here", b"x\n")
    stack.add_log("elsewhere", b"y\n", queue="elsewhere")

    async with Client(stack, web, "here", member) as here, Client(stack, web, "elsewhere", member) as there:
        await here.until_live()
        await there.until(lambda: there.state == "no-reader")
        states = [status["state"] for status in here.statuses]

    assert "no-reader" not in states
    assert there.bytes == b""


async def test_without_redis_the_page_is_served_and_the_viewer_lives_when_it_comes(own: Stack) -> None:
    web, session = own.start_web(), own.make_user("bo")
    own.add_log("django", b"x\n")

    status, _ = status_of(web.url + own.reverse("logtail:log", "django"), session)
    async with Client(own, web, "django", session) as viewer:
        await viewer.until(lambda: viewer.state == "no-redis")
        own.start_redis()
        own.start_worker()
        await viewer.until_live(60)
        await viewer.until(lambda: viewer.bytes == b"x\n")

    assert status == 200
