"""Whether the entries of `LOGTAIL["LOGS"]` are valid, with the code to write instead.

Warnings, because an invalid entry affects only its own log.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import Any

from django.core.checks import CheckMessage, Warning

from django_logtail import declared
from django_logtail.checks.configured import value_of
from django_logtail.conf import conf
from django_logtail.tailing.files.found import files_in
from django_logtail.tailing.files.looks import NoAnswer, looks
from django_logtail.tailing.files.roots import tidied


def check_declared_logs(app_configs: object, **kwargs: object) -> list[CheckMessage]:
    if value_of("LOGS") is None or value_of("ROOTS") is None:
        return []
    taken = set(map(str, conf.LOGS))
    return [
        Warning(str(found), hint=_hint(found, taken), id=_ids[type(found)])
        for found in declared.declarations()
        if isinstance(found, declared.BadDeclaration)
    ]


_ids = {
    declared.BadDeclaration: "logtail.W013",
    declared.Pattern: "logtail.W014",
    declared.DatedPattern: "logtail.W014",
    declared.BadKey: "logtail.W015",
}


def _hint(found: declared.BadDeclaration, taken: set[str]) -> str:
    logs: Mapping[Any, Any] = conf.LOGS
    value = logs[found.slug]
    if isinstance(found, declared.BadKey):
        return f"Write {_entry(_slug(_names(found.slug, value), taken), value)}."
    if not isinstance(found, declared.Pattern):
        return f"A valid entry: {_entry(found.slug, _example(found.slug))}."
    if isinstance(found, declared.DatedPattern):
        fields = value if isinstance(value, Mapping) else {"path": str(value)}
        return f"Write {_entry(found.slug, {**fields, 'follow': 'newest'})}."
    if not found.files:
        nothing = 'No file in LOGTAIL["ROOTS"] matches it now.'
        return f"{nothing} A valid entry: {_entry(found.slug, _example(found.slug))}."
    files = [file for file in found.files if file not in _declared_paths()]
    if not files:
        return "Remove it: every file that it matches has an entry."
    taken.discard(str(found.slug))  # one of its files may have it
    entries = (_entry(_slug([file.name], taken), _moved(value, file)) for file in files)
    more = " These are not all." if len(found.files) == declared.MOST_FILES else ""
    return f"Write {', '.join(entries)}.{more}"


def _declared_paths() -> set[Path]:
    return {Path(tidied(_path(value))) for value in conf.LOGS.values()}


def _path(value: object) -> str:
    return str(value.get("path", "") if isinstance(value, Mapping) else value)


def _names(key: object, value: object) -> Iterator[str]:
    """What the key may have meant, the best first."""
    if isinstance(key, str):
        yield key
    yield Path(_path(value)).name
    yield f"log-{key}"


def _slug(names: Collection[str] | Iterator[str], taken: set[str]) -> str:
    """A slug for the first name that gives one, with a number if another log has it."""
    first = next(filter(None, map(declared.slug_for, names)), "log")
    slug, number = first, 2
    while slug in taken:
        slug, number = f"{first}-{number}", number + 1
    taken.add(slug)
    return slug


def _entry(slug: object, value: object) -> str:
    return f"{slug!r}: {_plain(value)!r}"


def _plain(value: object) -> Any:
    if isinstance(value, Mapping):
        return {name: _plain(one) for name, one in value.items()}
    return str(value) if isinstance(value, Path) else value


def _moved(value: object, path: Path) -> object:
    """The same entry for another file."""
    return {**value, "path": str(path)} if isinstance(value, Mapping) else str(path)


def _example(slug: object) -> dict[str, str]:
    """An entry for a file of this project: one that is there, if possible."""
    root, known = next(iter(conf.ROOTS), Path("/var/log/myproject")), _declared_paths()
    try:
        files = looks.take(root / "file", lambda: files_in(conf.ROOTS, declared.MOST_FILES))
    except NoAnswer:
        files = []
    found = next((file for file in files if file not in known), root / f"{slug}.log")
    return {"path": str(found), "access": "staff"}
