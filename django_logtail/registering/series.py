"""Files that differ only in the date in their names: one log, which follows the newest of them."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

from django_logtail.tailing.matching_names import SIGNS

#: A day in a file's name. Group 1: what separates its parts.
DATE: Final = re.compile(r"(?:19|20)\d\d([\-_.]?)(?:0[1-9]|1[0-2])\1(?:0[1-9]|[12]\d|3[01])", re.ASCII)
#: In the rest of the name: a time of day, or a number that the date is only a part of.
_OTHER_NUMBERS: Final = re.compile(r"\d\d|\d%|%\d", re.ASCII)


def series_of(path: Path) -> Path:
    """The pattern of the files like this one, for `follow` "newest"; the path itself if its name has no single date, or
    numbers beside it that the next file may not have.
    """
    name = path.name
    rest = DATE.sub("%", name)
    if rest.count("%") != 1 or _OTHER_NUMBERS.search(rest) or any(sign in name for sign in SIGNS):
        return path
    return path.with_name(DATE.sub(r"%Y\1%m\1%d", name))
