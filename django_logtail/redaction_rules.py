"""The rules of this project's settings: which are in force for a log."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Collection, Iterator, Mapping
from typing import Any, Final

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.utils.module_loading import import_string

from django_logtail.conf import conf
from django_logtail.redaction.given import Given
from django_logtail.redaction.redactor import Redactor
from django_logtail.redaction.rules import Called, Pattern, Rule, RuleFailed, ready_made_rule

_LINE: Final = b"2026-01-01 00:00:00 INFO a line without a secret"


def rules_for(slugs: Collection[str] | None) -> list[Rule]:
    """The rules for the log with these slugs, its own and its pattern's; None: all. Raises `RuleFailed` if one can't
    be used.
    """
    try:
        given = conf.REDACT
    except ImproperlyConfigured:
        raise RuleFailed('LOGTAIL["REDACT"]', "it is not valid") from None
    wanted = [one for one in given if slugs is None or any(map(one.holds_for, slugs))]
    return [rule for one in wanted if (rule := rule_of(one)) is not None]


def has_rules(slugs: Collection[str]) -> bool:
    """Whether rules hold for the log with these slugs, its own and its pattern's; also if they can't be used."""
    try:
        given = conf.REDACT
    except ImproperlyConfigured:
        return True
    return any(one.holds_for(slug) for one in given for slug in slugs)


def lost_by(old: str, new: str) -> list[str]:
    """The names of the rules that hold for a log with the old slug, and would no longer with the new one."""
    try:
        return [one.name for one in conf.REDACT if one.holds_for(old) and not one.holds_for(new)]
    except ImproperlyConfigured:
        return []  # the log is closed until this is corrected


def rule_of(given: Given) -> Rule | None:
    """The rule, ready for use; None if it has nothing to find. Raises `RuleFailed`."""
    if given.ready:
        return ready_made_rule(given.ready, own_values())
    if given.pattern:
        pattern = Pattern(given.name, given.pattern)
        pattern.check()
        return pattern
    try:
        find = import_string(given.find)
    except Exception as error:  # noqa: BLE001 - a module of the project's may raise anything
        raise RuleFailed(given.name, f"{given.find!r} can't be imported ({type(error).__name__})") from None
    if not callable(find):
        raise RuleFailed(given.name, f"{given.find!r} can't be called")
    return Called(given.name, find)


def tried_rule(given: Given) -> Rule | None:
    """As `rule_of`, and a function is called for one line: most that raise, or return no spans, do so for any line."""
    rule = rule_of(given)
    if isinstance(rule, Called):
        list(rule.spans(_LINE, 0, len(_LINE)))
    return rule


def by_all_rules(read: Callable[[int, int], bytes], offset: int, size: int, encoding: str) -> bytes:
    """What `read(offset, size)` returns of a file that is no log yet, redacted by all rules; b"" if one fails."""
    try:
        rules = rules_for(None)
        if not rules:
            return read(offset, size)
        return Redactor(rules, encoding, read(0, 4)).read(read, offset, size)[0]
    except (RuleFailed, LookupError):
        return b""


def digest() -> str:
    """What tells whether two processes have the same rules in their settings; "" if there are none."""
    try:
        given = conf.REDACT
    except ImproperlyConfigured:
        return "invalid"
    said = [
        [one.name, one.ready, one.pattern, one.find, sorted(one.logs or ()), one.logs is None]
        for one in given
    ]
    return hashlib.sha256(json.dumps(said).encode()).hexdigest()[:16] if given else ""


def own_values() -> tuple[str, ...]:
    """The project's own secrets: Django's keys and the databases' passwords."""
    return tuple(dict.fromkeys(_own_values()))


def _own_values() -> Iterator[str]:
    databases: Mapping[str, Mapping[str, Any]] = settings.DATABASES
    passwords = (database.get("PASSWORD") for database in databases.values())
    for value in (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS, *passwords):
        if isinstance(value, bytes):
            value = value.decode("utf-8", "replace")
        if isinstance(value, str) and value:
            yield value
