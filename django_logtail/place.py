"""A place in a log: the one form that the whole package uses. Depends on nothing else.

It is decoded where it comes in and encoded where it goes out: `protocol` for browsers, `control.wire` for processes.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Place:
    """Byte `offset` of the generation `file`.

    Inside a reader, `file` is an id from `tailing.files.generation`; outside of it, that id as sealed by
    `reader.seals`.
    """

    file: str
    offset: int

    def ahead(self, size: int) -> Place:
        """The place `size` bytes further on."""
        return Place(self.file, self.offset + size)
