"""A recorder without threads, on a clock that the test moves, and a database that the test lets fail."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator, Sequence
from typing import Any

import pytest
from django.db import OperationalError

from django_logtail.audit import recorder as recorder_module
from django_logtail.audit import storing
from django_logtail.audit.recorder import Recorder

#: 2023-11-14 22:13:20 UTC.
NOW = 1_700_000_000.0


class Desk:
    """`pump` does what the two threads do."""

    def __init__(self, *, in_database: bool = False) -> None:
        self.now = NOW
        #: What the database raises now, if anything.
        self.failure: Exception | None = None
        self.stored: list[dict[str, Any]] = []
        self.batches: list[int] = []
        self._in_database = in_database
        self.recorder = Recorder(self._store, self._look_round, lambda: self.now)

    def pump(self) -> None:
        self.recorder.take_in()
        while self.recorder.store_some():
            pass

    def passes(self, seconds: float) -> None:
        self.now += seconds
        self.pump()

    def of(self, kind: str) -> list[dict[str, Any]]:
        self.pump()
        return [record for record in self.stored if record["kind"] == kind]

    def _store(self, records: Sequence[dict[str, Any]]) -> None:
        if self.failure is not None:
            raise self.failure
        self.batches.append(len(records))
        self.stored += records
        if self._in_database:
            storing.store(records)

    def _look_round(self, process: str, now: Any) -> None:
        if self.failure is not None:
            raise self.failure
        if self._in_database:
            storing.look_round(process, now)


GONE = OperationalError("the database is gone")


@pytest.fixture
def desk(monkeypatch: pytest.MonkeyPatch, settings: Any) -> Desk:
    """This process's recorder, without a database."""
    return _sit_down(Desk(), monkeypatch, settings)


@pytest.fixture
def database_desk(monkeypatch: pytest.MonkeyPatch, settings: Any, db: None) -> Desk:
    """The same, that stores in the test's database."""
    monkeypatch.setattr(storing.connections["default"], "close", lambda: None)
    return _sit_down(Desk(in_database=True), monkeypatch, settings)


def _sit_down(desk: Desk, monkeypatch: pytest.MonkeyPatch, settings: Any) -> Desk:
    settings.LOGTAIL = {**settings.LOGTAIL, "AUDIT": True}
    monkeypatch.setattr(recorder_module, "_here", desk.recorder)
    return desk


@pytest.fixture
def audit_lines() -> Iterator[list[str]]:
    """What the logger `django_logtail.audit` writes, a text for each record."""
    lines: list[str] = []

    class Kept(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            lines.append(self.format(record))

    handler = Kept()
    audit = logging.getLogger("django_logtail.audit")
    level = audit.level
    audit.addHandler(handler)
    audit.setLevel(logging.INFO)
    yield lines
    audit.removeHandler(handler)
    audit.setLevel(level)


def decoded(lines: Sequence[str]) -> list[dict[str, Any]]:
    return [json.loads(line) for line in lines]
