"""Mistakes in what a person enters for a log: a code with its details, put into words where they are shown.

Depends on no framework.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final


def gettext_noop(text: str) -> str:
    """Mark a text for `makemessages`, like Django's function of the same name."""
    return text


#: By code, a sentence about the mistake, and one about what to do. Values in them are quoted already.
MISTAKES: Final[Mapping[str, str]] = {
    # Paths
    "path-relative": gettext_noop("The path %(path)s is not absolute. Start it with '/'."),
    "path-upwards": gettext_noop("The path %(path)s contains '..'. Write the path without it."),
    "path-characters": gettext_noop("The path contains a line end or a NUL."),
    "path-no-roots": gettext_noop(
        'LOGTAIL["ROOTS"] is empty, so no file may be read. Add the directory of the logs to it.'
    ),
    "path-outside": gettext_noop(
        'The path %(path)s is outside LOGTAIL["ROOTS"]. Only files inside %(roots)s may be read.'
    ),
    "path-root": gettext_noop(
        'The path %(path)s is a directory of LOGTAIL["ROOTS"]. Give the path of a file inside it.'
    ),
    "files-found": gettext_noop("Files found there: %(files)s."),
    "path-unseen": gettext_noop(
        'The path %(path)s is outside LOGTAIL["ROOTS"] (%(roots)s) as written, and its file system does not respond. '
        "Try again later, or write the path so that it begins with one of these."
    ),
    "path-leads-outside": gettext_noop(
        'The path %(path)s leads to %(target)s, which is outside LOGTAIL["ROOTS"] (%(roots)s).'
    ),
    "path-loop": gettext_noop("The path %(path)s is a symbolic link loop."),
    "path-no-file": gettext_noop("The path %(path)s is not a regular file."),
    # Patterns of rotated names
    "pattern-characters": gettext_noop("The pattern contains a line end or a NUL."),
    "pattern-upwards": gettext_noop("The pattern contains '..'. Write the directory without it."),
    "pattern-directory": gettext_noop(
        "The pattern's directory has a placeholder. Only the last part may have placeholders."
    ),
    "pattern-unknown": gettext_noop("The pattern has an unknown placeholder %(placeholder)s. Use %(known)s."),
    "pattern-twice": gettext_noop("The pattern has %(placeholder)s more than once."),
    "pattern-one-file": gettext_noop(
        "The pattern names only one file. Use {name} or {stem} for the log's name."
    ),
    "pattern-brace": gettext_noop("The pattern has a brace without a placeholder."),
    # Patterns of the files that a log follows
    "match-one-file": gettext_noop(
        "%(pattern)s names only one file. Use the codes of a date, as in app-%%Y-%%m-%%d.log, or *, ? or [...]."
    ),
    "match-both": gettext_noop(
        "%(pattern)s mixes the codes of a date with *, ? or [...]. Use one of the two."
    ),
    "match-compressed": gettext_noop(
        "%(pattern)s names compressed files, which nobody writes to. Leave the ending out; compressed older files "
        "are found anyway."
    ),
    "match-code": gettext_noop(
        "The path has an unknown code %(unknown)s. Use %(known)s, or %%%% for a percent sign."
    ),
    "match-directory": gettext_noop(
        "The path %(path)s has *, ? or [...] in a directory. Only its last part may have them."
    ),
    # Encodings
    "encoding-unknown": gettext_noop(
        "The encoding %(encoding)s does not exist. Use one such as %(examples)s."
    ),
    "encoding-byte-order": gettext_noop(
        "'utf-16' doesn't specify the byte order. Use utf-16-le (most Windows logs) or utf-16-be."
    ),
    "encoding-browsers": gettext_noop(
        "Browsers do not support the encoding %(encoding)s. Use one such as %(examples)s."
    ),
}


class Mistake(ValueError):
    """An invalid value. `sentence` belongs to `code`, and `params` fill it in; the text is the result, in English."""

    def __init__(self, code: str, **params: str) -> None:
        self.code = code
        self.sentence = MISTAKES[code]
        self.params = params
        super().__init__(self.sentence % params)
