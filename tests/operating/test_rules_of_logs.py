"""What the doctor says about rules that name logs."""

from __future__ import annotations

from typing import Any

import pytest

from django_logtail.models import Log
from django_logtail.operating.doctor.project import examine_rules

pytestmark = pytest.mark.django_db


def said() -> list[tuple[str, str, bool]]:
    return [(finding.text, finding.advice, finding.is_problem) for finding in examine_rules()]


@pytest.fixture(autouse=True)
def logs(settings: Any) -> None:
    settings.LOGTAIL = {"REDACT": ["token", {"ready": "ip", "logs": ["requests"]}]}
    Log.objects.create(name="Requests", slug="requests", path="/srv/requests.log", enabled=False)


def test_rules_for_all_logs_and_for_a_log_that_exists_are_fine_also_if_it_is_disabled() -> None:
    assert said() == []


def test_a_slug_that_no_log_has_is_a_problem_with_its_rules_and_the_closest_slug(settings: Any) -> None:
    settings.LOGTAIL["REDACT"] = [
        {"ready": "ip", "logs": ["requests", "request"]},
        {"ready": "iban", "logs": ["request"]},
        {"ready": "email", "logs": ["mail"]},
        {"ready": "card", "logs": ["requests"]},
    ]

    assert said() == [
        (
            "rules: LOGTAIL[\"REDACT\"] names the log 'mail', and there is none, so nothing is hidden for it by: email",
            "Correct 'logs' of the rule, or remove the slug; then restart web processes and workers.",
            True,
        ),
        (
            "rules: LOGTAIL[\"REDACT\"] names the log 'request', and there is none, so nothing is hidden for it by: "
            "ip, iban",
            "Did you mean 'requests'? Correct 'logs' of the rule, or remove the slug; then restart web processes and "
            "workers.",
            True,
        ),
    ]


def test_it_disappears_with_a_log_of_that_slug_and_comes_back_without(settings: Any) -> None:
    Log.objects.all().delete()
    assert len(said()) == 1

    Log.objects.create(name="Requests", slug="requests", path="/srv/requests.log")
    assert said() == []

    Log.objects.update(slug="access")
    assert len(said()) == 1
