"""Logs declared in `LOGTAIL["LOGS"]`, and keeping the registry in step with them and with the project's spool."""

from __future__ import annotations

import difflib
import logging
import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group
from django.core.exceptions import ValidationError
from django.db import connections, models, router, transaction
from django.urls.converters import SlugConverter
from django.utils import translation
from django.utils.text import slugify

from django_logtail.audit.acting import acting, actor
from django_logtail.conf import conf
from django_logtail.handlers import spool_paths
from django_logtail.models import Access, Follow, Log, invalid
from django_logtail.spool_log import register_spool
from django_logtail.tailing.files.found import files_like, is_pattern
from django_logtail.tailing.files.looks import NoAnswer, looks
from django_logtail.tailing.files.roots import Roots, mistake_in, tidied
from django_logtail.tailing.matching_names import is_dated_pattern
from django_logtail.tailing.member_names import mistake_in_pattern

logger = logging.getLogger(__name__)

#: What a declaration's dict may contain; `groups` and `users` are lists of names.
FIELDS = (
    *("path", "name", "group", "order", "description"),
    *(
        "follow",
        "queue",
        "encoding",
        "rotated_as",
        "format",
        "time_zone",
        "enabled",
        "access",
        "history_hours",
    ),
)
MEMBERS = ("groups", "users")
#: Files named for a pattern.
MOST_FILES = 20


class BadDeclaration(ValueError):
    """An invalid declaration. The text is a sentence that says where, what is wrong and what to do."""

    def __init__(self, slug: object, text: str) -> None:
        super().__init__(f'LOGTAIL["LOGS"][{slug!r}]{text}')
        self.slug = slug


class BadKey(BadDeclaration):
    """The key can't be a slug."""


class Pattern(BadDeclaration):
    """The path is a pattern such as `*.log`. `files`: some that it matches and that may be read."""

    def __init__(self, slug: object, text: str, files: list[Path]) -> None:
        super().__init__(slug, text)
        self.files = files


class DatedPattern(Pattern):
    """The path has the codes of a date, such as `app-%Y-%m-%d.log`."""

    def __init__(self, slug: object, path: str) -> None:
        said = (
            f' is {path!r}, a pattern of dates. Add "follow": "newest" for one log of the latest file, or "each" for '
            "a log of each file."
        )
        super().__init__(slug, said, [])


@dataclass(frozen=True, slots=True)
class Declaration:
    """One entry of `LOGTAIL["LOGS"]`, validated as far as possible without the database."""

    slug: str
    fields: Mapping[str, Any]
    groups: frozenset[str]
    users: frozenset[str]


@dataclass(slots=True)
class Synced:
    """What `sync` did, by slug, and what it could not do, in sentences."""

    created: list[str] = field(default_factory=list)
    updated: list[str] = field(default_factory=list)
    deleted: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)


def declaration(slug: object, value: object) -> Declaration:
    """The entry `slug: value` of `LOGTAIL["LOGS"]`. Raises `BadDeclaration`."""
    if not isinstance(slug, str) or not re.fullmatch(SlugConverter.regex, slug):
        raise BadKey(slug, ": the key can't be part of an address. Use letters, digits, - and _.")
    if isinstance(value, (str, Path)):
        value = {"path": value}
    if not isinstance(value, Mapping):
        raise BadDeclaration(slug, f" is {value!r}. Give the file's path, or a dict of the log's fields.")
    for name in value:
        if name not in FIELDS + MEMBERS:
            raise BadDeclaration(slug, f" has an unknown field {name!r}. {_closest(str(name))}")
    if "path" not in value:
        raise BadDeclaration(slug, ' has no "path". Give the absolute path of the file.')
    for name, choices in (("follow", Follow), ("access", Access)):
        if name in value and value[name] not in choices.values:
            allowed = " or ".join(repr(one) for one in choices.values if one)
            raise BadDeclaration(slug, f": {name!r} is {value[name]!r}. Write {allowed}.")
    if not value.get("follow"):
        _refuse_pattern(slug, tidied(str(value["path"])))
    members = {name: _names(slug, name, value.get(name, ())) for name in MEMBERS}
    fields = {name: value[name] for name in FIELDS if name in value}
    log = Log(slug=slug, **{"name": slug, **fields, "path": tidied(str(value["path"]))})
    with translation.override(None):  # English, like the checks and commands that show it
        try:
            log.clean_fields()
            # Hosts share the declarations, but each has its own roots, so the reader of a queue judges its paths.
            if conf.READER == "local" or log.queue_name == conf.QUEUE:
                log.clean()
            else:
                path = Path(log.path)
                mistake = mistake_in(path) or (mistake_in_pattern(path) if log.follow else None)
                if mistake is not None:
                    raise ValidationError({"path": invalid(mistake, "path")})
        except ValidationError as error:
            raise BadDeclaration(slug, f": {_sentence(error)}") from None
    return Declaration(slug, {name: getattr(log, name) for name in FIELDS}, **members)


def slug_for(name: str) -> str:
    """A slug for a log or file of that name; "" if none can be derived."""
    return slugify(name.removesuffix(".log").replace(".", "-"))


def _refuse_pattern(slug: str, path: str) -> None:
    """Raise `Pattern`, unless a file has this very name."""
    is_dated = is_dated_pattern(Path(path).name)
    if not is_dated and not is_pattern(path):
        return
    roots = Roots(conf.ROOTS)

    def look() -> list[Path] | None:
        if Path(path).exists():
            return None
        return [file for file in files_like(path, MOST_FILES) if roots.may_register(file) is None]

    try:
        files = looks.take(Path(path), look)
    except (NoAnswer, OSError):
        files = []
    if is_dated:
        if files is not None:
            raise DatedPattern(slug, path)
        return
    # Brackets are common in names, and the file may not exist yet.
    if files or (files is not None and ("*" in path or "?" in path)):
        said = (
            f' is {path!r}, a pattern. Add "follow": "each" for a log of each file, or "newest" for one log of the '
            "latest file, or name each file."
        )
        raise Pattern(slug, said, files)


def declarations() -> Iterator[Declaration | BadDeclaration]:
    """Every entry of `LOGTAIL["LOGS"]`, or what is wrong with it."""
    for slug, value in conf.LOGS.items():
        try:
            yield declaration(slug, value)
        except BadDeclaration as error:
            yield error


def sync(using: str = "default") -> Synced:
    """Make the declared rows of the database `using` match the settings; leave other rows as they are.

    A row without a declaration is deleted. A row whose declaration is invalid is disabled, because access may be what
    was meant to change. A spool that no row names is registered.
    """
    synced = Synced()
    with acting(replace(actor(), via="settings")), transaction.atomic(using=using):
        rows = {log.slug: log for log in Log.objects.using(using)}
        for found in declarations():
            if isinstance(found, BadDeclaration):
                synced.problems.append(str(found))
                _disable(rows.get(str(found.slug)), using, synced)
            elif (other := _other_of_its_file(found, rows.get(found.slug), using)) is not None:
                synced.problems.append(
                    f'LOGTAIL["LOGS"][{found.slug!r}]: the log {other.slug!r} already has the file {other.path}. '
                    "Remove one of the two."
                )
                _disable(rows.get(found.slug), using, synced)
            elif found.slug in rows and not rows[found.slug].declared:
                synced.problems.append(
                    f'LOGTAIL["LOGS"][{found.slug!r}]: a log registered by hand has this slug. '
                    "Rename one of the two, or delete that log in the admin."
                )
            else:
                _keep(found, rows.get(found.slug), using, synced)
        for slug, row in rows.items():
            if row.declared and slug not in conf.LOGS:
                row.delete(using=using)
                synced.deleted.append(slug)
        for path in spool_paths():
            try:
                synced.created += register_spool(path, using)
            except ValidationError as error:
                synced.problems.append(f"The log of SpoolHandler can't be registered: {_sentence(error)}")
    return synced


def sync_after_migrate(using: str, stdout: Any = None, verbosity: int = 1, **kwargs: object) -> None:
    """Receiver of `post_migrate`. Problems are printed, or else logged; they don't undo the migration."""
    if not router.allow_migrate_model(using, Log) or not _is_table_current(using):
        return
    synced = sync(using)
    for problem in synced.problems:
        if stdout is not None and verbosity >= 1:
            stdout.write(f"  {problem}\n")
        else:
            logger.warning("%s", problem)


def _other_of_its_file(found: Declaration, row: Log | None, using: str) -> Log | None:
    """The log that already has this one's file: any other row, unless this row has had the file for longer."""
    if row is not None and not row.declared:
        return None
    wanted = Log(pk=row.pk if row is not None else None, **found.fields)
    others = wanted.others_of_its_file(using)
    if row is not None and row.file_key == wanted.file_key:
        others = [other for other in others if other.pk < row.pk]
    gone = {other.pk for other in others if other.declared and other.slug not in conf.LOGS}
    return next((other for other in others if other.pk not in gone), None)


def _keep(found: Declaration, row: Log | None, using: str, synced: Synced) -> None:
    log = row if row is not None else Log(slug=found.slug, declared=True)
    changed = {name for name, value in found.fields.items() if row is None or getattr(row, name) != value}
    for name in changed:
        setattr(log, name, found.fields[name])
    if changed:
        log.save(using=using)
    wanted_groups = _existing(Group.objects.using(using), "name", found.groups, found.slug, "groups", synced)
    users = get_user_model()
    wanted_users = _existing(
        users._default_manager.using(using), users.USERNAME_FIELD, found.users, found.slug, "users", synced
    )
    moved = [_set_members(log.groups, wanted_groups), _set_members(log.users, wanted_users)]
    if row is None:
        synced.created.append(found.slug)
    elif changed or any(moved):
        synced.updated.append(found.slug)


def _set_members(manager: Any, wanted: list[Any]) -> bool:
    """Set the members; return whether that changed anything."""
    if {item.pk for item in manager.all()} == {item.pk for item in wanted}:
        return False
    manager.set(wanted)
    return True


def _existing(
    found: models.QuerySet[Any], field_name: str, names: Collection[str], slug: str, kind: str, synced: Synced
) -> list[Any]:
    """The groups or users of these names. A missing one only narrows access, so it is a problem and not an error."""
    items = list(found.filter(**{f"{field_name}__in": names})) if names else []
    missing = sorted(set(names) - {getattr(item, field_name) for item in items})
    if missing:
        synced.problems.append(
            f'LOGTAIL["LOGS"][{slug!r}]: the {kind} {", ".join(map(repr, missing))} do not exist yet. '
            "Create them, then run manage.py logtail_sync."
        )
    return items


def _disable(row: Log | None, using: str, synced: Synced) -> None:
    if row is not None and row.declared and row.enabled:
        row.enabled = False
        row.save(using=using, update_fields=["enabled", "updated"])
        synced.updated.append(row.slug)


def _is_table_current(using: str) -> bool:
    """Whether the table has every column of the model: `migrate` may have gone back to an older state."""
    connection = connections[using]
    table = Log._meta.db_table
    with connection.cursor() as cursor:
        if table not in connection.introspection.table_names(cursor):
            return False
        columns = {column.name for column in connection.introspection.get_table_description(cursor, table)}
    return columns >= {column.column for column in Log._meta.concrete_fields}


def _names(slug: str, name: str, value: object) -> frozenset[str]:
    if isinstance(value, (list, tuple, set, frozenset)) and all(isinstance(item, str) for item in value):
        return frozenset(value)
    raise BadDeclaration(slug, f": {name!r} is {value!r}. Give a list of names.")


def _closest(name: str) -> str:
    known = FIELDS + MEMBERS
    close = difflib.get_close_matches(name, known, n=1)
    return f"Did you mean {close[0]!r}?" if close else f"The fields are {', '.join(known)}."


def _sentence(error: ValidationError) -> str:
    if not hasattr(error, "error_dict"):
        return " ".join(error.messages)
    return " ".join(f"{name}: {' '.join(messages)}" for name, messages in error.message_dict.items())
