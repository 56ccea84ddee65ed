"""A place in a log, in the one form that the whole package uses. Depends on nothing else.

It is decoded on arrival and encoded on departure: in `protocol` for browsers, in `control.wire` for processes.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Place:
    """Byte `offset` of the generation `file`.

    Inside a reader, `file` is an id from `tailing.files.generation`; outside, that id sealed by `reader.seals`.
    """

    file: str
    offset: int

    def ahead(self, size: int) -> Place:
        """The place `size` bytes further on."""
        return Place(self.file, self.offset + size)
