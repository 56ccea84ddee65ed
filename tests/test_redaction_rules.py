"""The rules of the project's settings."""

import sys
from typing import Any

import pytest

from django_logtail.redaction.rules import RuleFailed
from django_logtail.redaction_rules import own_values, rules_for


def find_nothing(line: str) -> list[tuple[int, int]]:
    return []


def test_a_log_has_its_rules_and_another_log_not(settings: Any) -> None:
    find = f"{__name__}.find_nothing"
    settings.LOGTAIL = {
        "REDACT": [
            "token",
            {"ready": "ip", "logs": ["web"]},
            {"name": "a", "pattern": "a", "logs": ["db"]},
            {"name": "b", "find": find},
        ]
    }

    assert [rule.name for rule in rules_for(["web"])] == ["token", "ip", "b"]
    assert [rule.name for rule in rules_for(["db"])] == ["token", "a", "b"]
    assert [rule.name for rule in rules_for(["db", "web"])] == ["token", "ip", "a", "b"]
    assert [rule.name for rule in rules_for(None)] == ["token", "ip", "a", "b"]


def test_without_rules_there_are_none(settings: Any) -> None:
    settings.LOGTAIL = {}

    assert rules_for(["web"]) == []


@pytest.mark.parametrize(
    ("rule", "why"),
    [
        ({"name": "x", "pattern": "a("}, "missing ) in a("),
        (
            {"name": "x", "find": "no_such_module.find"},
            "'no_such_module.find' can't be imported (ModuleNotFoundError)",
        ),
        ({"name": "x", "find": f"{__name__}.no"}, "can't be imported (ImportError)"),
        ({"name": "x", "find": f"{__name__}.__doc__"}, "can't be called"),
    ],
)
def test_a_rule_that_cannot_be_used_is_named_with_the_reason(settings: Any, rule: Any, why: str) -> None:
    settings.LOGTAIL = {"REDACT": ["token", rule]}

    with pytest.raises(RuleFailed) as raised:
        rules_for(["web"])

    assert raised.value.rule == "x"
    assert why in str(raised.value)


def test_a_value_that_is_wrong_gives_no_rules_but_an_error(settings: Any) -> None:
    settings.LOGTAIL = {"REDACT": "token"}

    with pytest.raises(RuleFailed):
        rules_for(["web"])


def test_an_expression_needs_re2_and_ready_made_rules_do_not(
    settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "re2", None)
    settings.LOGTAIL = {"REDACT": ["token", {"name": "x", "pattern": "a", "logs": ["db"]}]}

    assert [rule.name for rule in rules_for(["web"])] == ["token"]
    with pytest.raises(RuleFailed, match='need the "regex" extra'):
        rules_for(["db"])


def test_own_values_are_the_keys_and_the_passwords_of_databases(
    settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = "first-key", ["second-key", b"third-key"]
    databases = {"a": {"PASSWORD": "pass-word"}, "b": {}, "c": {"PASSWORD": ""}}
    monkeypatch.setattr("django.conf.settings.DATABASES", databases)

    assert own_values() == ("first-key", "second-key", "third-key", "pass-word")
