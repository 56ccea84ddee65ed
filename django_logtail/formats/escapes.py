"""Text without what steers a terminal."""

from __future__ import annotations

import re

# CSI; OSC that is ended; DCS, PM, APC, SOS that are ended; two-character escapes. Each stops at the next ESC, so a
# million unfinished ones cost no more than one.
_ESCAPES = re.compile(
    r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)|[PX^_][^\x1b]*\x1b\\|[ -/]+[0-~]|[0-OQ-WYZ\\`a-~])"
)


def plain(text: str) -> str:
    """The text without escape sequences: what is read, searched and measured."""
    return _ESCAPES.sub("", text) if "\x1b" in text else text
