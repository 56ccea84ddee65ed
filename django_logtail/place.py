"""A place in a log: the one form in which all of this package says where. Knows nothing but itself.

It is decoded where it comes in and encoded where it goes out: `protocol` for browsers, `control.wire` for processes.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Place:
    """Byte `offset` of the generation `file`.

    Inside a reader `file` is what `tailing.files.generation` makes ids of; outside of it, that id as `reader.seals`
    has sealed it.
    """

    file: str
    offset: int

    def ahead(self, size: int) -> Place:
        """The place `size` bytes further on."""
        return Place(self.file, self.offset + size)
