"""What a user who may not see the host learns about it from a log that can't be read, or was moved away."""

from __future__ import annotations

import asyncio
import contextlib
import getpass
import http.client
import json
import os
import re
import socket
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.client import Client
from tests.conftest import absent
from tests.stack import Stack, Web, has_redis

pytestmark = [pytest.mark.whole]

OUTSIDE = "it is outside the allowed directories"
# The page carries every reason it can show, to everybody: that says nothing of any log.
WORDS_OF_THE_PAGE = re.compile(r'"texts": \{.*?\}, "plurals": ')


@dataclass
class Host:
    stack: Stack
    web: Web
    sessions: dict[str, str]
    outside: Path

    def get(self, path: str, who: str) -> tuple[int, bytes]:
        connection = http.client.HTTPConnection("127.0.0.1", self.web.port, timeout=60)
        with contextlib.closing(connection):
            connection.request("GET", path, headers={"Cookie": f"sessionid={self.sessions[who]}"})
            answer = connection.getresponse()
            return answer.status, answer.read()

    async def heard(self, slug: str, who: str, state: str) -> str:
        """Everything that a viewer is sent until its status is `state`, as text."""
        async with Client(self.stack, self.web, slug, self.sessions[who]) as client:
            await client.until(lambda: client.state == state, 60)
            return json.dumps([client.hello, client.events, client.statuses])

    def all_said(self, slug: str, who: str, state: str) -> str:
        """The same, and what HTTP answers: the last lines, the download, the list."""
        said = [asyncio.run(self.heard(slug, who, state))]
        for path in (f"/logs/{slug}/lines/", f"/logs/{slug}/download/", "/logs/-/logs/", f"/logs/{slug}/"):
            answer = self.get(path, who)[1].decode("utf-8", "replace").replace("&quot;", '"')
            said.append(WORDS_OF_THE_PAGE.sub('"plurals": ', answer))
        return "\n".join(said)


@pytest.fixture(scope="module", params=["local", "dramatiq"])
def host(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Host]:
    folder = tmp_path_factory.mktemp("paths")
    outside = folder / "outside-the-roots"
    outside.mkdir()
    logtail = {"READER": request.param, "QUEUE": "name-of-a-host"}
    with Stack(folder / "stack", logtail=logtail) as stack:
        if request.param == "dramatiq":
            if not has_redis():
                absent("a redis-server")
            stack.start_redis()
            stack.start_worker("name-of-a-host")
        sessions = {"member": stack.make_user("member"), "staff": stack.make_user("staff", staff=True)}
        web = stack.start_web()
        yield Host(stack, web, sessions, outside)


def hidden(host: Host) -> list[str]:
    """Details of the host that must never be sent to users who aren't staff."""
    return [
        str(host.outside),
        str(host.stack.folder),
        f'"{socket.gethostname()}"',  # a short one may stand in an id by chance
        "name-of-a-host",
        "/proc",
        "ROOTS",
    ]


def link_outside(host: Host, slug: str) -> None:
    """A row that was valid when created, and whose path has since been made to lead elsewhere."""
    target = host.outside / "secret.txt"
    target.write_text("secret\n")
    link = host.stack.logs / f"{slug}.log"
    host.stack.add_log(slug, b"")
    link.unlink()
    link.symlink_to(target)


@pytest.mark.parametrize("route", ["symbolic link", "environment"])
def test_where_a_link_leads_is_said_to_staff_alone(host: Host, route: str) -> None:
    slug = route.replace(" ", "-")
    if route == "environment":
        host.stack.add_log(slug, path=Path("/proc/self/environ"), validate=False)
    else:
        link_outside(host, slug)

    member, staff = (host.all_said(slug, who, "refused") for who in ("member", "staff"))

    assert [word for word in hidden(host) if word in member] == []
    # Event and status twice each, and the download's error; of a row whose path says so by itself no file is looked at.
    times, place = (
        (3, "/proc/self/environ") if route == "environment" else (5, str(host.outside / "secret.txt"))
    )
    assert member.count(OUTSIDE) == times, member
    assert staff.count(f"path '{place}' is outside LOGTAIL[\\\"ROOTS\\\"]") == times, staff


def test_a_directory_is_called_one_to_everybody(host: Host) -> None:
    (host.stack.logs / "folder.log").mkdir()
    host.stack.add_log("folder", path=host.stack.logs / "folder.log", validate=False)

    member = host.all_said("folder", "member", "not-a-file")

    assert [word for word in hidden(host) if word in member] == []
    assert "directory" in member


def test_a_file_that_moved_to_another_directory_is_not_placed_there(host: Host) -> None:
    async def watched(who: str, slug: str) -> str:
        path = host.stack.add_log(slug, b"one\n")
        async with Client(host.stack, host.web, slug, host.sessions[who]) as client:
            await client.until_live(60)
            path.rename(host.outside / f"{slug}.old")
            await client.until(lambda: client.state == "missing", 60)
            return json.dumps([client.events, client.statuses])

    said = asyncio.run(watched("member", "moved-1"))

    assert [word for word in hidden(host) if word in said] == []
    assert "gone" in asyncio.run(watched("staff", "moved-2"))


def test_the_queue_and_the_host_are_named_to_staff(host: Host) -> None:
    host.stack.add_log("plain", b"one\n")

    member, staff = (host.all_said("plain", who, "live") for who in ("member", "staff"))

    assert [word for word in hidden(host) if word in member] == []
    assert f'"host": "{socket.gethostname()}"' in staff
    assert '"queue": "name-of-a-host"' in staff
    assert str(host.stack.logs) in staff  # the folder, in the list


def test_who_may_read_a_file_is_said_to_staff(host: Host) -> None:
    """Told by a reader that is not root: who runs the tests may be, and root may open everything."""
    if os.geteuid() != 0:
        path = host.stack.add_log("private", b"secret\n")
        path.chmod(0)
        member, staff = (host.all_said("private", who, "unreadable") for who in ("member", "staff"))
        assert "the reader has no permission to open it" in member
        assert getpass.getuser() not in member
        assert f"owned by {getpass.getuser()}, mode 0000" in staff
        return
    program = (
        "import os, pwd, sys\n"
        "from pathlib import Path\n"
        "from django_logtail.tailing.files.opening import open_log\n"
        "from django_logtail.tailing.files.system import System\n"
        "from django_logtail.tailing.reasons import in_full, in_short\n"
        "os.setuid(65534)\n"
        "text = open_log(System(), Path(sys.argv[1])).text\n"
        "print(in_short(text)); print(in_full(text))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, "/etc/shadow"], capture_output=True, text=True, check=False
    )
    assert done.stdout.splitlines()[0] == "the reader has no permission to open it", done.stderr
    assert done.stdout.splitlines()[1].startswith("owned by root, mode 0")
    assert done.stdout.splitlines()[1].endswith("reader runs as nobody")
