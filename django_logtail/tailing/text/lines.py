"""Where lines and characters end in the bytes of an encoding. Independent of files.

A line ends at the encoding's line feed and nowhere else: `str.splitlines` would also cut at U+2028, form feeds and
the like, which occur inside lines. Bytes remain bytes; we decode only to find a place to cut.
"""

from __future__ import annotations

import codecs

#: A run of NULs this long inside the text is a hole: no logger writes that.
HOLE_BYTES = 32


def encoding_name(encoding: str) -> str:
    """Python's own name for `encoding`. Raises `LookupError` if it has none."""
    try:
        return codecs.lookup(encoding).name
    except ValueError:  # for example because of a NUL
        raise LookupError(f"unknown encoding: {encoding!r}") from None


class LineEnds:
    """How an encoding ends lines. `head` are the first bytes of the file: the byte order mark of UTF-16 and -32."""

    def __init__(self, encoding: str = "utf-8", head: bytes = b"") -> None:
        self.name = encoding_name(encoding)
        self.unit = 1
        big = False
        if self.name.startswith("utf-16"):
            self.unit = 2
            big = self.name == "utf-16-be" or (self.name == "utf-16" and head[:2] == codecs.BOM_UTF16_BE)
        elif self.name.startswith("utf-32"):
            self.unit = 4
            big = self.name == "utf-32-be" or (self.name == "utf-32" and head[:4] == codecs.BOM_UTF32_BE)
        self.newline = b"\n".rjust(self.unit, b"\0") if big else b"\n".ljust(self.unit, b"\0")
        self._decoder_name = self.name if self.unit == 1 else f"utf-{8 * self.unit}-{'be' if big else 'le'}"

    def after_last(self, data: bytes, base: int) -> int:
        """How many bytes of `data`, which begins at offset `base`, are whole lines."""
        if self.unit == 1:
            return data.rfind(b"\n") + 1
        at = data.rfind(self.newline)
        while at >= 0 and (base + at) % self.unit:
            at = data.rfind(self.newline, 0, at + self.unit - 1)
        return at + self.unit if at >= 0 else 0

    def line_starts_before(self, data: bytes, base: int, wanted: int) -> tuple[int, int]:
        """Go back over `wanted` line ends from the end of `data`: (index after the last one found, how many found)."""
        found, stop, index = 0, len(data), len(data)
        while found < wanted:
            at = data.rfind(self.newline, 0, stop)
            if at < 0:
                break
            stop = at if self.unit == 1 else at + self.unit - 1
            if (base + at) % self.unit == 0:
                found += 1
                index = at + self.unit
                stop = at
        return index, found

    def whole_characters(self, data: bytes) -> int:
        """How many bytes of `data`, which begins at the start of a character, are whole characters."""
        if self.name == "utf-8":
            for back in range(1, min(4, len(data)) + 1):
                byte = data[-back]
                if byte & 0xC0 == 0xC0:  # a lead byte: is its character complete?
                    length = 2 if byte < 0xE0 else 3 if byte < 0xF0 else 4
                    return len(data) if back >= length else len(data) - back
                if byte & 0x80 == 0:
                    break
            return len(data)
        decoder = codecs.getincrementaldecoder(self._decoder_name)("replace")
        decoder.decode(data)
        return len(data) - len(decoder.getstate()[0])

    def unwritten(self, data: bytes, base: int) -> tuple[int, int] | None:
        """The first run of NULs in `data` that is not text: (start, stop); stop == len(data): it may continue.

        Inside the text only a long run counts; at the very start of a file, and at the end of `data`, any run, because
        a writer that continues at its old offset in an emptied file, or only reserves space, leaves such runs.
        """
        if self.unit > 1:
            return self._unwritten_units(data, base)
        if b"\0" not in data:
            return None
        start = 0 if base == 0 and data[0] == 0 else data.find(bytes(HOLE_BYTES))
        if start < 0:
            start = len(data.rstrip(b"\0"))
            return (start, len(data)) if start < len(data) else None
        return start, len(data) - len(data[start:].lstrip(b"\0"))

    def _unwritten_units(self, data: bytes, base: int) -> tuple[int, int] | None:
        shift = -base % self.unit
        start = data.find(bytes(HOLE_BYTES))
        if start < 0:
            end = shift + (len(data) - shift) // self.unit * self.unit
            start = len(data[:end].rstrip(b"\0"))
            start += (shift - start) % self.unit
            if end - start < 2 * self.unit:
                return None
            return start, len(data)
        start += (shift - start) % self.unit
        stop = len(data) - len(data[start:].lstrip(b"\0"))
        if stop < len(data):
            stop -= (stop - shift) % self.unit
        return start, stop
