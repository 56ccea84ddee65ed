"""Seals file ids that leave the reader, and opens those that come back: opaque, and valid for one log only.

A reader opens the file that an id names, so clients must not be able to make ids. Each is sealed for its log with a key
derived from `SECRET_KEY`; one that can't be opened matches no file. Sealing is deterministic (an SIV construction: the
tag is derived from the text, and the key stream from the tag), so that equal ids stay equal, whichever reader sealed
them.
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
#: Prefix of ids that could not be opened: they match no file, and are returned as they came.
_UNKNOWN: Final = "?"


class Seals:
    """The seals of one log, for one want: ids that came with it leave as they came, even if the key has changed
    since.
    """

    def __init__(self, log: str) -> None:
        self._log = log
        self._as_it_came: dict[str, str] = {}

    def open(self, text: str) -> str:
        """The id that was sealed; one that matches no file if we didn't seal this for this log."""
        file = opened(self._log, text, tuple(keys_for(_SALT)))
        if file is None:
            return _UNKNOWN + text
        self._as_it_came[file] = text
        return file

    def seal(self, file: str) -> str:
        """The sealed id."""
        if file.startswith(_UNKNOWN):
            return file[len(_UNKNOWN) :]
        return self._as_it_came.get(file) or sealed(self._log, file, keys_for(_SALT)[0])

    def open_place(self, place: Place) -> Place:
        return Place(self.open(place.file), place.offset)

    def seal_place(self, place: Place) -> Place:
        return Place(self.seal(place.file), place.offset)


@lru_cache(maxsize=4096)
def sealed(log: str, file: str, key: bytes) -> str:
    """The sealed text for `file`, with this log and key."""
    said = file.encode()
    tag = _tag(log, said, key)
    return base64.urlsafe_b64encode(tag + _mixed(said, tag, key)).decode().rstrip("=")


@lru_cache(maxsize=4096)
def opened(log: str, text: str, keys: tuple[bytes, ...]) -> str | None:
    """The file that was sealed to this text with any of the keys; None if there is none."""
    try:
        both = base64.urlsafe_b64decode(text.encode("ascii") + b"=" * (-len(text) % 4))
    except (ValueError, binascii.Error):
        return None
    tag, hidden = both[:_TAG_BYTES], both[_TAG_BYTES:]
    for key in keys:
        said = _mixed(hidden, tag, key)
        if hmac.compare_digest(_tag(log, said, key), tag):
            file = said.decode()
            # Base64 can encode the same bytes in several ways, and equal ids must be equal.
            return file if sealed(log, file, key) == text else None
    return None


def _tag(log: str, said: bytes, key: bytes) -> bytes:
    name = log.encode()
    return blake2b(
        len(name).to_bytes(4, "big") + name + said, digest_size=_TAG_BYTES, key=key, person=b"logtail tag"
    ).digest()


def _mixed(text: bytes, tag: bytes, key: bytes) -> bytes:
    """`text` encrypted, or decrypted, with the key stream of the tag."""
    stream = b""
    for block in range(-(-len(text) // blake2b.MAX_DIGEST_SIZE)):
        stream += blake2b(tag + block.to_bytes(4, "big"), key=key, person=b"logtail text").digest()
    return bytes(one ^ other for one, other in zip(text, stream, strict=False))
