"""Decides whether an open descriptor may be read; nothing else does. Reads no settings; the caller passes the roots.

A name can mean another file from one moment to the next. So names are judged only when a log is registered, to report
early what will not work; opened files are judged by where they are.
"""

from __future__ import annotations

import errno
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from django_logtail.tailing.files.found import files_in
from django_logtail.tailing.files.system import System
from django_logtail.tailing.mistakes import Mistake
from django_logtail.tailing.reasons import reason

#: Files named instead of a path that is refused.
MOST_MEANT: Final = 5


class Roots:
    """The directories whose files may be read. Without roots, nothing may be read."""

    def __init__(self, paths: Iterable[Path], *, system: System | None = None) -> None:
        self.paths = tuple(paths)
        self._system = system or System()

    def refusal(self, descriptor: int) -> str | None:
        """Why the open file may not be read, as one of `reasons`; None: it may.

        The kernel reports where the file is, so symbolic links, renames and `..` on the way can't deceive.
        """
        try:
            where = self._system.name_of(descriptor)
        except OSError as error:
            return reason("no-location", error=errno.errorcode.get(error.errno or 0, "?"))
        if where is None:
            return "the file was removed while it was being opened"
        if self._holds(where):
            return None
        return reason("outside", path=str(where))

    def refusal_of_path(self, path: Path) -> str | None:
        """Why no file at this path, as written, may be read, as one of `reasons`; None: it depends on the file.

        Looks at no file if the path begins with a root.
        """
        if any(_is_inside(path, root) for root in self.paths) or self._holds(path):
            return None
        return reason("outside", path=str(path))

    def may_register(self, path: Path) -> Mistake | None:
        """Why a log with this path would never be read; None: nothing prevents it."""
        text = repr(str(path))
        if (mistake := mistake_in(path)) is not None:
            return mistake
        if not self.paths:
            return Mistake("path-no-roots")
        allowed = ", ".join(str(root) for root in self.paths)
        roots = (*self.paths, *self._resolved())
        if path in roots:
            return Mistake("path-root", path=text)
        if not any(_is_inside(path, root) for root in roots):
            return Mistake("path-outside", path=text, roots=allowed)
        try:
            real = path.resolve()
        except (OSError, RuntimeError):
            return Mistake("path-loop", path=text)
        if not self._holds(real):
            return Mistake("path-leads-outside", path=text, target=repr(str(real)), roots=allowed)
        try:
            if real.exists() and not real.is_file():
                return Mistake("path-no-file", path=text)
        except OSError:
            pass  # this process may not look, but the reader may
        return None

    def files_meant(self, path: Path, refusal: Mistake) -> list[Path]:
        """Some files that may be registered instead of the refused path."""
        places = {"path-outside": self.paths, "path-root": (path,), "path-no-file": (path,)}
        return files_in(places.get(refusal.code, ()), MOST_MEANT)

    def may_register_unseen(self, path: Path) -> Mistake | None:
        """The same without looking at any file, for a file system that doesn't respond."""
        if (mistake := mistake_in(path)) is not None:
            return mistake
        if any(_is_inside(path, root) for root in self.paths):
            return None
        allowed = ", ".join(str(root) for root in self.paths)
        return Mistake("path-unseen", path=repr(str(path)), roots=allowed)

    def _holds(self, real: Path) -> bool:
        return any(_is_inside(real, root) for root in self._resolved())

    def _resolved(self) -> list[Path]:
        # Checked each time, because a root may be a link that is switched, or be mounted later. Takes microseconds per
        # open.
        resolved = []
        for root in self.paths:
            try:
                resolved.append(root.resolve())
            except (OSError, RuntimeError):
                continue
        return resolved


def tidied(path: str) -> str:
    """The same path without its meaningless parts: doubled slashes, "." and a slash at the end."""
    if not path.startswith("/"):
        return path  # not a valid path for a log
    return "/" + "/".join(part for part in path.split("/") if part not in ("", "."))


def mistake_in(path: Path) -> Mistake | None:
    """Why no log on any host can have this path; None: a log may."""
    text = str(path)
    if not path.is_absolute():
        return Mistake("path-relative", path=repr(text))
    if ".." in path.parts:
        return Mistake("path-upwards", path=repr(text))
    if "\0" in text or "\n" in text:
        return Mistake("path-characters")
    return None


def _is_inside(path: Path, root: Path) -> bool:
    return path != root and path.is_relative_to(root)
