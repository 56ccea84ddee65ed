"""Keys of this project, one for each purpose, derived from `SECRET_KEY`, and signatures made with them.

`SECRET_KEY_FALLBACKS` are accepted on reading. Everything is signed with each of the keys, so that during a rolling
deployment that rotates the key, processes with only the old key and those with the new one accept each other's
messages.
"""

from __future__ import annotations

import hmac
from collections.abc import Sequence
from functools import lru_cache
from hashlib import blake2b
from typing import Final

from django.conf import settings
from django.core.signals import setting_changed
from django.utils.encoding import force_bytes

#: Bytes of one signature: 128 bits can't be guessed, and every message carries them.
SIGNATURE_BYTES: Final = 16
_KEY_BYTES: Final = 32


@lru_cache(maxsize=64)
def keys_for(salt: str) -> list[bytes]:
    """The keys for one purpose, 32 bytes each: first the one from `SECRET_KEY`, for writing; the others only for
    reading.

    A key for one purpose doesn't reveal the others.
    """
    secrets = [settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS]
    purpose = f"django_logtail.{salt}".encode()
    return [hmac.digest(force_bytes(secret), purpose, "sha256")[:_KEY_BYTES] for secret in secrets]


def signatures(salt: str, *parts: bytes) -> list[bytes]:
    """Signatures of these parts, in this order and with these boundaries: one for each key, the current one's first."""
    said = _joined(parts)
    return [_signature(key, said) for key in keys_for(salt)]


def is_signed(salt: str, found: Sequence[bytes], *parts: bytes) -> bool:
    """Whether one of the given signatures fits these parts and one of this project's keys."""
    said = _joined(parts)
    return any(
        hmac.compare_digest(_signature(key, said), signature) for key in keys_for(salt) for signature in found
    )


def _signature(key: bytes, said: bytes) -> bytes:
    return blake2b(said, key=key, digest_size=SIGNATURE_BYTES).digest()


def _joined(parts: Sequence[bytes]) -> bytes:
    """The parts, each with its length before it: ("ab", "c") is not ("a", "bc")."""
    return b"".join(len(part).to_bytes(8, "big") + part for part in parts)


def _forget(*, setting: str, **kwargs: object) -> None:
    if setting in ("SECRET_KEY", "SECRET_KEY_FALLBACKS"):
        keys_for.cache_clear()


setting_changed.connect(_forget, dispatch_uid="logtail.signing")
