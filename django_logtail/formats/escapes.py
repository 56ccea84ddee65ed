"""Text as a terminal would show it, without colours. The page has the same in `formats/text.js`."""

from __future__ import annotations

import re

# CSI; terminated OSC; terminated DCS, PM, APC, SOS; two-character escapes. Each stops where the next begins, so
# a million unfinished ones cost no more than one. CSI and OSC may also begin with a single C1 character.
_ESCAPES = re.compile(
    r"(?:\x1b\[|\x9b)[0-?]*[ -/]*[@-~]|(?:\x1b\]|\x9d)[^\x07\x1b\x9c\x9d]*(?:\x07|\x1b\\|\x9c)"
    r"|\x1b(?:[PX^_][^\x1b]*\x1b\\|[ -/]+[0-~]|[0-OQ-WYZ\\`a-~])"
)
_CODED = re.compile(r"[\x1b\x9b\x9d\r]")
#: Erases the rest of the line, or all of it.
_ERASE = re.compile(r"(?:\x1b\[|\x9b)[02]?K\Z")
#: An OSC 8 link: its target, empty at its end.
_LINK = re.compile(r"(?:\x1b\]|\x9d)8;[^;]*;([^\x07\x1b\x9c]*)")


def unescaped(text: str) -> str:
    """The text without escape sequences, otherwise unchanged."""
    return _ESCAPES.sub("", text) if _CODED.search(text) else text


def plain(text: str) -> str:
    """The text without escape sequences, and with overwritten parts replaced, as a terminal shows it."""
    if _CODED.search(text) is None:
        return text
    if "\r" not in text and "]8;" not in text and "\x9d" not in text:
        return _ESCAPES.sub("", text)
    shown = ""
    for state in reversed(text.rstrip("\r").split("\r")):
        clean, erases = _state(state)
        shown += clean[len(shown) :]
        if erases:
            break
    return shown


def _state(text: str) -> tuple[str, bool]:
    """What is written after a carriage return, and whether it erases what was there."""
    clean, last, erases, target, link_at = "", 0, False, "", 0
    for found in _ESCAPES.finditer(text):
        clean += text[last : found.start()]
        last = found.end()
        if _ERASE.match(found[0]):
            erases = True
        elif link := _LINK.match(found[0]):
            # A link's target is shown next to it.
            if target and not clean.endswith(target, link_at):
                clean += f" ({target})"
            target, link_at = link[1], len(clean)
    return clean + text[last:], erases
