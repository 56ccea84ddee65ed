"""Rules as settings give them. Whether they can be compiled or imported shows when they are used."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from django_logtail.redaction.rules import NAMES

#: Rules, characters of an expression, and characters of a name: it is drawn in place of what is hidden.
MOST_RULES: Final = 50
MOST_PATTERN_CHARACTERS: Final = 1_000
MOST_NAME_CHARACTERS: Final = 40

_EXPECTED: Final = (
    "expected a list of ready-made rules (" + ", ".join(map(repr, NAMES)) + ") and of dicts such as "
    "{'name': 'order token', 'pattern': 'ot_[0-9a-z]+'}"
)
_KINDS: Final = ("ready", "pattern", "find")


@dataclass(frozen=True)
class Given:
    """One rule. `ready`: the name of a ready-made one; or else `pattern`, for RE2, or `find`, the dotted path of a
    function. `logs`: the slugs of the logs that it holds for; None: all.
    """

    name: str
    ready: str = ""
    pattern: str = ""
    find: str = ""
    logs: frozenset[str] | None = None

    def holds_for(self, slug: str) -> bool:
        return self.logs is None or slug in self.logs


def given_rules(value: object) -> tuple[Given, ...]:
    """The rules. Raises `ValueError` with what was expected."""
    if not isinstance(value, (list, tuple)):
        raise ValueError(_EXPECTED)
    if len(value) > MOST_RULES:
        raise ValueError(f"expected at most {MOST_RULES} rules")
    return tuple(_given(item) for item in value)


def _given(item: object) -> Given:
    if isinstance(item, str):
        item = {"ready": item}
    if not isinstance(item, Mapping) or not set(item) <= {"name", "logs", *_KINDS}:
        raise ValueError(_EXPECTED)
    kinds = [kind for kind in _KINDS if kind in item]
    if len(kinds) != 1 or not isinstance(item[kinds[0]], str) or not item[kinds[0]]:
        raise ValueError("expected 'ready', 'pattern' or 'find' in each dict, and only one of them, a text")
    if len(item[kinds[0]]) > MOST_PATTERN_CHARACTERS:
        raise ValueError(f"expected at most {MOST_PATTERN_CHARACTERS:,} characters in a pattern")
    return Given(_name(item, kinds[0]), logs=_logs(item), **{kinds[0]: item[kinds[0]]})


def _name(item: Mapping[str, object], kind: str) -> str:
    """What is hidden, as people read it; a ready-made rule's is its own."""
    if kind == "ready":
        if item["ready"] not in NAMES or "name" in item:
            raise ValueError(_EXPECTED)
        return str(item["ready"])
    name = item.get("name")
    if not isinstance(name, str) or not name or not name.isprintable() or name in NAMES:
        raise ValueError(
            "expected a 'name' for what each pattern or function hides, other than a ready-made rule's"
        )
    if len(name) > MOST_NAME_CHARACTERS:
        raise ValueError(f"expected at most {MOST_NAME_CHARACTERS} characters in a name")
    return name


def _logs(item: Mapping[str, object]) -> frozenset[str] | None:
    logs = item.get("logs")
    if logs is None:
        return None
    if not isinstance(logs, (list, tuple, set, frozenset)) or not all(isinstance(slug, str) for slug in logs):
        raise ValueError("expected a list of slugs in 'logs'")
    return frozenset(logs)
