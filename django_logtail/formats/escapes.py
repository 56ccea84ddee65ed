"""Text as a terminal would show it, without colours. The page has the same in `log/text.js`."""

from __future__ import annotations

import re

# CSI; OSC that is ended; DCS, PM, APC, SOS that are ended; two-character escapes. Each stops at the next ESC, so a
# million unfinished ones cost no more than one. CSI and OSC may also begin with one character, of C1.
_ESCAPES = re.compile(
    r"(?:\x1b\[|\x9b)[0-?]*[ -/]*[@-~]|(?:\x1b\]|\x9d)[^\x07\x1b\x9c]*(?:\x07|\x1b\\|\x9c)"
    r"|\x1b(?:[PX^_][^\x1b]*\x1b\\|[ -/]+[0-~]|[0-OQ-WYZ\\`a-~])"
)
_CODED = re.compile(r"[\x1b\x9b\x9d\r]")
#: The rest of the line, or all of it, is erased.
_ERASE = re.compile(r"(?:\x1b\[|\x9b)[02]?K\Z")
#: A link of OSC 8: its target, empty where it ends.
_LINK = re.compile(r"(?:\x1b\]|\x9d)8;[^;]*;([^\x07\x1b\x9c]*)")


def unescaped(text: str) -> str:
    """The text without escape sequences, and nothing else changed."""
    return _ESCAPES.sub("", text) if _CODED.search(text) else text


def plain(text: str) -> str:
    """The text without escape sequences, and after a return only what was written over: what is read."""
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
    """What is written after one return to the beginning of a line, and whether what stood there is erased."""
    clean, last, erases, target = "", 0, False, ""
    for found in _ESCAPES.finditer(text):
        clean += text[last : found.start()]
        last = found.end()
        if _ERASE.match(found[0]):
            erases = True
        elif link := _LINK.match(found[0]):
            # Where a link leads is said beside it.
            if target and not clean.endswith(target):
                clean += f" ({target})"
            target = link[1]
    return clean + text[last:], erases
