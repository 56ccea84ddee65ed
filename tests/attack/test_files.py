"""A user who may watch one log tries to read another log's file: by ids, older files, and rotations."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import hashlib
import http.client
import itertools
import json
import os
import shutil
import time
import urllib.parse
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.client import Client
from tests.conftest import absent
from tests.length import at_length
from tests.stack import Stack, Web, has_redis

pytestmark = [pytest.mark.whole]

SECRET = b"secret "
LINES = b"".join(b"line %d of the log that everybody may see\n" % number for number in range(100))


def secrets(slug: str) -> bytes:
    return b"".join(
        b"secret %d of %s, and of nobody else\n" % (number, slug.encode()) for number in range(100)
    )


@dataclass
class House:
    """One installation. `member` may watch logs for everyone signed in, `other` also those for staff."""

    stack: Stack
    web: Web
    member: str
    other: str

    def add(self, name: str, content: bytes = LINES, *, secret: bool = False) -> Path:
        """A log in a file of this name; its slug is the name without what slugs can't have."""
        path = self.stack.logs / name
        path.write_bytes(content)
        access = "staff" if secret else "signed-in"
        self.stack.add_log(slug_of(name), path=path, access=access)
        return path

    def client(self, name: str, **more: Any) -> Client:
        return Client(self.stack, self.web, slug_of(name), more.pop("session", self.member), **more)

    def lines(self, name: str, file: str, offset: int) -> bytes:
        """What the address of the last lines answers about a place."""
        query = urllib.parse.urlencode({"file": file, "offset": offset})
        connection = http.client.HTTPConnection("127.0.0.1", self.web.port, timeout=60)
        with contextlib.closing(connection):
            headers = {"Cookie": f"sessionid={self.member}"}
            connection.request("GET", f"/logs/{slug_of(name)}/lines/?{query}", headers=headers)
            return connection.getresponse().read()


def slug_of(name: str) -> str:
    return "".join(letter if letter.isalnum() else "-" for letter in name)


#: Logs that one person watches at once.
AT_ONCE = 12
HOUSES = ["local-uvicorn", "dramatiq-uvicorn"]


@pytest.fixture(scope="module", params=at_length([*HOUSES, "local-daphne"], short=HOUSES))
def house(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    home, server = request.param.split("-")
    if home == "dramatiq" and not has_redis():
        absent("a redis-server")
    with Stack(tmp_path_factory.mktemp("house") / "stack", logtail={"READER": home}) as stack:
        if home == "dramatiq":
            stack.start_redis()
            stack.start_worker()
        sessions = stack.make_user("member"), stack.make_user("other", staff=True)
        yield House(stack, stack.start_web(server), *sessions)


async def answered(client: Client, request: int, **message: Any) -> list[dict[str, Any]]:
    """All messages that answer a request."""
    await client.send({"request": request, **message})

    def mine() -> list[dict[str, Any]]:
        return [each for each in client.answers if each.get("request") == request]

    def is_over() -> bool:
        return any(each.get("type") in ("done", "error") or each.get("done") for each in mine())

    await client.until(is_over, 60)
    return mine()


def guesses(path: Path) -> list[str]:
    """Ids that a client could make from the output of `ls -i`, in the reader's internal form and in earlier ones."""
    found = path.stat()
    nothing = hashlib.blake2b(b"", digest_size=8).hexdigest()
    head = path.read_bytes()[:256]
    whole = hashlib.blake2b(head, digest_size=8).hexdigest()
    inner = [
        f"{found.st_dev:x}-{found.st_ino:x}-0-{nothing}",
        f"{found.st_dev:x}-{found.st_ino:x}-0-0-{nothing}",
        f"{found.st_dev:x}-{found.st_ino:x}-{len(head):x}-{whole}",
        f"{found.st_dev:x}-{found.st_ino:x}-0-{len(head):x}-{whole}",
    ]
    packed = [base64.urlsafe_b64encode(bytes(16) + text.encode()).decode().rstrip("=") for text in inner]
    return [*inner, *("?" + text for text in inner), *packed]


async def tried(house: House, name: str, file: str) -> list[str]:
    """What a member gets with this file id in every possible way, without refusals."""
    got = []
    async with house.client(name) as client:
        await client.until_live()
        told = [
            *await answered(client, 1, type="range", file=file, start=0, end=1000),
            *await answered(client, 2, type="range", file=file, before=1000, lines=50),
            *await answered(client, 3, type="range", file=file, before=0, lines=50),
            *await answered(client, 4, type="search", file=file, pattern="secret"),
        ]
        got += [repr(each) for each in told if "secret " in repr(each)]
    async with house.client(name, resume=(file, 0)) as client:
        await client.until(lambda: client.events, 60)
        await client.until_live()
        got += [repr(client.arrived)] if SECRET in client.arrived else []
    body = await asyncio.to_thread(house.lines, name, file, 0)
    return [*got, *([repr(body)] if SECRET in body else [])]


async def test_no_id_that_a_client_can_make_opens_a_file(house: House) -> None:
    house.add("web.log")
    for name in ("web-audit.log", "web_secret.log", "web2.log", "web.log.keys"):
        house.add(name, secrets(name), secret=True)

    files = [
        file
        for number, name in enumerate(("web-audit.log", "web2.log", "web.log.keys"))
        # A third of the guesses for each of the three, so that each is made, or each for each.
        for file in guesses(house.stack.logs / name)[at_length(0, short=number) :: at_length(1, short=3)]
    ]
    assert len(files) == at_length(36, short=12)
    for some in range(0, len(files), AT_ONCE):
        got = await asyncio.gather(*(tried(house, "web.log", file) for file in files[some : some + AT_ONCE]))
        assert [*itertools.chain(*got)] == []


async def test_an_id_of_one_log_opens_nothing_in_another(house: House) -> None:
    house.add("mail.log")
    house.add("mail.1.log", secrets("mail.1.log"), secret=True)
    async with house.client("mail.1.log", session=house.other) as client:
        await client.until(lambda: client.place, 60)
        file = client.place[0]

    assert await tried(house, "mail.log", file) == []


async def test_the_file_before_is_none_that_has_a_row_of_its_own(house: House) -> None:
    house.add("worker.log")
    house.add("worker-2.log", secrets("worker-2.log"), secret=True)
    house.add("worker.log.1", secrets("worker.log.1"), secret=True)

    async with house.client("worker.log") as client:
        await client.until(lambda: client.place, 60)
        (answer,) = await answered(client, 1, type="range", file=client.place[0], before=0, lines=50)

    assert answer["type"] == "error"
    assert answer["id"] == "not-there"


@pytest.mark.parametrize(
    ("log", "beside"),
    [
        ("log", "log2"),
        ("app.log", "app2.log"),
        ("api.log", "api-old.log"),
        ("job1.log", "job10.log"),
        ("db.log", "db.log.2"),
    ],
)
async def test_who_resumes_after_a_rotation_gets_nothing_of_the_log_beside(
    house: House, log: str, beside: str
) -> None:
    path = house.add(log)
    async with house.client(log) as client:
        await client.until(lambda: bytes(client.bytes) == LINES, 60)
        place = client.place
    house.add(beside, secrets(beside), secret=True)
    path.rename(path.with_name(f"{log}.1"))
    path.write_bytes(b"a new file\n")

    async with house.client(log, resume=place) as client:
        await client.until(lambda: client.bytes.endswith(b"a new file\n"), 60)

    assert bytes(client.arrived) == b"a new file\n"
    assert client.kinds == ["started", "rotated"]


async def test_copies_that_people_make_are_not_shown_at_the_next_rotation(house: House) -> None:
    path = house.add("edited.log")
    async with house.client("edited.log") as client:
        await client.until(lambda: bytes(client.bytes) == LINES, 60)
        for copy in ("edited.log~", "edited.log.old", "edited-copy.log"):
            path.with_name(copy).write_bytes(LINES[-3000:])
        path.rename(path.with_name("edited.log.1"))
        path.write_bytes(b"a new file\n")
        await client.until(lambda: client.bytes.endswith(b"a new file\n"), 60)

    assert bytes(client.arrived) == LINES + b"a new file\n"


async def test_a_link_that_moves_over_numbered_files_doubles_nothing(house: House) -> None:
    link = house.add("moving.log", b"")
    texts = [b"line of %d\n" % number * 20 for number in range(1, 31)]
    for number, text in enumerate(texts, 1):
        link.with_name(f"{number}.log").write_bytes(text)
    link.unlink()
    link.symlink_to("1.log")

    async with house.client("moving.log") as client:
        for number in range(1, 31):
            if number > 1:
                link.with_name("spare").symlink_to(f"{number}.log")
                link.with_name("spare").rename(link)
            await shown(client, sum(map(len, texts[:number])))

    assert bytes(client.arrived) == b"".join(texts)


async def shown(client: Client, size: int) -> None:
    await client.until(lambda: len(client.bytes) >= size, 60)


async def test_a_link_to_the_file_of_another_row_is_refused_without_its_path(house: House) -> None:
    secret = house.add("payments.log", secrets("payments.log"), secret=True)
    link = house.add("public.log")
    link.unlink()
    link.symlink_to(secret)

    async with house.client("public.log") as client:
        await client.until(lambda: client.state == "refused", 60)
        said = json.dumps([client.statuses, client.events])

    assert "the path leads to the file of another log" in said
    assert "payments" not in said
    assert SECRET not in client.arrived


async def test_copies_of_cron_before_a_cut_lose_no_line(house: House) -> None:
    path = house.add("cron.log", b"")
    written: list[bytes] = []

    def write_and_cut() -> None:
        with path.open("ab", buffering=0) as file:
            for number in range(800):
                written.append(b"line %d of a hundred in a second\n" % number)
                file.write(written[-1])
                if number % 130 == 129:
                    shutil.copyfile(path, path.with_name("cron.log.1"))  # the copy keeps its inode
                    os.truncate(path, 0)
                time.sleep(0.01)

    async with house.client("cron.log") as client:
        await client.until_live()
        await asyncio.to_thread(write_and_cut)
        await client.until(lambda: client.bytes.endswith(written[-1]), 60)

    assert bytes(client.arrived) == b"".join(written)
    assert client.kinds.count("truncated") == 6


async def test_a_file_that_is_moved_out_of_the_roots_is_refused_from_then_on(house: House) -> None:
    path = house.add("leaving.log")
    outside = house.stack.folder / "outside.log"
    async with house.client("leaving.log") as client:
        await client.until(lambda: bytes(client.bytes) == LINES, 60)
        path.rename(outside)
        await client.until(lambda: client.state in ("refused", "missing"), 60)
        with outside.open("ab") as file:
            file.write(SECRET + b"\n")
        path.write_bytes(b"a new file\n")
        await client.until(lambda: client.bytes.endswith(b"a new file\n"), 60)

    assert SECRET not in client.arrived


async def test_an_older_row_is_laid_over_no_newer_one_by_a_directory_that_becomes_a_link(
    house: House,
) -> None:
    (wide := house.stack.logs / "wide").mkdir()
    (house.stack.logs / "narrow").mkdir()
    house.add("wide/app.log")
    secret = house.add("narrow/app.log", secrets("narrow/app.log"), secret=True)

    async with house.client("wide/app.log") as client:
        await client.until_live(60)
        wide.rename(house.stack.logs / "wide-gone")
        wide.symlink_to("narrow")
        await client.until(lambda: client.state == "refused", 60)
        with secret.open("ab") as file:
            file.write(secrets("narrow/app.log"))
        # Past the moment in which what is known of the rows' paths is looked at again.
        await asyncio.sleep(7)
        async with house.client("wide/app.log") as newcomer:
            await newcomer.until(lambda: newcomer.state == "refused", 60)
        async with house.client("narrow/app.log", session=house.other) as owner:
            await owner.until(lambda: SECRET in owner.arrived, 60)

    assert client.state == "refused"
    assert SECRET not in client.arrived
    assert SECRET not in newcomer.arrived


async def test_a_link_to_an_older_file_of_another_row_is_refused(house: House) -> None:
    house.add("orders.log", secrets("orders.log"), secret=True)
    older = house.stack.logs / "orders.log.1"
    older.write_bytes(secrets("orders.log"))
    link = house.add("plain.log")

    async with house.client("plain.log") as client:
        await client.until_live(60)
        (swapped := house.stack.logs / "plain.tmp").symlink_to(older)
        swapped.rename(link)
        await client.until(lambda: client.state == "refused", 60)
        async with house.client("plain.log") as newcomer:
            await newcomer.until(lambda: newcomer.state == "refused", 60)

    assert SECRET not in client.arrived
    assert SECRET not in newcomer.arrived
