"""Open a log without side effects. Ignores its contents.

Opening a FIFO or a device can block, wake a writer or rewind a tape, so the name is first opened for nothing but its
identity; what it is and whether it may be read are decided from that descriptor, never from the name.
"""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

from django_logtail.tailing.events import Kind
from django_logtail.tailing.files.descriptors import process_limit
from django_logtail.tailing.files.system import System, close_quietly
from django_logtail.tailing.reasons import reason, reason_of_errno

#: Called with a descriptor of the opened file: None if it may be read, otherwise one of `reasons`.
Permit: TypeAlias = Callable[[int], "str | None"]


def permit_all(descriptor: int) -> str | None:
    """Every regular file may be read."""
    return None


#: How often to look again for a file that is removed while being opened.
MAX_TRIES = 5


@dataclass(frozen=True, slots=True)
class Opened:
    """A regular file, open for reading; the receiver closes the descriptor."""

    descriptor: int
    stat: os.stat_result


@dataclass(frozen=True, slots=True)
class Trouble:
    """Why a path can't be read: GONE, UNREADABLE, NOT_A_FILE or REFUSED, and one of `reasons`."""

    kind: Kind
    text: str = ""


def open_log(system: System, path: Path, permit: Permit = permit_all) -> Opened | Trouble:
    """The regular file that `path` names now. Never raises `OSError`, and leaks no descriptor.

    If the file is removed in the meantime, that is not a refusal: another file may have the name by now.
    """
    for _ in range(MAX_TRIES):
        found = _open_once(system, path, permit)
        if found is not None:
            return found
    return Trouble(Kind.GONE)


def _open_once(system: System, path: Path, permit: Permit) -> Opened | Trouble | None:
    """None: the file lost its last name during the look."""
    named = None
    try:
        if not hasattr(os, "O_PATH"):  # no descriptor without opening: look first
            what = what_it_is(system.stat(path).st_mode)
            if what is not None:
                return Trouble(Kind.NOT_A_FILE, what)
        named = system.open_path(path)
        found = system.fstat(named)
        what = what_it_is(found.st_mode)
        if what is not None:
            return Trouble(Kind.NOT_A_FILE, what)
        refusal = permit(named)
        if refusal is not None:
            return Trouble(Kind.REFUSED, refusal) if system.fstat(named).st_nlink else None
        return Opened(system.reopen(named), found)
    except OSError as error:
        return trouble_of(error, system, path)
    finally:
        close_quietly(system, named)


def what_it_is(mode: int) -> str | None:
    """What a file is if not a regular one, as one of `reasons`."""
    if stat.S_ISREG(mode):
        return None
    kinds = (
        (stat.S_ISDIR, "directory"),
        (stat.S_ISFIFO, "fifo"),
        (stat.S_ISSOCK, "socket"),
        (stat.S_ISCHR, "device"),
        (stat.S_ISBLK, "device"),
    )
    return reason(next((name for is_kind, name in kinds if is_kind(mode)), "special-file"))


def trouble_of(error: OSError, system: System, path: Path) -> Trouble:
    """An error of opening or reading, as a reason that a person can act on."""
    if error.errno in (errno.ENOENT, errno.ENOTDIR):
        return Trouble(Kind.GONE)
    if error.errno in (errno.EACCES, errno.EPERM):
        return Trouble(Kind.UNREADABLE, _who_may_read(system, path))
    if error.errno == errno.EMFILE:
        return Trouble(Kind.UNREADABLE, reason("process-files", count=process_limit()))
    if error.errno == errno.ENFILE:
        return Trouble(Kind.UNREADABLE, reason("system-files"))
    if error.errno == errno.ELOOP:
        return Trouble(Kind.UNREADABLE, reason("link-loop"))
    return Trouble(Kind.UNREADABLE, reason_of_errno(error.errno))


def _who_may_read(system: System, path: Path) -> str:
    reader = user_name(os.geteuid())
    try:
        found = system.stat(path)
    except OSError:
        return reason("not-searchable", reader=reader)
    mode = f"{stat.S_IMODE(found.st_mode):04o}"
    return reason("not-permitted", owner=user_name(found.st_uid), mode=mode, reader=reader)


def user_name(number: int) -> str:
    """The name of a user of this host, or the number if there is no name."""
    import pwd  # not on every platform

    try:
        return pwd.getpwuid(number).pw_name
    except KeyError:
        return str(number)
