"""All files of a log as one list, oldest first: what was rotated and is still there, and the current file.

Stateless, and blocks like any file access: run it in a thread of its own if the disk may be slow.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from django_logtail.tailing.archives import Unsupported, head_of, key_of, known
from django_logtail.tailing.belonging import Belonging
from django_logtail.tailing.files.generation import Changed
from django_logtail.tailing.files.opening import Opened, Permit, Trouble, open_log
from django_logtail.tailing.files.system import System, close_quietly
from django_logtail.tailing.history import COPY_BYTES, ends_in, id_of, is_copy, older_of
from django_logtail.tailing.newest import resolved
from django_logtail.tailing.reasons import reason_of
from django_logtail.tailing.siblings import Sibling, printable
from django_logtail.tailing.texts import PlainText, Text


@dataclass(frozen=True, slots=True)
class Listed:
    """One file. `id`: "" if it can't be read, for `reason`. `size`: bytes of text; None while unknown."""

    id: str
    name: str
    size: int | None
    stored: int
    kind: str = ""
    reason: str = ""
    inode: tuple[int, int] = (0, 0)
    #: Where it was seen; None for the current file.
    sibling: Sibling | None = None


def newest_first(
    belonging: Belonging, *, permit: Permit, system: System | None = None
) -> Iterator[Listed | None]:
    """The current file and those before it, without empty ones; None after each look, to pause at."""
    system = system or System()
    belonging = resolved(system, belonging)
    opened = open_log(system, belonging.path, permit)
    current, head = None, b""
    if isinstance(opened, Opened):
        current = opened.stat.st_dev, opened.stat.st_ino
        try:
            text = PlainText(system, opened.descriptor)
            head = text.read(0, COPY_BYTES)
            yield _listed(system, text, head, printable(belonging.path), text.size)
        except (OSError, Changed):
            pass
        finally:
            close_quietly(system, opened.descriptor)
    yield None
    for sibling in reversed(older_of(system, belonging)):
        if sibling.inode == current or not sibling.stat.st_size:
            continue
        found = _sibling(system, sibling, permit, _Current(belonging, permit, current, head))
        if found is not None:
            yield found
        yield None


@dataclass(frozen=True, slots=True)
class _Current:
    """The current file, which other files may be copies of. `head`: its first bytes."""

    belonging: Belonging
    permit: Permit
    inode: tuple[int, int] | None
    head: bytes

    def has(self, system: System, text: PlainText, first: bytes) -> bool:
        """Whether a text, which begins with `first`, is a copy of its beginning: all of its lines are here, too."""
        if not is_copy(first, self.head):
            return False
        opened = open_log(system, self.belonging.path, self.permit)
        if isinstance(opened, Trouble):
            return False
        try:
            is_same = (opened.stat.st_dev, opened.stat.st_ino) == self.inode
            return is_same and ends_in(text, PlainText(system, opened.descriptor))
        except Changed:
            return False  # emptied just now: the copy has the only lines
        finally:
            close_quietly(system, opened.descriptor)


def _sibling(system: System, sibling: Sibling, permit: Permit, current: _Current) -> Listed | None:
    """None: it was renamed or removed, has no text, or is a copy of the current file."""
    stored, kind = sibling.stat.st_size, sibling.kind
    opened = open_log(system, sibling.path, permit)
    if isinstance(opened, Trouble):
        if not opened.text:
            return None
        return Listed("", sibling.name, None, stored, kind, opened.text, sibling.inode)
    try:
        if (opened.stat.st_dev, opened.stat.st_ino) != sibling.inode:
            return None
        if not kind:
            text = PlainText(system, opened.descriptor)
            first = text.read(0, COPY_BYTES)
            if current.has(system, text, first):
                return None
            return _listed(system, text, first, sibling.name, stored, sibling)
        first = head_of(system, opened.descriptor, kind)
        facts = known.facts(key_of(opened.stat))
        if not first and not facts.trouble:
            return None
        file = id_of(system, sibling.inode, opened.descriptor, first) if first else ""
        return Listed(file, sibling.name, facts.size, stored, kind, facts.trouble, sibling.inode, sibling)
    except (OSError, Unsupported) as error:  # left out, its lines would be missed in silence
        return Listed("", sibling.name, None, stored, kind, reason_of(error), sibling.inode)
    except Changed:
        return None
    finally:
        close_quietly(system, opened.descriptor)


def _listed(
    system: System, text: Text, head: bytes, name: str, stored: int, sibling: Sibling | None = None
) -> Listed:
    file = id_of(system, text.inode, text.descriptor, head)
    return Listed(file, name, text.size, stored, inode=text.inode, sibling=sibling)
