"""Unpacks one compressed file in order, a piece at a time, and says where and why it can't go on.

A file may consist of several members, one after the other, as `cat a.gz b.gz` and appending writers make them.
"""

from __future__ import annotations

import bz2
import contextlib
import importlib
import lzma
import zlib
from collections.abc import Callable
from functools import lru_cache, partial
from typing import Any, Final, Protocol

from django_logtail.tailing.reasons import reason

#: Bytes of the file that are unpacked at a time, and the most bytes of text from them: about 1 ms of work.
RAW_BYTES: Final = 16 * 1024
PIECE_BYTES: Final = 256 * 1024
#: A log of one repeated line is packed to a hundredth of its size, and one made to exhaust its readers to a thousandth:
#: how many times its size a file's text may have once there is this much of it.
MOST_TIMES: Final = 500
MOST_TIMES_FROM: Final = 64 * 1024 * 1024
#: Bytes of text of one file: more than a day's log of any program.
MOST_TEXT_BYTES: Final = 64 * 1024**3

#: Bytes of memory for unpacking xz: files from `xz -9` need 65 MiB.
MOST_DECODER_BYTES: Final = 128 * 1024 * 1024
#: Pieces in a row without text after which nothing more is expected: there may be any number of empty members.
MOST_SILENT_PIECES: Final = 1_000

#: The first bytes of a member; empty: a file has only one.
_BEGINS: Final = {
    "gz": b"\x1f\x8b",
    "bz2": b"BZh",
    "xz": b"\xfd7zXZ\0",
    "lzma": b"",
    "zst": b"\x28\xb5\x2f\xfd",
}
#: Errors of all of these; gzip and zstd have one more.
_ERRORS: Final = (lzma.LZMAError, OSError, ValueError, EOFError, MemoryError)


class Unsupported(Exception):
    """This process can't unpack such files. The text is one of `reasons`."""


class Decoder(Protocol):
    """Unpacks one member."""

    @property
    def eof(self) -> bool: ...

    @property
    def unused_data(self) -> bytes: ...

    @property
    def needs_input(self) -> bool: ...

    def decompress(self, data: bytes, /, max_length: int) -> bytes: ...


@lru_cache(maxsize=1)
def _gzip() -> Any:
    """zlib-ng, which unpacks at twice the speed, or else what Python has."""
    try:
        return importlib.import_module("zlib_ng.zlib_ng")
    except ImportError:
        return zlib


class Gunzip:
    """A decoder of gzip, which can be copied."""

    def __init__(self, made: Any = None) -> None:
        self._decoder = _gzip().decompressobj(31) if made is None else made

    @property
    def eof(self) -> bool:
        return bool(self._decoder.eof)

    @property
    def unused_data(self) -> bytes:
        return bytes(self._decoder.unused_data)

    @property
    def needs_input(self) -> bool:
        return not self._decoder.unconsumed_tail

    def decompress(self, data: bytes, /, max_length: int) -> bytes:
        return bytes(self._decoder.decompress(self._decoder.unconsumed_tail + data, max_length))

    def copy(self) -> Gunzip:
        return Gunzip(self._decoder.copy())


def kind_of(ending: str) -> str:
    """What a file with this ending is called in the protocol: "gz", "zst", "bz2", "xz" and others."""
    return ending.removeprefix(".")


def decoder_of(kind: str) -> Callable[[], Decoder]:
    """Makes decoders of one member each. Raises `Unsupported`."""
    if kind == "gz":
        return Gunzip
    if kind == "bz2":
        return bz2.BZ2Decompressor
    if kind in ("xz", "lzma"):
        return partial(lzma.LZMADecompressor, memlimit=MOST_DECODER_BYTES)
    if kind == "zst":
        if (zstd := _zstd()) is None:
            raise Unsupported(reason("no-zstd"))
        return zstd.ZstdDecompressor  # type: ignore[no-any-return]
    raise Unsupported(reason("archive-unsupported", kind=kind))


def _errors_of(kind: str) -> list[type[Exception]]:
    if kind == "gz":
        return [_gzip().error]
    return [_zstd().ZstdError] if kind == "zst" else []


@lru_cache(maxsize=1)
def _zstd() -> Any:
    """Python 3.14's module, or the one that brings it to earlier versions; None if there is neither."""
    for name in ("compression.zstd", "backports.zstd"):
        try:
            return importlib.import_module(name)
        except ImportError:
            continue
    return None


class Unpacking:
    """How far one file has been unpacked.

    `read(size, offset)` reads the file, as `pread`; `raw_at` and `text_at` are places in it and in its text.
    """

    def __init__(
        self,
        kind: str,
        read: Callable[[int, int], bytes],
        *,
        raw_at: int = 0,
        text_at: int = 0,
        decoder: Decoder | None = None,
    ) -> None:
        """Raises `Unsupported`."""
        self._make = decoder_of(kind)
        self._begin = _BEGINS[kind]
        self._errors: tuple[type[Exception], ...] = (*_ERRORS, *_errors_of(kind))
        self.read = read
        self.raw_at = raw_at
        self.text_at = text_at
        self.decoder = self._make() if decoder is None else decoder
        #: Nothing more comes.
        self.is_done = False
        self._silent = 0
        #: Why, if there should be more.
        self.trouble = ""

    def piece(self) -> bytes:
        """The next text, at most PIECE_BYTES; may be empty before the end. Raises `OSError` of reading."""
        text = self._piece()
        self._silent = 0 if text else self._silent + 1
        if self._silent >= MOST_SILENT_PIECES and not self.is_done:
            self._end("archive-garbage", b"")
        return text

    def _piece(self) -> bytes:
        if self.decoder.eof:
            self._next_member()
            return b""
        raw = self.read(RAW_BYTES, self.raw_at) if self.decoder.needs_input else b""
        is_at_end = not raw and self.decoder.needs_input
        before = self.decoder.copy() if isinstance(self.decoder, Gunzip) else None
        try:
            text = self.decoder.decompress(raw, PIECE_BYTES)
        except self._errors:
            text = self._up_to_the_fault(before, raw)
            self._end("archive-damaged", text)
            return text
        self.raw_at += len(raw)
        if self.decoder.eof:
            self.raw_at -= len(self.decoder.unused_data)
        elif is_at_end and not text:
            self._end("archive-unfinished", text)
        self.text_at += len(text)
        self._bound()
        return text

    def _up_to_the_fault(self, before: Gunzip | None, raw: bytes) -> bytes:
        """The text of the bytes before the one that the decoder fails at, if available: otherwise it is lost,
        although all of it may be right, as when only the checksum at the end is wrong.
        """
        parts: list[bytes] = []
        if before is not None:
            with contextlib.suppress(*self._errors):
                while not before.needs_input:
                    parts.append(before.decompress(b"", 64))
                for at in range(len(raw)):
                    parts.append(before.decompress(raw[at : at + 1], PIECE_BYTES))
        text = b"".join(parts)
        self.text_at += len(text)
        return text

    def _next_member(self) -> None:
        """Begin the next member, if there is one."""
        raw = self.read(RAW_BYTES, self.raw_at)
        if raw and not raw.strip(b"\0"):  # padding, as on tapes and by block ciphers
            self.raw_at += len(raw)
            return
        padding = len(raw) - len(raw.lstrip(b"\0"))
        begins = raw[padding : padding + max(1, len(self._begin))]
        if not raw:
            self.is_done = True
        elif self._begin and begins == self._begin[: len(begins)]:
            self.raw_at += padding
            self.decoder = self._make()
        else:
            self._end("archive-garbage", b"")

    def _bound(self) -> None:
        if self.text_at > MOST_TIMES_FROM and self.text_at > MOST_TIMES * self.raw_at:
            self._end("archive-bomb", b"", count=MOST_TIMES)
        elif self.text_at > MOST_TEXT_BYTES:
            self._end("archive-too-large", b"")

    def _end(self, code: str, text: bytes, **details: int) -> None:
        self.is_done = True
        self.trouble = reason(code, bytes=self.text_at, **details)
