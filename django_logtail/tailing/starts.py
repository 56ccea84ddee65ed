"""Where a follower may begin."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from django_logtail.place import Place


@dataclass(frozen=True, slots=True)
class LastLines:
    """The last `lines` lines, but for at most `max_bytes` of them."""

    lines: int
    max_bytes: int = 64 * 1024


@dataclass(frozen=True, slots=True)
class FromStart:
    """The first byte of the file as it is now."""


@dataclass(frozen=True, slots=True)
class FromEnd:
    """Only what will be appended."""


@dataclass(frozen=True, slots=True)
class Resume:
    """Exactly where an earlier follower stood, if that file still exists under this or a rotated name."""

    position: Place


Start: TypeAlias = LastLines | FromStart | FromEnd | Resume
