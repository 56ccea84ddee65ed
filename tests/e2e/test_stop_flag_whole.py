"""The stop flag with real processes: set in the admin, obeyed by the worker's reader, shown to viewers, and cleared
again.
"""

from __future__ import annotations

import asyncio
import http.client
import urllib.parse
from pathlib import Path

import pytest

from tests.client import Client
from tests.length import at_length
from tests.stack import Running, Stack, Web, wait_until

pytestmark = [pytest.mark.redis, pytest.mark.whole]

#: Seconds within which a reader must have closed a file whose reading was stopped: ten of its ticks, and on a busy
#: machine whenever these come.
CLOSE_SECONDS = at_length(1.0, short=10.0)


@pytest.fixture(scope="module")
def root(installation: Stack) -> str:
    """The session key of somebody who may do everything in the admin."""
    return installation.make_user("root", staff=True, superuser=True)


def append(path: Path, data: bytes) -> None:
    with path.open("ab") as file:
        file.write(data)


async def press(stack: Stack, web: Web, session: str, **fields: str) -> None:
    """Press a button of the admin's status page; the page answers with a way back to itself."""
    token = "t" * 32
    headers = {
        "Cookie": f"sessionid={session}; csrftoken={token}",
        "Content-Type": "application/x-www-form-urlencoded",
    }
    address = stack.reverse("admin:logtail_log_status")
    body = urllib.parse.urlencode({**fields, "csrfmiddlewaretoken": token})
    answer, _ = await asyncio.to_thread(ask, web, "POST", address, body, headers)

    assert (answer.status, answer.getheader("Location")) == (302, address)


def page(stack: Stack, web: Web, session: str) -> str:
    """The status page as it is now."""
    address = stack.reverse("admin:logtail_log_status")
    answer, text = ask(web, "GET", address, None, {"Cookie": f"sessionid={session}"})

    assert answer.status == 200
    return text


def ask(
    web: Web, method: str, address: str, body: str | None, headers: dict[str, str]
) -> tuple[http.client.HTTPResponse, str]:
    connection = http.client.HTTPConnection("127.0.0.1", web.port, timeout=20)
    connection.request(method, address, body, headers)
    answer = connection.getresponse()
    text = answer.read().decode()
    connection.close()
    return answer, text


async def until(is_true, what: str, seconds: float = 20.0) -> None:
    await asyncio.to_thread(wait_until, is_true, seconds, what)


@pytest.mark.parametrize("meanwhile", ["appended", "rotated"])
async def test_a_stop_in_the_admin_closes_the_file_and_continues_without_a_loss(
    stack: Stack, web: Web, worker: Running, member: str, root: str, meanwhile: str
) -> None:
    stopped, other = stack.add_log("stopped", b"one\n"), stack.add_log("other", b"x\n")

    async with Client(stack, web, "stopped", member) as viewer, Client(stack, web, "other", member) as stays:
        await viewer.until_live()
        await stays.until_live()
        await until(lambda: {stopped, other} <= worker.open_paths(), "opening of both files")

        await press(stack, web, root, act="stop", log="stopped", reason="too loud")
        try:
            await until(lambda: stopped not in worker.open_paths(), "closing of the file", CLOSE_SECONDS)
            await viewer.until(lambda: viewer.state == "stopped")
            told = viewer.statuses[-1]["reason"]
            append(stopped, b"two\n")
            if meanwhile == "rotated":
                stopped.rename(stopped.with_name("stopped.log.1"))
                stopped.write_bytes(b"three\n")
            append(other, b"y\n")
            await stays.until(lambda: stays.bytes == b"x\ny\n")
            taken_while_stopped = bytes(viewer.bytes)
        finally:
            await press(stack, web, root, act="continue", log="stopped")

        append(stopped, b"four\n")
        await viewer.until(lambda: viewer.bytes.endswith(b"four\n"))
        await viewer.until_live()

    assert told == "stopped by root: too loud"
    assert taken_while_stopped == b"one\n"
    assert (
        bytes(viewer.bytes)
        == {
            "appended": b"one\ntwo\nfour\n",
            "rotated": b"one\ntwo\nthree\nfour\n",
        }[meanwhile]
    )
    assert viewer.gaps == []
    assert (viewer.ended, stays.state, worker.is_running) == (None, "live", True)


async def test_earlier_lines_are_not_read_while_a_log_is_stopped(
    stack: Stack, web: Web, member: str, root: str
) -> None:
    stack.add_log("stopped", b"".join(b"line %d\n" % number for number in range(100)))

    async with Client(stack, web, "stopped", member, lines=5) as viewer:
        await viewer.until_live()
        await press(stack, web, root, act="stop", log="stopped", reason="shows too much")
        try:
            await viewer.until(lambda: viewer.state == "stopped")
            file, start = viewer.items[0][1] if viewer.items[0][0] == "bytes" else viewer.items[1][1]
            await viewer.send({"type": "range", "request": 1, "file": file, "before": start, "lines": 5})
            await viewer.until(lambda: viewer.answers)
        finally:
            await press(stack, web, root, act="continue", log="stopped")

    (answer,) = viewer.answers
    assert (answer["type"], answer["text"]) == (
        "error",
        "stopped by root: shows too much",
    )


async def test_who_comes_while_a_log_is_stopped_is_told_and_gets_its_lines_later(
    stack: Stack, web: Web, worker: Running, member: str, root: str
) -> None:
    path = stack.add_log("stopped", b"one\n")
    await press(stack, web, root, act="stop", log="*")
    try:
        async with Client(stack, web, "stopped", member) as viewer:
            await viewer.until(lambda: viewer.state == "stopped")
            told, taken = viewer.statuses[-1]["reason"], bytes(viewer.bytes)
            assert path not in worker.open_paths()

            await press(stack, web, root, act="continue", log="*")
            await viewer.until(lambda: viewer.bytes == b"one\n")
            await viewer.until_live()
    finally:
        await press(stack, web, root, act="continue", log="*")

    assert (told, taken) == ("stopped by root", b"")


async def until_shown(stack: Stack, web: Web, root: str, *texts: str) -> str:
    """The status page as soon as it has all of `texts`; web processes report each ten seconds."""
    shown = ""

    def has_all() -> bool:
        nonlocal shown
        shown = page(stack, web, root)
        return all(text in shown for text in texts)

    await asyncio.to_thread(wait_until, has_all, 20.0, f"{texts} in the admin")
    return shown


async def test_the_admin_shows_the_real_reader_and_the_viewer(
    stack: Stack, web: Web, worker: Running, member: str, root: str
) -> None:
    stack.add_log("shown", b"one\n")

    async with Client(stack, web, "shown", member) as viewer:
        await viewer.until_live()
        viewer_row = '<th scope="row">shown</th><td>member</td>'
        shown = await until_shown(stack, web, root, viewer_row, "<td>Live</td>")

    assert any(f"<td>{pid}</td>" in shown for pid in worker.pids)


async def test_the_admin_shows_the_reader_inside_the_web_process_that_answers(tmp_path: Path) -> None:
    with Stack(tmp_path / "stack", logtail={"READER": "local"}) as stack:
        web = stack.start_web()
        root = stack.make_user("root", staff=True, superuser=True)
        stack.add_log("shown", b"one\n")

        async with Client(stack, web, "shown", root) as viewer:
            await viewer.until_live()
            viewer_row = '<th scope="row">shown</th><td>root</td>'
            shown = await until_shown(stack, web, root, viewer_row, "<td>Live</td>")

    assert f"<td>{web.pid}</td>" in shown
    assert f"This page shows process {web.pid}, which served your request" in shown
