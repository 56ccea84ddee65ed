"""One signed-in user's attacks on a server: a separate process that runs until its parent ends it.

`python -m benchmarks.fairness.attacks <kind>` reads from standard input, as JSON, the port and the paths to use and the
session keys to use them with; it prints "under way" once it is.
"""

from __future__ import annotations

import asyncio
import http.client
import json
import os
import random
import sys
import time
from typing import Any

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from tests import plain

#: Letters in the pattern: once too many for RE2, but not for us.
LETTERS = 753
SEARCH_SOCKETS, SEARCHES = 4, 2
RANGE_SOCKETS, RANGES_A_SECOND = 15, 18
DOWNLOADS = 16
VIEWERS_A_SESSION = 15


def letters(count: int) -> str:
    """Different lower-case letters beyond ASCII whose upper-case forms have the same number of bytes."""
    found = (chr(number) for number in range(0x80, 0x20000) if not 0xD800 <= number < 0xE000)
    two = [one for one in found if one != one.upper() and len(one.encode()) == len(one.upper().encode())]
    return "".join(one for one in two if len(one.upper()) == 1)[:count]


class Server:
    """The attacked server, as the attacker knows it."""

    def __init__(self, port: int, sessions: list[str], paths: dict[str, str]) -> None:
        self.port = port
        self.sessions = sessions
        self.paths = paths

    def ticket(self, session: str, name: str = "ticket") -> str:
        token = "t" * 32
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        headers = {"Cookie": f"sessionid={session}; csrftoken={token}", "X-CSRFToken": token}
        connection.request("POST", self.paths[name], b"", headers)
        answer = json.loads(connection.getresponse().read())
        connection.close()
        return str(answer["ticket"])

    async def watch(self, session: str) -> tuple[ClientConnection, str]:
        """An admitted viewer, and the id of the file it watches."""
        socket = await connect(
            f"ws://127.0.0.1:{self.port}{self.paths['socket']}",
            additional_headers={"Cookie": f"sessionid={session}"},
            origin=f"http://127.0.0.1:{self.port}",
            max_size=None,
            open_timeout=60,
            proxy=None,
        )
        ticket = await asyncio.to_thread(self.ticket, session)
        await socket.send(
            json.dumps({"type": "hello", "protocol": 1, "ticket": ticket, "lines": 1, "resume": None})
        )
        while True:
            frame = await socket.recv()
            fields = json.loads(frame if isinstance(frame, str) else frame.partition(b"\n")[0])
            if "file" in fields:
                return socket, fields["file"]
            if fields["type"] == "end":
                raise ConnectionError(fields["text"])


async def drain(socket: ClientConnection, answered: asyncio.Queue[dict[str, Any]] | None = None) -> None:
    async for frame in socket:
        if answered is not None and isinstance(frame, str):
            fields = json.loads(frame)
            if fields["type"] in ("done", "error"):
                answered.put_nowait(fields)


async def search(server: Server, socket: ClientConnection, file: str) -> None:
    """As many searches as a socket may run, each followed by the next."""
    answered: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
    task = asyncio.ensure_future(drain(socket, answered))
    ask = {"type": "search", "file": file, "start": 0, "pattern": letters(LETTERS), "case": False}
    number = 0
    for number in range(SEARCHES):
        await socket.send(json.dumps({**ask, "request": number}))
    while not task.done():
        await answered.get()
        await asyncio.sleep(0.1)
        number += 1
        await socket.send(json.dumps({**ask, "request": number}))


async def ranges(socket: ClientConnection, file: str, size: int) -> None:
    task = asyncio.ensure_future(drain(socket))
    number, began = 0, time.monotonic()
    while not task.done():
        number += 1
        start = number * 65_536 % 30_000_000
        await socket.send(
            json.dumps(
                {"type": "range", "request": number, "file": file, "start": start, "end": start + size}
            )
        )
        await asyncio.sleep(max(0.0, began + number / RANGES_A_SECOND - time.monotonic()))


async def on_sockets(server: Server, kind: str) -> None:
    count = SEARCH_SOCKETS if kind == "search" else RANGE_SOCKETS
    opened = [await server.watch(server.sessions[0]) for _ in range(count)]
    print("under way", flush=True)
    work = {
        "search": lambda socket, file: search(server, socket, file),
        "ranges": lambda socket, file: ranges(socket, file, 1024 * 1024),
        "bytes": lambda socket, file: ranges(socket, file, 1),
    }[kind]

    async def attack(socket: ClientConnection, file: str) -> None:
        while True:
            try:
                await work(socket, file)
            except ConnectionClosed:
                print(f"closed: {socket.close_code} {socket.close_reason}", file=sys.stderr)
            socket, file = await server.watch(server.sessions[0])

    await asyncio.gather(*(attack(socket, file) for socket, file in opened))


async def downloads(server: Server) -> None:
    async def download() -> None:
        while True:
            reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
            writer.write(
                f"GET {server.paths['download']} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n"
                f"Cookie: sessionid={server.sessions[0]}\r\n\r\n".encode()
            )
            size = 0
            while part := await reader.read(1024 * 1024):
                size += len(part)
            writer.close()
            if size < 10_000:  # refused; a browser would not try again
                await asyncio.sleep(1.0)

    tasks = [asyncio.ensure_future(download()) for _ in range(DOWNLOADS)]
    print("under way", flush=True)
    await asyncio.gather(*tasks)


def viewers(server: Server) -> None:
    """Viewers with different sessions and logs, so that no two share a decision."""
    watching = []
    web: Any = type("Web", (), {"port": server.port})
    for session in server.sessions:
        for log in range(VIEWERS_A_SESSION):
            ticket = server.ticket(session, f"ticket-{log}")
            path = server.paths[f"socket-{log}"]
            watching.append(plain.connect(web, path, session, ticket, forgets=True))
            # Pages acknowledge by their own timers, and not all at the same moment.
            watching[-1].acknowledged_at = time.monotonic() - random.uniform(0.0, plain.SILENT_SECONDS)
        plain.serve(watching, lambda: False, 0.05)
    plain.serve(watching, lambda: all(one.state == "live" for one in watching), 60)
    print("under way", flush=True)
    plain.serve(watching, lambda: False, 10**6)


def main() -> None:
    os.nice(10)  # in reality it would be another machine
    kind, told = sys.argv[1], json.loads(sys.stdin.readline())
    server = Server(**told)
    if kind == "viewers":
        viewers(server)
    elif kind == "downloads":
        asyncio.run(downloads(server))
    else:
        asyncio.run(on_sockets(server, kind))


if __name__ == "__main__":
    main()
