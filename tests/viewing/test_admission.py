"""Who is let in, and what happens when that cannot be looked up."""

import threading

import pytest
from django.db import DatabaseError

from django_logtail.viewing import admission


async def test_a_database_that_does_not_answer_counts_as_one_that_fails(monkeypatch):
    answers = threading.Event()
    monkeypatch.setattr(admission, "ANSWER_SECONDS", 0.01)
    monkeypatch.setattr(admission, "_admitted", lambda *arguments: answers.wait())

    try:
        with pytest.raises(DatabaseError, match="no answer within"):
            await admission.admitted("1", "session", "app")
    finally:
        answers.set()
