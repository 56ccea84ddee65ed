"""The files that one search goes over, each found again by its id, wherever rotation has moved it in the meantime.

They are listed once, when the search begins. So no file is searched twice, and one that can't be found later is named.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from django_logtail.place import Place
from django_logtail.protocol import MAX_FILES
from django_logtail.reader.sources import NotThere, Source
from django_logtail.tailing import history
from django_logtail.tailing.archives import Unsupported
from django_logtail.tailing.files.generation import Changed, FileId
from django_logtail.tailing.files.system import System
from django_logtail.tailing.listing import Listed, newest_first
from django_logtail.tailing.reasons import reason, reason_of
from django_logtail.tailing.texts import END, Text

#: Attempts at a list during which no file was renamed.
TRIES: Final = 3
#: How many times its size the text of an archive has, as long as no archive of the log was unpacked to its end.
USUAL_TIMES: Final = 8


class NotRead(Exception):
    """A file can't be read now. The text is one of `reasons`."""


@dataclass(slots=True)
class Generation:
    """One file, and which bytes of its text are wanted. `shown_id`: the id that streams use for it."""

    listed: Listed
    shown_id: str
    start: int = 0
    end: int = END

    @classmethod
    def of(cls, place: Place) -> Generation:
        """The rest of one file from a place on; it was not listed."""
        return cls(Listed(place.file, "", None, 0), place.file, place.offset)

    @property
    def name(self) -> str:
        return self.listed.name

    @property
    def is_empty(self) -> bool:
        return self.listed.size == 0 or self.start >= self.end

    def size(self, times: float) -> int:
        """The bytes that are wanted, or an estimate: an archive's text has `times` its size."""
        size = self.listed.size if self.listed.id else 0
        if size is None:
            size = max(int(self.listed.stored * times), self.end if self.end != END else 0)
        return max(0, min(size, self.end) - self.start)


class Generations:
    """The files of a log. Its methods block: call them in a thread.

    `open_files`: the ids that streams use, by device and inode.
    """

    def __init__(
        self,
        source: Source,
        permit: Callable[[int], str | None],
        open_files: Mapping[tuple[int, int], str],
    ) -> None:
        self._belonging = source.belonging
        self._permit = source.permit(permit)
        self._open_files = open_files
        self._listed: list[Listed] = []

    def look(self) -> Iterator[None]:
        """List them, with pauses. Raises `NotThere` if they are renamed all the time."""
        for attempt in range(TRIES):
            before = self._names()
            self._listed = []
            for found in newest_first(self._belonging, permit=self._permit):
                if found is not None:
                    self._listed.append(found)
                elif not attempt:
                    yield
                if len(self._listed) == MAX_FILES:
                    return
            if self._names() == before:
                return
        raise NotThere(reason("file-changed"))

    def between(self, since: Place | None, until: Place | None) -> list[Generation]:
        """Those from the one of `since` to that of `until`, newest first. Raises `NotThere` and `OSError`."""
        first = 0 if until is None else self.find(until)
        last = len(self._listed) - 1 if since is None else self.find(since)
        found = [
            Generation(listed, self._open_files.get(listed.inode, listed.id)) for listed in self._listed
        ][first : last + 1]
        if found and until is not None:
            found[0].end = until.offset
        if found and since is not None:
            found[-1].start = since.offset
        return found

    @property
    def times(self) -> float:
        """How many times larger than the archive its text is, judging by those that are known."""
        known = [
            (listed.size, listed.stored) for listed in self._listed if listed.kind and listed.size is not None
        ]
        stored = sum(one[1] for one in known)
        return sum(one[0] for one in known) / stored if stored else USUAL_TIMES

    def open(self, wanted: Generation, *, again_at: int | None = None) -> Text:
        """The text of one of them; the caller closes it. Raises `NotRead`.

        `again_at`: how far it was read when its file changed, so that it must be found anew.
        """
        listed = wanted.listed
        try:
            text = None
            if again_at is None and listed.sibling is not None:
                # Where it was listed: searching for it would scan the whole directory.
                text = history.open_sibling(System(), listed.sibling, self._permit, listed.id)
            text = text or self._found(listed.id, again_at or 0)
        except history.FilesAlike:
            raise NotRead(reason("files-alike")) from None
        except Unsupported as error:
            raise NotRead(reason_of(error)) from None
        except Changed:
            raise NotRead(reason("file-changed")) from None
        except OSError as error:
            raise NotRead(reason_of(error)) from None
        if text is None:
            raise NotRead(reason("bytes-gone"))
        if text.inode != listed.inode and any(
            # An inode may also be another file's by now.
            other.inode == text.inode and _begin_alike(other.id, listed.id)
            for other in self._listed
        ):
            text.close()
            raise NotRead(reason("files-alike"))
        return text

    def _found(self, file_id: str, offset: int) -> Text | None:
        return history.open_generation(self._belonging, file_id, permit=self._permit, offset=offset)

    def find(self, place: Place) -> int:
        """Which of them a place is in. Raises `NotThere` and `OSError`."""
        for index, listed in enumerate(self._listed):
            if place.file in (listed.id, self._open_files.get(listed.inode)):
                return index
        try:
            text = history.open_generation(self._belonging, place.file, permit=self._permit)
        except history.FilesAlike:
            raise NotThere(reason("files-alike")) from None
        except Unsupported as error:
            raise NotThere(reason_of(error)) from None
        inode = None if text is None else text.inode
        if text is not None:
            text.close()
        for index, listed in enumerate(self._listed):
            if listed.inode == inode and listed.id:
                return index
        raise NotThere(reason("bytes-gone"))

    def _names(self) -> list[tuple[tuple[int, int], str]]:
        """Which file is where."""
        return [(sibling.inode, sibling.name) for sibling in history.older_of(System(), self._belonging)]


def _begin_alike(one: str, other: str) -> bool:
    """Whether two ids are of files with the same first bytes."""
    files = FileId.parse(one), FileId.parse(other)
    return None not in files and len({(file.length, file.digest) for file in files if file}) == 1
