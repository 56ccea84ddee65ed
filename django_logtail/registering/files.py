"""Files of this host as whoever registers them should see them: size, last line, last lines, and names to complete.

Each file is judged by its open descriptor, like a log that is read; a FIFO or device is never opened, and a file system
that does not respond costs half a second.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from itertools import chain, islice, repeat
from pathlib import Path
from typing import Any, Final, TypeVar

from django_logtail.conf import conf
from django_logtail.formats.escapes import plain
from django_logtail.redaction_rules import by_all_rules
from django_logtail.registering.encodings import NOTHING, Detected, decoding, detected
from django_logtail.registering.matches import matches_of
from django_logtail.tailing.files.looks import Looks, NoAnswer
from django_logtail.tailing.files.opening import Trouble, open_log
from django_logtail.tailing.files.roots import Roots, mistake_in
from django_logtail.tailing.files.system import System, close_quietly
from django_logtail.tailing.reasons import reason, reason_of_errno
from django_logtail.tailing.rotated_names import COMPRESSED
from django_logtail.tailing.text.encodings import UnknownEncoding, browser_label, shown_as

T = TypeVar("T")

#: Seconds for one look, and for all of a question.
ONE_SECONDS: Final = 0.5
ALL_SECONDS: Final = 1.5
#: Files of one look.
MOST_PATHS: Final = 100
#: Characters of a path, as the registry has them.
MOST_PATH_CHARACTERS: Final = 1024
#: Bytes at the end of a file that contain its last line, and its last lines.
LAST_LINE_BYTES: Final = 8 * 1024
PREVIEW_BYTES: Final = 32 * 1024
#: Characters of a last line, and of each line of a preview.
LAST_LINE_CHARACTERS: Final = 300
LINE_CHARACTERS: Final = 2_000
#: Lines of a preview. A page shows the last 20, and detects the format by all.
MOST_LINES: Final = 200
#: Entries of a directory that are looked at, and of them suggested.
MOST_ENTRIES: Final = 2_000
MOST_SUGGESTED: Final = 50

_looks = Looks(ONE_SECONDS)


@dataclass(frozen=True, slots=True)
class Seen:
    """A file. `reason`: why it can't be read, as one of `reasons`; "": it can. `size` in bytes, `written` in seconds
    since 1970; both None if unknown. Of a pattern, it is the newest match: `name` is its name, and `count` is how many
    files match.
    """

    size: int | None = None
    written: float | None = None
    line: str = ""
    reason: str = ""
    name: str = ""
    count: int | None = None


@dataclass(frozen=True, slots=True)
class Preview:
    """The last lines of a file, as they would be read in `encoding`, which was asked for or detected."""

    seen: Seen
    lines: tuple[str, ...] = ()
    encoding: str = ""
    detected: Detected = NOTHING
    #: How many lines decode in `encoding`.
    decoding: Detected = NOTHING
    #: Whether there are earlier lines.
    is_cut: bool = False


class Patience:
    """The time for one question: looks are taken until it is over."""

    def __init__(self, clock: Callable[[], float] = time.monotonic, looks: Looks = _looks) -> None:
        self._clock, self._looks = clock, looks
        self._end = clock() + ALL_SECONDS

    def take(self, path: Path, look: Callable[[], T]) -> T:
        """Raises `NoAnswer`."""
        if self._clock() >= self._end:
            raise NoAnswer
        return self._looks.take(path, look)


def look(
    files: Sequence[tuple[str, str]], follows: Sequence[str] = (), patience: Patience | None = None
) -> list[Seen]:
    """What is seen of each file, given with its encoding.

    `follows`: for each, what its path names (`models.Follow`); those that are missing name one file.
    """
    patience = patience or Patience()
    named = chain(follows, repeat(""))
    return [_seen(path, encoding, next(named), patience) for path, encoding in files[:MOST_PATHS]]


def _seen(path: str, encoding: str, follow: str, patience: Patience) -> Seen:
    found = _taken(path, LAST_LINE_BYTES, patience, encoding, follow)
    if isinstance(found, Seen):
        return found
    lines = _decoded(found, _codec(encoding) or "utf-8")
    text = next((line for line in reversed(lines) if line.strip()), "")
    return replace(found.seen, line=_harmless(text)[:LAST_LINE_CHARACTERS])


def preview(path: str, encoding: str = "", follow: str = "", patience: Patience | None = None) -> Preview:
    """The last lines. `encoding`: "" for the one that they look like. `follow`: what the path names, of
    `models.Follow`.
    """
    found = _taken(path, PREVIEW_BYTES, patience or Patience(), encoding, follow)
    if isinstance(found, Seen):
        return Preview(found)
    whole = found.sample.partition(b"\n")[2] if found.is_cut else found.sample
    looks_like = detected(found.first, whole or found.sample)
    codec = _codec(encoding) or _codec(looks_like.encoding) or "utf-8"
    lines = _decoded(found, codec)
    return Preview(
        found.seen,
        tuple(line[:LINE_CHARACTERS] for line in lines[-MOST_LINES:]),
        encoding if _codec(encoding) else looks_like.encoding,
        looks_like,
        Detected(codec) if codec.startswith("utf-16") else decoding(whole, codec),
        found.is_cut or len(lines) > MOST_LINES,
    )


def suggest(prefix: str, patience: Patience | None = None) -> list[str]:
    """Directories (with "/" at their end) and files whose paths begin so, in the allowed directories."""
    roots = Roots(conf.ROOTS)
    tops = [f"{root}/" for root in roots.paths if f"{root}/".startswith(prefix) and f"{root}/" != prefix]
    if len(prefix) > MOST_PATH_CHARACTERS or mistake_in(Path(prefix)) is not None:
        return tops[:MOST_SUGGESTED] if prefix in ("", "/") else []
    folder, _, start = prefix.rpartition("/")
    directory = Path(folder or "/")
    try:
        found = (patience or Patience()).take(directory / "log", lambda: _entries(directory, start, roots))
    except (NoAnswer, OSError):
        found = []
    return [*tops, *found][:MOST_SUGGESTED]


def _entries(directory: Path, start: str, roots: Roots) -> list[str]:
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC | os.O_NONBLOCK)
    try:
        if directory not in roots.paths and roots.refusal(descriptor) is not None:
            return []
        with os.scandir(descriptor) as entries:
            names = [
                entry.name + "/" * entry.is_dir()
                for entry in islice(entries, MOST_ENTRIES)
                if _is_offered(entry, start)
            ]
    finally:
        os.close(descriptor)
    return [str(directory / name) + "/" * name.endswith("/") for name in sorted(names)][:MOST_SUGGESTED]


def _is_offered(entry: os.DirEntry[str], start: str) -> bool:
    """Whether it is a directory or may be a log; one whose name is not text could be neither shown nor stored."""
    name = entry.name
    if (
        not name.startswith(start)
        or name.startswith(".")
        or name.endswith(COMPRESSED)
        or not name.isprintable()
    ):
        return False
    try:
        return entry.is_dir() or entry.is_file()
    except OSError:  # a link that leads to itself
        return False


@dataclass(frozen=True, slots=True)
class _Sample:
    seen: Seen
    first: bytes
    sample: bytes
    is_cut: bool
    #: The sample without its secrets.
    shown: bytes


def _taken(path: str, most: int, patience: Patience, encoding: str, follow: str) -> _Sample | Seen:
    """The end of a file, or why it can't be read."""
    if len(path) > MOST_PATH_CHARACTERS or mistake_in(Path(path)) is not None:
        return Seen(reason=reason("outside", path=path[:MOST_PATH_CHARACTERS]))
    try:
        return patience.take(Path(path), lambda: _sample_of(Path(path), most, encoding, follow))
    except NoAnswer:
        return Seen(reason=reason("silent-file-system", seconds=1))
    except OSError as error:
        return Seen(reason=reason_of_errno(error.errno))


def _sample_of(path: Path, most: int, encoding: str, follow: str) -> _Sample | Seen:
    roots = Roots(conf.ROOTS)
    if (refusal := roots.refusal_of_path(path)) is not None:
        return Seen(reason=refusal)
    if not follow:
        return _sample(path, most, encoding, roots)
    matches = matches_of(path, follow, roots)
    if matches.newest is None:
        return Seen(reason=matches.reason, count=None if matches.reason else 0)
    found = _sample(matches.newest, most, encoding, roots)
    seen = found.seen if isinstance(found, _Sample) else found
    seen = replace(seen, name=matches.newest.name, count=matches.count)
    return replace(found, seen=seen) if isinstance(found, _Sample) else seen


def _sample(path: Path, most: int, encoding: str, roots: Roots) -> _Sample | Seen:
    system = System()
    with _opened(system, path, roots) as opened:
        if isinstance(opened, Trouble):
            return Seen(reason=opened.text or reason("gone"))
        size, written = opened.stat.st_size, opened.stat.st_mtime
        start = max(0, size - most) & ~1  # between two characters of UTF-16
        first = system.pread(opened.descriptor, 4, 0)
        sample = system.pread(opened.descriptor, most + 1, start)
        whole = sample.partition(b"\n")[2] if start else sample
        codec = _codec(encoding) or _codec(detected(first, whole or sample).encoding) or "utf-8"

        def read(offset: int, size: int) -> bytes:
            return system.pread(opened.descriptor, size, offset)

        shown = by_all_rules(read, start, len(sample), codec)
    return _Sample(Seen(size, written), first, sample, start > 0, shown)


def tail(path: Path, most: int, patience: Patience) -> tuple[bytes, int, bytes] | Seen:
    """The last bytes of a file as they are, with the offset at which they begin, and its first four; or why it can't
    be read. For what hides secrets before anything leaves this host.
    """
    try:
        return patience.take(path, lambda: _tail(path, most))
    except NoAnswer:
        return Seen(reason=reason("silent-file-system", seconds=1))
    except OSError as error:
        return Seen(reason=reason_of_errno(error.errno))


def _tail(path: Path, most: int) -> tuple[bytes, int, bytes] | Seen:
    system, roots = System(), Roots(conf.ROOTS)
    if (refusal := roots.refusal_of_path(path)) is not None:
        return Seen(reason=refusal)
    with _opened(system, path, roots) as opened:
        if isinstance(opened, Trouble):
            return Seen(reason=opened.text or reason("gone"))
        start = max(0, opened.stat.st_size - most)
        size = opened.stat.st_size - start
        return system.pread(opened.descriptor, size, start), start, system.pread(opened.descriptor, 4, 0)


@contextmanager
def _opened(system: System, path: Path, roots: Roots) -> Iterator[Any]:
    opened = open_log(system, path, roots.refusal)
    try:
        yield opened
    finally:
        if not isinstance(opened, Trouble):
            close_quietly(system, opened.descriptor)


def _codec(encoding: str) -> str:
    """The codec that decodes as browsers do; "" if there is none of this name."""
    try:
        browser_label(encoding)
    except UnknownEncoding:
        return ""
    return shown_as(encoding)


def _decoded(found: _Sample, codec: str) -> list[str]:
    """The lines, without the rest of one that begins before the sample, and without the empty one at the end."""
    text = found.shown.decode(codec, "replace").removeprefix("\ufeff").replace("\r\n", "\n")
    lines = text.split("\n")
    if found.is_cut and len(lines) > 2:
        del lines[0]
    return lines[:-1] if not lines[-1] else lines


def _harmless(line: str) -> str:
    """Without what has an effect where it is shown."""
    return "".join(letter if letter.isprintable() else " " for letter in plain(line)).strip()
