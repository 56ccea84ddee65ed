"""What is kept of a pattern."""

import hashlib
import hmac
from typing import Any

import pytest

from django_logtail.audit.patterns import sought
from django_logtail.signing import keys_for

TERMS: Any = [{"text": "PLANTED", "not": True}, {"field": "status", "is": ":", "value": "PLANTED"}]


def test_a_pattern_is_kept_as_it_was_typed(settings: Any) -> None:
    settings.LOGTAIL = {}

    assert sought("a.*b", True, False, TERMS, "EW") == {
        "pattern": "a.*b",
        "regex": True,
        "terms": TERMS,
        "levels": "EW",
    }


def test_a_hash_is_equal_for_equal_patterns_and_needs_the_key(settings: Any) -> None:
    settings.LOGTAIL = {"AUDIT_PATTERNS": "hash"}

    said = sought("PLANTED", False, False, TERMS, "")

    expected = "hmac-sha256:" + hmac.new(keys_for("audit-pattern")[0], b"PLANTED", "sha256").hexdigest()
    assert said == {
        "pattern": expected,
        "terms": [
            {"text": expected, "not": True},
            {"field": "status", "is": ":", "value": expected},
        ],
    }
    assert hashlib.sha256(b"PLANTED").hexdigest() not in str(said)
    assert sought("planted", False, False, (), "") != sought("PLANTED", False, False, (), "")


def test_nothing_but_the_form_of_the_conditions_is_kept(settings: Any) -> None:
    settings.LOGTAIL = {"AUDIT_PATTERNS": "nothing"}

    said = sought("PLANTED", False, True, TERMS, "")

    assert said == {
        "case": True,
        "terms": [{"text": "", "not": True}, {"field": "status", "is": ":", "value": ""}],
    }


@pytest.mark.parametrize("kept", ["text", "hash", "nothing"])
def test_a_search_for_levels_only_has_no_pattern(settings: Any, kept: str) -> None:
    settings.LOGTAIL = {"AUDIT_PATTERNS": kept}

    assert sought("", False, False, (), "E") == {"levels": "E"}
