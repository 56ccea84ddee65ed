"""Finds the ASGI servers running on this host, and the longest message each accepts, by their command lines.

A server keeps a message in memory before an application sees any of it, so its own limit counts. Knows neither Django
nor the settings; looks at `/proc`, and finds nothing if there is none, or in other users' processes.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

_MIB: Final = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Limit:
    """A server's option for the longest message. `option` is "" if it can't be given on the command line."""

    option: str
    default: int


#: As in uvicorn 0.54, daphne 4.2, hypercorn 0.18 and granian 2.8.
LIMITS: Final = {
    "uvicorn": Limit("--ws-max-size", 16 * _MIB),
    "daphne": Limit("--websocket-max-message-size", 1 * _MIB),
    "hypercorn": Limit("", 16 * _MIB),
    "granian": Limit("", 64 * _MIB),
}


@dataclass(frozen=True, slots=True)
class Server:
    """A running server. `most_bytes` is None if its command line doesn't tell."""

    name: str
    pid: int
    most_bytes: int | None


def running(application: str, directories: Collection[Path], proc: Path = Path("/proc")) -> Iterator[Server]:
    """The servers of `application`, a dotted path as in ASGI_APPLICATION, that this user may inspect.

    Other projects may have an application of that name; this project's run in one of `directories`.
    """
    module, _, name = application.rpartition(".")
    for folder in sorted(proc.glob("[0-9]*")):
        try:
            command = (folder / "cmdline").read_text(errors="replace").split("\0")
            works_in = (folder / "cwd").readlink()
        except OSError:
            continue
        is_ours = any(works_in / other in directories for other in ("", *_app_directories(command)))
        if is_ours and f"{module}:{name}" in command and (server := _name_in(command)) is not None:
            yield Server(server, int(folder.name), _most_bytes(server, command))


def _app_directories(command: Sequence[str]) -> Iterator[str]:
    """The directories of the application in a command line, which replace the server's own."""
    for word, following in zip(command, [*command[1:], ""], strict=True):
        option, _, written = word.partition("=")
        if option in ("--app-dir", "--working-dir", "--chdir"):
            yield written or following


def _name_in(command: Sequence[str]) -> str | None:
    """The name in `uvicorn …`, `/path/to/uvicorn …`, `python /path/to/uvicorn …` and `python -m uvicorn …`."""
    for word in command[:4]:
        if (name := Path(word).name) in LIMITS:
            return name
    return None


def _most_bytes(server: str, command: Sequence[str]) -> int | None:
    limit = LIMITS[server]
    if not limit.option:
        return limit.default if server == "granian" else None  # hypercorn's is in a file
    written = ""
    for word, following in zip(command, [*command[1:], ""], strict=True):
        if word == limit.option:
            written = following
        elif word.startswith(f"{limit.option}="):
            written = word.partition("=")[2]
    if not written:
        return limit.default
    return int(written) if written.isascii() and written.isdigit() else None
