"""What somebody searched for, as the settings let it be recorded: as text, as a keyed hash, or not at all."""

from __future__ import annotations

import hmac
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from django_logtail.conf import conf
from django_logtail.signing import keys_for


def sought(
    pattern: str, regex: bool, case: bool, terms: Sequence[Mapping[str, str | bool]], levels: str
) -> dict[str, Any]:
    """The conditions of a search, as the detail of a record."""
    kept = {"text": _as_written, "hash": _hashed, "nothing": _nothing}[conf.AUDIT_PATTERNS]
    said = {
        "pattern": kept(pattern),
        "regex": regex,
        "case": case,
        "terms": [_term(term, kept) for term in terms],
        "levels": levels,
    }
    return {name: value for name, value in said.items() if value}


def _term(term: Mapping[str, str | bool], kept: Callable[[str], str]) -> dict[str, Any]:
    """Which field is looked at is kept; what is looked for is a pattern."""
    return {
        name: kept(value) if isinstance(value, str) and name not in ("field", "is") else value
        for name, value in term.items()
    }


def _as_written(pattern: str) -> str:
    return pattern


def _hashed(pattern: str) -> str:
    """Equal for equal patterns, as long as SECRET_KEY stays; without the key, guessing a pattern proves nothing."""
    if not pattern:
        return ""
    said = pattern.encode(errors="surrogatepass")
    return "hmac-sha256:" + hmac.new(keys_for("audit-pattern")[0], said, "sha256").hexdigest()


def _nothing(pattern: str) -> str:
    return ""
