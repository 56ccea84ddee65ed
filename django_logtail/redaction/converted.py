"""A piece of a log as UTF-8, and where each place in that is in the log's own bytes."""

from __future__ import annotations

import codecs
from collections.abc import Iterable, Iterator
from typing import Final

from django_logtail.tailing.text.encodings import shown_as
from django_logtail.tailing.text.lines import LineEnds

#: A byte that means nothing, as UTF-8: of the same length, so that places stay.
_ERRORS: Final = "logtail-same-length"


def _as_long(error: UnicodeError) -> tuple[str, int]:
    assert isinstance(error, UnicodeDecodeError)
    return "?" * (error.end - error.start), error.end


codecs.register_error(_ERRORS, _as_long)


class Encoding:
    """How one log writes its characters. `head`: the first bytes of the file, for the byte order of `utf-16`."""

    def __init__(self, name: str, head: bytes = b"") -> None:
        """Raises `LookupError`."""
        self.ends = LineEnds(name, head)
        self.unit = self.ends.unit
        self.newline = self.ends.newline
        order = "be" if self.newline[0] == 0 else "le"
        self.codec = shown_as(self.ends.name) if self.unit == 1 else f"utf-{8 * self.unit}-{order}"
        self.is_utf8 = self.ends.name in ("utf-8", "utf-8-sig")
        if self.is_utf8:
            self.codec = "utf-8"
        #: Whether bytes below 128 are ASCII whenever there are no others.
        self.is_ascii_plain = self.unit == 1 and not self.codec.startswith(("iso2022", "utf-7", "hz"))
        every = bytes(range(256))
        #: Whether a byte that is ASCII may be part of another character, after a byte of which somebody had the choice.
        self.may_swallow = (
            self.unit == 1
            and not self.is_utf8
            and not (self.is_ascii_plain and len(every.decode(self.codec, "replace")) == len(every))
        )

    def encoded(self, text: str) -> bytes:
        return text.encode(self.codec, "replace")

    def line_start(self, data: bytes, base: int, low: int, at: int) -> int:
        """Where in `data`, which begins at offset `base`, the line of index `at` begins; `low` if before that."""
        found = data.rfind(self.newline, low, at)
        while found >= 0 and (base + found) % self.unit:
            found = data.rfind(self.newline, low, found + self.unit - 1)
        return found + self.unit if found >= 0 else low

    def line_end(self, data: bytes, base: int, at: int, high: int | None = None) -> int:
        """The index of the line feed at or after `at`; if there is none, `high`, or the length of `data`."""
        high = len(data) if high is None else high
        found = data.find(self.newline, at, high)
        while found >= 0 and (base + found) % self.unit:
            found = data.find(self.newline, found + 1, high)
        return found if found >= 0 else high

    def utf8(self, data: bytes) -> bytes:
        """The same text, line by line; use `Map` for places in it."""
        if self.is_ascii_plain and data.isascii():
            return data
        if self.is_utf8:
            return data if _is_utf8(data) else data.decode("utf-8", _ERRORS).encode()
        text = data.decode(self.codec, "replace").encode()
        if text.count(b"\n") == sum(1 for _ in self._newlines(data)):
            return text
        # A broken character swallowed a line feed, or one was made of something else.
        return b"".join(
            self._of_line(data[start:end]) + b"\n" * (end < len(data)) for start, end in self.lines(data)
        )

    def ascii(self, data: bytes) -> bytes:
        """The bytes that are ASCII, whatever precedes them, and a question mark or a character for each other run: of
        the same length.
        """
        return data if data.isascii() else data.decode("utf-8", _ERRORS).encode()

    def _of_line(self, line: bytes) -> bytes:
        return line.decode(self.codec, "replace").replace("\n", " ").encode()

    def lines(self, data: bytes) -> Iterator[tuple[int, int]]:
        """Where the lines in `data`, which begins at a whole unit, begin and end, without their line feeds."""
        start = 0
        for at in self._newlines(data):
            yield start, at
            start = at + self.unit
        yield start, len(data)

    def _newlines(self, data: bytes) -> Iterator[int]:
        at = self.line_end(data, 0, 0)
        while at < len(data):
            yield at
            at = self.line_end(data, 0, at + self.unit)

    def places(self, data: bytes, text: bytes, wanted: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
        """Spans of `text`, which is `utf8(data)`, as spans of `data`. Each is within a line; in ascending order."""
        if self.is_utf8 or (self.is_ascii_plain and data.isascii()):
            return list(wanted)
        found: list[tuple[int, int]] = []
        lines, begin, end = self.lines(data), 0, -1
        line = _Line(self.codec, self.unit, b"", b"")
        base = 0
        for start, stop in wanted:
            while start > end:  # go on to its line
                begin = end + 1
                end = text.find(b"\n", begin)
                end = end if end >= 0 else len(text)
                base, base_end = next(lines)
                line = _Line(self.codec, self.unit, data[base:base_end], text[begin:end])
            one, other = line.place(start - begin, stop - begin)
            found.append((base + one, base + other))
        return found


class _Line:
    """One line in its own encoding and in UTF-8."""

    def __init__(self, codec: str, unit: int, line: bytes, text: bytes) -> None:
        self._codec = codec
        self._unit = unit
        self._line = line
        self._text = text
        self._starts: list[int] = []
        self._stops: list[int] = []

    def place(self, start: int, stop: int) -> tuple[int, int]:
        """A span of the UTF-8, as a span of the line: whole characters, and rather more than less."""
        if not self._starts and self._text:
            self._measure()
        if len(self._starts) != len(self._text):
            return 0, len(self._line)  # its decoder doesn't say the same twice
        return self._starts[start], self._stops[stop - 1]

    def _measure(self) -> None:
        at = 0
        for characters, size in self._characters():
            length = len(characters.replace("\n", " ").encode())
            self._starts += [at] * length
            at += size
            self._stops += [at] * length

    def _characters(self) -> Iterator[tuple[str, int]]:
        """The characters, each with its number of bytes; several at once if they can't be told apart."""
        decoder = codecs.getincrementaldecoder(self._codec)("replace")
        waiting = 0
        for at in range(0, len(self._line), self._unit):
            new = decoder.decode(self._line[at : at + self._unit])
            waiting += min(self._unit, len(self._line) - at)
            if not new:
                continue
            if new.isascii() and len(new) == 1 and waiting > self._unit:
                yield "", waiting - self._unit  # an escape sequence, which stays
                waiting = self._unit
            yield new, waiting
            waiting = 0
        yield decoder.decode(b"", final=True), waiting


def _is_utf8(data: bytes) -> bool:
    try:
        data.decode()
    except UnicodeDecodeError:
        return False
    return True
