"""The first bytes of a compressed file: enough to know which log it was made from. We read nothing else from it."""

from __future__ import annotations

import bz2
import gzip
import lzma
import os
import zlib
from collections.abc import Callable
from typing import IO, Any

_OPENERS: dict[str, Callable[[IO[bytes]], Any]] = {
    ".gz": lambda file: gzip.GzipFile(fileobj=file),
    ".bz2": bz2.BZ2File,
    ".xz": lzma.LZMAFile,
    ".lzma": lzma.LZMAFile,
}


def unpacked(descriptor: int, compression: str, size: int) -> bytes | None:
    """The first `size` bytes of the text; None if they are not available. Raises `OSError`."""
    opener = _OPENERS.get(compression)
    if opener is None:
        return None
    with os.fdopen(os.dup(descriptor), "rb") as file:
        try:
            return bytes(opener(file).read(size))
        except (EOFError, zlib.error, lzma.LZMAError, gzip.BadGzipFile):
            return None
