"""Telling and hearing of changes of access."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from django_logtail.control import ControlUnavailable
from django_logtail.control.messages import end_text
from django_logtail.control.wire import signed_text
from django_logtail.viewing.changes import Hearing, Teller, ended_by, is_concerned, of_end


@pytest.mark.parametrize(
    ("change", "concerned"),
    [
        ("user|7", [True, True, False]),
        ("log|app", [True, False, True]),
        ("all", [True, True, True]),
        ("user|77", [False, False, False]),
        ("log|ap", [False, False, False]),
        ("user|app", [False, False, False]),
        ("", [False, False, False]),
        ("anything else", [False, False, False]),
    ],
)
def test_a_change_concerns_a_user_or_a_log_or_all(change: str, concerned: list[bool]) -> None:
    watching = [("7", "app"), ("7", "shop"), ("8", "app")]

    assert [is_concerned(change, user, slug) for user, slug in watching] == concerned


class Shared:
    """What processes share."""

    def __init__(self) -> None:
        self.told: list[set[str]] = []
        self.error: Exception | None = None
        self.may_go_on = threading.Event()
        self.may_go_on.set()
        self.began = threading.Event()
        self.ended = threading.Semaphore(0)
        self.found: dict[str, float] = {}

    def tell_changes(self, changes: set[str]) -> None:
        self.began.set()
        self.may_go_on.wait(60)
        try:
            if self.error is not None:
                raise self.error
            self.told.append(changes)
        finally:
            self.ended.release()

    def changes(self) -> dict[str, float]:
        if self.error is not None:
            raise self.error
        return dict(self.found)


def test_changes_that_come_while_one_is_told_are_told_together() -> None:
    shared: Any = Shared()
    shared.may_go_on.clear()
    teller = Teller(lambda: shared)

    teller.tell("user|1")
    assert shared.began.wait(60)
    for change in ("user|2", "user|3", "user|2"):
        teller.tell(change)
    shared.may_go_on.set()
    assert shared.ended.acquire(timeout=60)
    assert shared.ended.acquire(timeout=60)

    assert shared.told == [{"user|1"}, {"user|2", "user|3"}]


def test_what_can_not_be_told_is_dropped_and_the_next_one_is_told() -> None:
    shared: Any = Shared()
    shared.error = ControlUnavailable("gone")
    teller = Teller(lambda: shared)

    teller.tell("user|1")
    assert shared.ended.acquire(timeout=60)
    shared.error = None
    teller.tell("user|2")
    assert shared.ended.acquire(timeout=60)

    assert shared.told == [{"user|2"}]


async def test_each_change_is_heard_once_and_again_when_it_is_told_again() -> None:
    shared: Any = Shared()
    hearing = Hearing(lambda: shared)
    heard = []
    for found in ({"user|1": 1.0}, {"user|1": 1.0, "all": 2.0}, {"user|1": 3.0, "all": 2.0}, {}):
        shared.found = found
        heard.append(list(await hearing.news()))

    assert heard == [["user|1"], ["all"], ["user|1"], []]


async def test_nothing_is_heard_while_redis_does_not_answer() -> None:
    shared: Any = Shared()
    hearing = Hearing(lambda: shared)
    shared.found, shared.error = {"user|1": 1.0}, ControlUnavailable("gone")
    before = list(await hearing.news())
    shared.error = None

    assert (before, list(await hearing.news())) == ([], ["user|1"])


def test_the_end_of_viewings_names_them_and_says_why() -> None:
    change = of_end(["one", "two"], "maintenance | until \n 15:00")

    assert ended_by(change) == (["one", "two"], "maintenance | until \n 15:00")
    assert not is_concerned(change, "7", "app")


@pytest.mark.parametrize("change", ["user|7", "log|app", "all", "", "ended|x"])
def test_other_changes_end_nothing(change: str) -> None:
    assert ended_by(change) is None


@pytest.mark.parametrize(
    "forge",
    [
        lambda text: text.replace("one", "two"),
        lambda text: text.replace("why", "hm?"),
        lambda text: text.partition("\n")[0],
        lambda text: text.partition("\n")[0] + "\n" + "00" * 16,
        lambda text: signed_text("note", {"sessions": ["one"], "note": "why"}),
        lambda text: signed_text("end", {"sessions": ["one"], "note": "why"}, "queue"),
        lambda text: signed_text("end", {"sessions": "one", "note": "why"}),
        lambda text: signed_text("end", {"sessions": ["one"]}),
        lambda text: signed_text("end", {"sessions": ["one"] * 501, "note": ""}),
        lambda text: "",
    ],
)
def test_who_writes_to_redis_ends_nobody(forge: Any) -> None:
    text = end_text(["one"], "why")
    assert ended_by("end|" + text) == (["one"], "why")

    assert ended_by("end|" + forge(text)) == ([], "")


@pytest.mark.parametrize("other", ["the key", "the namespace"])
def test_another_project_ends_nobody_here(settings: Any, other: str) -> None:
    settings.LOGTAIL = {"NAMESPACE": "shop"}
    change = of_end(["one"], "why")
    if other == "the key":
        settings.SECRET_KEY = "another"
    else:
        settings.LOGTAIL = {"NAMESPACE": "bank"}

    assert ended_by(change) == ([], "")
