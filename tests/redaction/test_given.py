"""Rules as settings give them."""

from typing import Any

import pytest

from django_logtail.redaction.given import Given, given_rules


def test_a_name_is_a_ready_made_rule_for_all_logs() -> None:
    assert given_rules(["token"]) == (Given("token", ready="token"),)


def test_dicts_are_restricted_to_their_logs() -> None:
    (rule,) = given_rules([{"name": "order", "pattern": "ot_.", "logs": ["web"]}])

    assert rule == Given("order", pattern="ot_.", logs=frozenset({"web"}))
    assert [rule.holds_for("web"), rule.holds_for("db")] == [True, False]
    assert given_rules(["ip"])[0].holds_for("db")


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("token", "expected a list of ready-made rules"),
        (["tokens"], "expected a list of ready-made rules"),
        ([7], "expected a list of ready-made rules"),
        ([{"ready": "ip", "name": "x"}], "expected a list of ready-made rules"),
        ([{"name": "x", "pattern": "a", "flags": 1}], "expected a list of ready-made rules"),
        (["ip"] * 51, "expected at most 50 rules"),
        ([{"name": "x"}], "only one of them"),
        ([{"name": "x", "pattern": "a", "find": "b"}], "only one of them"),
        ([{"name": "x", "pattern": ""}], "only one of them"),
        ([{"name": "x", "pattern": "a" * 1_001}], "expected at most 1,000 characters in a pattern"),
        ([{"pattern": "a"}], "expected a 'name'"),
        ([{"name": "token", "pattern": "a"}], "other than a ready-made rule's"),
        ([{"name": "a\x1bb", "pattern": "a"}], "expected a 'name'"),
        ([{"name": "x" * 41, "pattern": "a"}], "expected at most 40 characters in a name"),
        ([{"ready": "ip", "logs": "web"}], "expected a list of slugs"),
        ([{"ready": "ip", "logs": [7]}], "expected a list of slugs"),
    ],
)
def test_anything_else_is_refused_with_what_was_expected(value: Any, expected: str) -> None:
    with pytest.raises(ValueError, match=expected):
        given_rules(value)


def test_limits_are_inclusive() -> None:
    assert len(given_rules([{"name": "x" * 40, "pattern": "a" * 1_000}] * 50)) == 50
