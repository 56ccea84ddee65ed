"""Ids of files as they leave the reader, and as they come back: opaque, and good for one log only.

A reader opens what an id names, so an id must not be something that a client can make. Each leaves sealed for its log,
with a key that is made from `SECRET_KEY`; what does not open is the id of no file. Sealing is deterministic (an SIV
construction: the tag is made of the text, and the key stream of the tag), so that equal ids stay equal, whichever
reader sealed them.
"""

from __future__ import annotations

import base64
import binascii
import hmac
from functools import lru_cache
from hashlib import blake2b
from typing import Final

from django_logtail.place import Place
from django_logtail.signing import keys_for

_SALT: Final = "files"
_TAG_BYTES: Final = 16
#: Stands before what did not open: the id of no file, which goes back to where it came from as it came.
_UNKNOWN: Final = "?"


class Seals:
    """Those of one log, for one want: ids that came with it leave as they came, though the key was changed since."""

    def __init__(self, log: str) -> None:
        self._log = log
        self._as_it_came: dict[str, str] = {}

    def open(self, text: str) -> str:
        """The id that was sealed; one of no file, if this was not sealed by us for this log."""
        file = opened(self._log, text, tuple(keys_for(_SALT)))
        if file is None:
            return _UNKNOWN + text
        self._as_it_came[file] = text
        return file

    def seal(self, file: str) -> str:
        """What leaves the reader for this id."""
        if file.startswith(_UNKNOWN):
            return file[len(_UNKNOWN) :]
        return self._as_it_came.get(file) or sealed(self._log, file, keys_for(_SALT)[0])

    def open_place(self, place: Place) -> Place:
        return Place(self.open(place.file), place.offset)

    def seal_place(self, place: Place) -> Place:
        return Place(self.seal(place.file), place.offset)


@lru_cache(maxsize=4096)
def sealed(log: str, file: str, key: bytes) -> str:
    """The text that stands for `file`, for this log and key."""
    said = file.encode()
    tag = _tag(log, said, key)
    return base64.urlsafe_b64encode(tag + _mixed(said, tag, key)).decode().rstrip("=")


@lru_cache(maxsize=4096)
def opened(log: str, text: str, keys: tuple[bytes, ...]) -> str | None:
    """What `sealed` made the text of, with any of the keys; None: it made none such."""
    try:
        both = base64.urlsafe_b64decode(text.encode("ascii") + b"=" * (-len(text) % 4))
    except (ValueError, binascii.Error):
        return None
    tag, hidden = both[:_TAG_BYTES], both[_TAG_BYTES:]
    for key in keys:
        said = _mixed(hidden, tag, key)
        if hmac.compare_digest(_tag(log, said, key), tag):
            file = said.decode()
            # Base64 can say the same bytes in several ways, and equal ids must be equal.
            return file if sealed(log, file, key) == text else None
    return None


def _tag(log: str, said: bytes, key: bytes) -> bytes:
    name = log.encode()
    return blake2b(
        len(name).to_bytes(4, "big") + name + said, digest_size=_TAG_BYTES, key=key, person=b"logtail tag"
    ).digest()


def _mixed(text: bytes, tag: bytes, key: bytes) -> bytes:
    """`text` with the key stream of the tag: hidden, or shown again."""
    stream = b""
    for block in range(-(-len(text) // blake2b.MAX_DIGEST_SIZE)):
        stream += blake2b(tag + block.to_bytes(4, "big"), key=key, person=b"logtail text").digest()
    return bytes(one ^ other for one, other in zip(text, stream, strict=False))
