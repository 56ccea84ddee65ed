"""Names, groups and slugs for files, derived from their paths alone."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from django_logtail.declared import slug_for

#: Characters of a name, a group and a slug.
MOST_CHARACTERS: Final = 100
#: Directories whose names say nothing about a log.
GENERIC: Final = frozenset(
    (
        *(
            "",
            "/",
            "var",
            "log",
            "logs",
            "srv",
            "opt",
            "home",
            "root",
            "usr",
            "local",
            "lib",
            "share",
            "mnt",
            "run",
        ),
        *("tmp", "data", "app", "apps", "www", "current", "shared", "private", "state", "output", "volumes"),
    )
)
#: Characters kept free behind a name or slug for what tells it apart.
_ROOM: Final = 20
#: In the pattern of a series, a part of its date.
_CODE: Final = re.compile(r"%[A-Za-z]")
_ENDINGS: Final = re.compile(r"\.(?:log|out|err|txt|json|jsonl|ndjson)\Z", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Named:
    name: str
    group: str
    slug: str


def named(
    files: Iterable[tuple[Path, bool]], names: Collection[str] = (), slugs: Collection[str] = ()
) -> dict[Path, Named]:
    """For each file, given with whether it is the project's own: what to call it.

    Neither a name nor a slug is used twice, nor one of `names` and `slugs`, which other logs have.
    """
    names, slugs = {name.lower() for name in names}, set(slugs)
    made = {}
    for path, is_own in files:
        group = group_for(path)
        name = _free_name(path, name_for(path, group, is_own=is_own), names)
        slug = _free_slug(path, name, slugs)
        names.add(name.lower())
        slugs.add(slug)
        made[path] = Named(name, group, slug)
    return made


def group_for(path: Path) -> str:
    """The nearest directory whose name says something, such as "nginx"; "" if none does."""
    parts = (_readable(part) for part in reversed(path.parent.parts))
    return next((part for part in parts if part.strip(". ").lower() not in GENERIC), "")[:MOST_CHARACTERS]


def name_for(path: Path, group: str, *, is_own: bool) -> str:
    """Such as "nginx access" for `/var/log/nginx/access.log`; "Payments" for the project's own `payments.log`."""
    stem = _CODE.sub("", _readable(path.name))
    while (shorter := _ENDINGS.sub("", stem)) and shorter != stem:
        stem = shorter
    words = [word for word in re.split(r"[\s._\-]+", stem) if word] or [stem or path.name]
    name = " ".join(words)
    if is_own:
        name = name[:1].upper() + name[1:]
    elif group and _readable(path.parent.name)[:MOST_CHARACTERS] == group and not _says(words[0], group):
        name = f"{group} {name}"
    return name[:MOST_CHARACTERS]


def _says(word: str, group: str) -> bool:
    """Whether the name begins like its group, as in `imports/import-7.log`."""
    word, group = word.lower(), group.lower()
    return word.startswith(group) or group.startswith(word)


def _free_name(path: Path, name: str, taken: Collection[str]) -> str:
    """The name, told apart by the nearest directory that does, or by a number."""
    stem = name[: MOST_CHARACTERS - _ROOM]
    tried = [name, *(f"{stem} ({_readable(part)})" for part in reversed(path.parent.parts[1:]))]
    tried += [f"{stem} ({number})" for number in range(2, len(taken) + 3)]
    return next(one for one in tried if len(one) <= MOST_CHARACTERS and one.lower() not in taken)


def _free_slug(path: Path, name: str, taken: Collection[str]) -> str:
    """Never empty: a name without a single Latin letter or digit has that of its path's digest."""
    digest = hashlib.sha256(str(path).encode("utf-8", "surrogateescape")).hexdigest()[:8]
    slug = (slug_for(name) or slug_for(_CODE.sub("", path.name)) or f"log-{digest}")[
        : MOST_CHARACTERS - _ROOM
    ]
    tried = (slug, *(f"{slug}-{number}" for number in range(2, len(taken) + 3)))
    return next(one for one in tried if one not in taken)


def _readable(part: str) -> str:
    """The name of a file or directory without what can't be shown or stored."""
    return "".join(letter if letter.isprintable() else "_" for letter in part)
