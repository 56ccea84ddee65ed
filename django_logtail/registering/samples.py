"""What the end of a file says about it: whether it is text, in which encoding, and its last line."""

from __future__ import annotations

import codecs
from typing import Final

from django_logtail.formats.escapes import plain
from django_logtail.registering.encodings import detected

#: Characters of a last line.
MOST_CHARACTERS: Final = 300
#: One control character in so many bytes is more than a text has.
_BYTES_A_CONTROL: Final = 20
_CONTROLS: Final = bytes(set(range(32)) - set(b"\t\n\v\f\r\b\a\x1b")) + b"\x7f"


def encoding_of(first: bytes, sample: bytes, *, is_cut: bool = False) -> str | None:
    """The encoding of a log with these first and last bytes; None if they are no text.

    UTF-16 is known by its byte order mark only. `is_cut`: the sample may begin within a line.
    """
    if first.startswith(codecs.BOM_UTF16_LE):
        return "utf-16-le"
    if first.startswith(codecs.BOM_UTF16_BE):
        return "utf-16-be"
    text = sample.lstrip(b"\0")  # a program that goes on where its emptied log ended leaves a hole
    if b"\0" in text or (sample and not text):
        return None
    controls = len(text) - len(text.translate(None, _CONTROLS))
    if controls * _BYTES_A_CONTROL > len(text):
        return None
    whole, _, _ = text.rpartition(b"\n")  # the last line may be half written, within a character
    return detected(b"", whole.partition(b"\n")[2] if is_cut else whole).encoding


def last_line(sample: bytes, encoding: str) -> str:
    """The last line that is not blank, without anything that has an effect where it is shown; "" if there is none."""
    for line in reversed(sample.decode(encoding, "replace").lstrip("\ufeff\0").split("\n")):
        text = "".join(letter if letter.isprintable() else " " for letter in plain(line.rstrip("\r")))
        if text.strip():
            return text.rstrip()[:MOST_CHARACTERS]
    return ""
