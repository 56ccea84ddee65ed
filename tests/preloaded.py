"""Starts Python processes that have the libraries already: each saves a third of a second of the processor, a
worker three times that.

`start` asks a process that has imported them, and of the package what needs no settings, to fork one that then runs its
module as `python -m` does. Where another copy of the package comes first, or settings that change it, it forgets ours.
That one has an environment, a session and output of its own, and is a child of this process. Whole programs that start
as users start them are those of the how-tos, the demo and the quickstart.
"""

from __future__ import annotations

import ctypes
import gc
import importlib
import json
import os
import runpy
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parent.parent
LIBC = ctypes.CDLL(None)
#: Linux: whether what a child of ours leaves behind becomes our child.
PR_SET_CHILD_SUBREAPER = 36
#: What servers and workers import, as far as it needs no settings.
LIBRARIES = """
    asyncio ssl sqlite3 logging.config urllib.request html.parser email.message
    django.core.management django.core.management.commands.check django.core.management.base django.core.asgi
    django.core.handlers.asgi django.core.checks django.core.validators django.core.mail django.core.serializers
    django.db.models django.db.migrations.executor django.db.backends.sqlite3.base django.db.backends.signals
    django.forms django.forms.models django.http django.shortcuts django.template.loader django.test.signals
    django.template.backends.django django.template.defaulttags django.template.loader_tags django.urls
    django.utils.translation django.views.generic django.views.i18n django.views.decorators.http
    django.contrib.admin.sites django.contrib.admin.utils django.contrib.admin.templatetags.admin_list
    django.contrib.messages.storage.fallback django.contrib.sessions.backends.db django.contrib.staticfiles.handlers
    django.contrib.staticfiles.finders django.contrib.auth.hashers django.contrib.auth.password_validation
    channels.consumer channels.generic.websocket channels.layers channels.routing channels.db channels.security
    channels_redis.core channels_redis.pubsub redis redis.asyncio redis.sentinel msgpack
    dramatiq dramatiq.cli dramatiq.brokers.redis dramatiq.middleware dramatiq.results
    uvicorn.main uvicorn.protocols.http.httptools_impl uvicorn.protocols.websockets.websockets_sansio_impl
    uvicorn.loops.uvloop uvicorn.lifespan.on inotify_simple re2
"""
#: What they import of the package, as far as it needs no settings.
OF_THE_PACKAGE = """
    django_logtail.control.in_redis django_logtail.control.messages django_logtail.control.rights
    django_logtail.formats.context django_logtail.formats.given django_logtail.page.assets django_logtail.protocol
    django_logtail.redaction.given django_logtail.redaction.redactor django_logtail.relay django_logtail.states
    django_logtail.tailing django_logtail.timing
"""
#: Settings that change modules of the package before others import them.
CHANGING = "tests.surroundings.another"
#: What has use of them.
OURS = ("django", "uvicorn", "tests.host.shell")


class Started(subprocess.Popen[bytes]):
    """A child that was not started by `subprocess`, with what `Popen` knows of one that was, but for its pipes."""

    def __init__(self, command: Sequence[str], pid: int) -> None:
        self.args = list(command)
        self.pid = pid
        self.returncode = None
        self.stdin = self.stdout = self.stderr = None
        self._child_created = True
        self._communication_started = False
        self._waitpid_lock = threading.Lock()


def start(
    command: Sequence[str],
    environment: Mapping[str, str],
    folder: Path,
    streams: Sequence[int],
    *,
    is_forked: bool = True,
) -> subprocess.Popen[bytes]:
    """Start a program with these three standard streams, at the head of a session: forked, if it is one of `OURS`.

    Without `is_forked` as `Popen` does: a test of memory would count what its process shares as it comes to use it.
    """
    if not is_forked or not _is_ours(command):
        stdin, stdout, stderr = streams
        return subprocess.Popen(
            command,
            cwd=folder,
            env=environment,
            stdin=stdin,
            stdout=stdout,
            stderr=stderr,
            start_new_session=True,
        )
    with _starting:
        if not _forks:
            _forks.append(_Fork())
        return Started(command, _forks[0].child(command[2:], environment, folder, streams))


def _is_ours(command: Sequence[str]) -> bool:
    return sys.platform == "linux" and list(command[:2]) == [sys.executable, "-m"] and command[2] in OURS


class _Fork:
    """The process that forks others, from the outside."""

    def __init__(self) -> None:
        self._socket, inside = socket.socketpair()
        with inside:
            # Unbuffered, as what it forks shall be; its end is that of the socket.
            self._process = subprocess.Popen(
                [sys.executable, "-u", "-m", "tests.preloaded", str(inside.fileno())],
                cwd=CHECKOUT,
                pass_fds=[inside.fileno()],
                stdin=subprocess.DEVNULL,
                start_new_session=True,
            )
        self._said = self._socket.makefile("r")

    def child(
        self, words: Sequence[str], environment: Mapping[str, str], folder: Path, streams: Sequence[int]
    ) -> int:
        asked = json.dumps([list(words), dict(environment), str(folder)]).encode()
        LIBC.prctl(PR_SET_CHILD_SUBREAPER, 1)
        try:
            socket.send_fds(self._socket, [len(asked).to_bytes(4, "big")], list(streams))
            self._socket.sendall(asked)
            return int(self._said.readline())
        finally:
            LIBC.prctl(PR_SET_CHILD_SUBREAPER, 0)


_starting = threading.Lock()
_forks: list[_Fork] = []


def _preload() -> None:
    for name in [*LIBRARIES.split(), *OF_THE_PACKAGE.split()]:
        try:
            importlib.import_module(name)
        except Exception:  # noqa: BLE001 - not installed, or it needs settings: then each imports it itself
            continue
    _make_bodies()
    # Nothing of this is ever garbage, in whatever process.
    gc.collect()
    gc.freeze()


def _make_bodies() -> None:
    """The scripts and styles as pages get them: each server would join and compress them anew."""
    from django_logtail.page import assets

    made = assets._read(None)  # as with DEBUG off
    for name in [*(f"joined/{entry}" for entry in assets.ENTRIES), *_styles(assets.FOLDER)]:
        made.body(name, "br, gzip")


def _styles(folder: Path) -> list[str]:
    return [path.relative_to(folder).as_posix() for path in folder.rglob("*.css")]


def _forget_the_package() -> None:
    for name in [*sys.modules]:
        if name.partition(".")[0] == "django_logtail":
            del sys.modules[name]


def _serve(asking: socket.socket) -> list[str]:
    """In each process that is forked, the words after `python -m`. Raises `SystemExit` when nobody asks any more."""
    while True:
        size, streams, _, _ = socket.recv_fds(asking, 4, 3)
        if not size:
            raise SystemExit
        asked = asking.recv(int.from_bytes(size, "big"), socket.MSG_WAITALL)
        reading, writing = os.pipe()
        between = os.fork()
        if between == 0:
            if forked := os.fork():
                os.write(writing, b"%d\n" % forked)
                os._exit(0)
            for one in (asking.detach(), reading, writing):
                os.close(one)
            return _become(json.loads(asked), streams)
        # Once the one between has ended, what it has forked is the child of whom we are a child of.
        os.waitpid(between, 0)
        asking.sendall(os.read(reading, 100))
        os.close(reading)
        os.close(writing)
        for stream in streams:
            os.close(stream)


def _become(asked: tuple[list[str], dict[str, str], str], streams: Sequence[int]) -> list[str]:
    words, environment, folder = asked
    os.setsid()
    for number, stream in enumerate(streams):
        os.dup2(stream, number)
        os.close(stream)
    os.environ.clear()
    os.environ.update(environment)
    os.chdir(folder)
    given = environment.get("PYTHONPATH", "").split(os.pathsep)
    if given[0] != str(CHECKOUT) or environment.get("DJANGO_SETTINGS_MODULE") == CHANGING:
        _forget_the_package()
    sys.path[:] = [
        folder,
        *filter(None, given),
        *(path for path in sys.path if path not in ("", str(CHECKOUT))),
    ]
    return words


def _worker_words(words: list[str]) -> list[str]:
    """What `rundramatiq` would run in its place: asked of a process of its own, because it sets Django up for that."""
    reading, writing = os.pipe()
    if child := os.fork():
        os.close(writing)
        with os.fdopen(reading) as said:
            found = said.read()
        os.waitpid(child, 0)
        if not found:
            raise SystemExit(1)
        return list(json.loads(found))

    def tell(_: str, found: list[str]) -> None:
        os.write(writing, json.dumps(found).encode())
        os._exit(0)

    os.execvp = tell
    _run(words)
    raise SystemExit(1)


def _run(words: list[str]) -> None:
    sys.argv = list(words)
    runpy.run_module(words[0], run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    _preload()
    signal.signal(signal.SIGINT, signal.default_int_handler)
    words = _serve(socket.socket(fileno=int(sys.argv[1])))
    if words[:2] == ["django", "rundramatiq"]:
        words = ["dramatiq", *_worker_words(words)[1:]]
    _run(words)
