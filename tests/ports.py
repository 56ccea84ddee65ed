"""Ports for servers that tests start: each is handed out once, also when several test processes run side by side."""

import fcntl
import itertools
import os
import random
import socket
import tempfile
from pathlib import Path
from typing import IO

#: Below what Linux takes for outgoing connections, which would race with a server that starts a moment later.
FIRST_PORT, LAST_PORT = 15_000, 32_000

_places = itertools.cycle(
    random.Random(os.getpid()).sample(range(FIRST_PORT, LAST_PORT), LAST_PORT - FIRST_PORT)
)
#: Locked as long as this process lives.
_held: list[IO[str]] = []


def free_port() -> int:
    """A port of 127.0.0.1 that nothing listens on, and that no other test process is given."""
    folder = Path(tempfile.gettempdir()) / f"logtail-test-ports-{os.getuid()}"
    folder.mkdir(exist_ok=True)
    for port in _places:
        claim = (folder / str(port)).open("w")
        try:
            fcntl.flock(claim, fcntl.LOCK_EX | fcntl.LOCK_NB)
            with socket.socket() as probe:
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                probe.bind(("127.0.0.1", port))
        except OSError:
            claim.close()
            continue
        _held.append(claim)
        return port
    raise AssertionError("unreachable: the ports are gone through again and again")
