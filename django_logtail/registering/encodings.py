"""Which encoding a log's bytes look like, with what speaks for it. UTF-8 first: other encodings are only guessed."""

from __future__ import annotations

import codecs
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

#: The share of lines that must decode.
_MUST_DECODE: Final = 0.9
#: The share of two-byte characters that must be common ones of the encoding.
_MUST_BE_COMMON: Final = 0.85
#: The share of kana in Japanese text, at least.
_LEAST_KANA: Final = 0.1
#: Different characters by which Korean is told from Chinese, at least.
_LEAST_HANGUL: Final = 12
_BEYOND_ASCII: Final = re.compile(rb"[\x80-\xff]+")


@dataclass(frozen=True, slots=True)
class Detected:
    """`decoding` of `lines` decode. Only lines beyond ASCII count, as the others do in every encoding but UTF-16.

    `sign`: "bom" (a byte order mark), "ascii" (nothing beyond ASCII), "zeros" (as UTF-16 has them), or "" (the lines
    are the proof).
    """

    encoding: str
    decoding: int = 0
    lines: int = 0
    sign: str = ""


#: Nothing is known.
NOTHING: Final = Detected("")


def detected(first: bytes, sample: bytes) -> Detected:
    """The encoding of a log with these first bytes, and with this sample of whole lines."""
    for mark, name in ((codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be")):
        if first.startswith(mark):
            return Detected(name, sign="bom")
    if first.startswith(codecs.BOM_UTF8):
        return Detected("utf-8", sign="bom")
    if name := _by_zeros(sample):
        return Detected(name, sign="zeros")
    lines = [line for line in sample.split(b"\n") if _BEYOND_ASCII.search(line)]
    if not lines:
        return Detected("utf-8", sign="ascii")
    best = _as(lines, "utf-8")
    if best.decoding >= _MUST_DECODE * len(lines):
        return best
    for name, looks_like in _CANDIDATES:
        found = _as(lines, name)
        if found.decoding >= _MUST_DECODE * len(lines) and looks_like(_pairs(lines, name)):
            return found
    return _as(lines, _single_byte(lines))


def decoding(sample: bytes, encoding: str) -> Detected:
    """How many lines of the sample decode in this encoding, as `detected` counts them. Raises `LookupError`."""
    return _as([line for line in sample.split(b"\n") if _BEYOND_ASCII.search(line)], encoding)


def _as(lines: Sequence[bytes], encoding: str) -> Detected:
    return Detected(encoding, sum(_decodes(line, encoding) for line in lines), len(lines))


def _decodes(line: bytes, encoding: str) -> bool:
    try:
        line.decode(encoding)
    except UnicodeDecodeError:
        return False
    return True


def _by_zeros(sample: bytes) -> str:
    """UTF-16 without a mark: in text that is mostly ASCII, every second byte is 0."""
    half = len(sample) // 2
    even, odd = sample[0::2].count(0), sample[1::2].count(0)
    if half and odd > 0.4 * half and even < 0.1 * half:
        return "utf-16-le"
    return "utf-16-be" if half and even > 0.4 * half and odd < 0.1 * half else ""


def _pairs(lines: Sequence[bytes], encoding: str) -> list[bytes]:
    """The two-byte characters, each once: a log repeats its words."""
    found: dict[bytes, None] = {}
    for line in lines:
        at = 0
        while at < len(line):
            # In all candidates, a byte beyond ASCII begins a character of two, but for single kana of Shift_JIS.
            is_single = line[at] < 0x80 or (encoding == "shift_jis" and 0xA1 <= line[at] <= 0xDF)
            if not is_single and at + 1 < len(line):
                found[line[at : at + 2]] = None
            at += 1 if is_single else 2
    return list(found)


def _share(pairs: Sequence[bytes], first: range) -> float:
    return sum(pair[0] in first for pair in pairs) / len(pairs) if pairs else 0.0


def _is_korean(pairs: Sequence[bytes]) -> bool:
    """Of Chinese in the same ranges, a quarter is beyond the syllables of Hangul; a few may all be within."""
    return (
        len(pairs) >= _LEAST_HANGUL
        and _share(pairs, range(0xB0, 0xC9)) + _share(pairs, range(0xA1, 0xA4)) >= 0.95
    )


def _is_euc_jp(pairs: Sequence[bytes]) -> bool:
    return _share(pairs, range(0xA4, 0xA6)) >= _LEAST_KANA


def _is_shift_jis(pairs: Sequence[bytes]) -> bool:
    kana = _share(pairs, range(0x82, 0x84))
    return kana >= _LEAST_KANA and kana + _share(pairs, range(0x88, 0x98)) + _share(
        pairs, range(0x81, 0x82)
    ) >= (_MUST_BE_COMMON)


def _is_gbk(pairs: Sequence[bytes]) -> bool:
    """The common characters have both bytes beyond 0xA0, unlike those of Big5."""
    near = [pair for pair in pairs if pair[1] >= 0xA1]
    common = _share(near, range(0xB0, 0xD8)) + _share(near, range(0xA1, 0xA4))
    return len(near) >= _MUST_BE_COMMON * len(pairs) and common >= _MUST_BE_COMMON


def _is_big5(pairs: Sequence[bytes]) -> bool:
    return _share(pairs, range(0xA4, 0xC7)) + _share(pairs, range(0xA1, 0xA4)) >= _MUST_BE_COMMON


#: Tried in this order: what the narrower ones accept, the wider ones would accept too.
_CANDIDATES: Final[tuple[tuple[str, Callable[[Sequence[bytes]], bool]], ...]] = (
    ("euc-kr", _is_korean),
    ("euc-jp", _is_euc_jp),
    ("shift_jis", _is_shift_jis),
    ("gbk", _is_gbk),
    ("big5", _is_big5),
)


def _single_byte(lines: Sequence[bytes]) -> str:
    """Cyrillic has words of letters beyond ASCII; Western languages have single ones."""
    runs = [run for line in lines for run in _BEYOND_ASCII.findall(line)]
    letters = b"".join(runs)
    if len(letters) < 3 * len(runs):
        return "windows-1252"
    return "windows-1251" if sum(letter >= 0xE0 for letter in letters) * 2 > len(letters) else "koi8-r"
