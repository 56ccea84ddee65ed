"""What the doctor says about a database that fails."""

from __future__ import annotations

import pytest
from django.db import OperationalError

from django_logtail.operating.doctor import project


def test_a_database_that_is_locked_is_a_problem_with_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    def locked() -> list[str]:
        raise OperationalError("database is locked")

    monkeypatch.setattr(project, "waiting_migrations", locked)

    assert [(one.text, one.advice, one.is_problem) for one in project.examine_database()] == [
        (
            "database: database is locked",
            "Correct DATABASES, start the database, or end what keeps it locked.",
            True,
        )
    ]
