"""Converts pieces of a file in any encoding to UTF-8, with offsets that map back to the file."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from django_logtail.tailing.text.lines import LineEnds

#: Encodings with several bytes to a character in which no two byte sequences mean the same character.
ONE_TO_ONE: Final = frozenset({"gbk", "gb2312", "gb18030", "cp949", "shift_jis"})

#: How the names of encodings begin that have one byte to a character.
ONE_BYTE: Final = ("iso8859-", "cp125", "koi8-")


class Chunk:
    """Bytes of the file and the same text as UTF-8, line for line."""

    def __init__(self, data: bytes, text: bytes, base: int, ends: LineEnds) -> None:
        self.data = data
        self.text = text
        self.base = base
        self.last_found = -1
        self._ends = ends
        self._starts: list[int] | None = None
        self._counted = (0, 0)

    def start_of(self, at: int) -> int:
        """The file's offset of the line that begins at `at` in the text. Call it in ascending order."""
        if self.text is self.data:
            return self.base + at
        if self._starts is None:
            self._starts = _line_starts(self.data, self.base, self._ends)
        place, lines = self._counted
        if at < place:
            place, lines = 0, 0
        lines += self.text.count(b"\n", place, at)
        self._counted = at, lines
        return self.base + self._starts[lines]

    def end_of(self, at: int) -> int:
        """The file's offset after the line feed at `at` in the text, or after the text if there is none."""
        if at >= len(self.text):
            return self.base + len(self.data)
        return self.start_of(at + 1)


class Conversion:
    """Converts one encoding to UTF-8, chunk by chunk. Text that is already valid stays unchanged."""

    def __init__(self, ends: LineEnds) -> None:
        self._ends = ends
        self._codec = None if ends.name in ("utf-8", "utf-8-sig") else ends.name
        self._is_ascii_clear = _is_ascii_clear(ends)

    def chunk(self, data: bytes, base: int) -> Chunk:
        """`base`: where in the file `data` begins."""
        return Chunk(data, self._text_of(data, base), base, self._ends)

    def sieve(self, text: str) -> Callable[[bytes], bool] | None:
        """A quick test whether bytes may contain a text, with upper and lower case of ASCII alike.

        It is wrong only where it says yes. None: there is no such test, or none is needed.
        """
        if self._codec is None or not text or not all(_has_one_form(letter, self._codec) for letter in text):
            return None
        needle = text.encode(self._codec).lower()
        return lambda data: needle in data.lower()

    def _text_of(self, data: bytes, base: int) -> bytes:
        if self._codec is None or (self._is_ascii_clear and data.isascii()):
            return data
        text = data.decode(self._codec, "replace").encode()
        if self._ends.unit > 1 or text.count(b"\n") == data.count(b"\n"):
            return text
        starts = _line_starts(data, base, self._ends)  # a broken character swallowed a line feed
        lines = zip(starts, [*starts[1:], len(data)], strict=True)
        return b"".join(
            data[start:end].decode(self._codec, "replace").replace("\n", "").encode()
            + b"\n" * (end != len(data) or data.endswith(self._ends.newline))
            for start, end in lines
        )


def _has_one_form(letter: str, codec: str) -> bool:
    """Whether a letter is written in one way in an encoding, which has no state."""
    if letter == "\ufffd":  # also what bytes become that mean nothing
        return False
    if codec in ONE_TO_ONE:
        return letter.encode(codec, "ignore") != b""
    return codec.startswith(ONE_BYTE) and bytes(range(256)).decode(codec, "replace").count(letter) == 1


def _line_starts(data: bytes, base: int, ends: LineEnds) -> list[int]:
    """Where in `data` its lines begin; the last one is len(data) if it ends in a line feed."""
    starts, at = [0], data.find(ends.newline)
    while at >= 0:
        if (base + at) % ends.unit == 0:
            at += ends.unit
            starts.append(at)
        else:
            at += 1
        at = data.find(ends.newline, at)
    return starts


def _is_ascii_clear(ends: LineEnds) -> bool:
    """Whether bytes below 128 are ASCII wherever they appear alone; not so in UTF-16 and in encodings with escapes."""
    if ends.unit > 1 or ends.name.startswith("iso2022"):
        return False
    ascii_bytes = bytes(range(128))
    return ascii_bytes.decode(ends.name, "replace") == ascii_bytes.decode("ascii")
