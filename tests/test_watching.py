"""What becomes of a viewer while it watches."""

import asyncio
import json

import pytest
from django.db import DatabaseError

from django_logtail import protocol
from django_logtail import watching as module
from django_logtail.answers import Answers
from django_logtail.models import Log
from django_logtail.sockets import End
from django_logtail.watching import Watching

ROW = {
    "pk": 1,
    "slug": "app",
    "name": "App",
    "path": "/var/log/app.log",
    "queue": "web-1",
    "encoding": "utf-8",
}


@pytest.fixture(autouse=True)
def looks_at_once(monkeypatch):
    monkeypatch.setattr(module, "ADMIT_SECONDS", 0.0)


@pytest.mark.parametrize(
    "change",
    [
        {"pk": 2},
        {"path": "/var/log/other.log"},
        {"queue": "web-2"},
        {"encoding": "gbk"},
        {"access": "signed-in"},
        {"membership": 1},
    ],
)
async def test_a_viewer_of_a_log_that_names_something_else_now_begins_anew(change):
    async def admit():
        return Log(**{**ROW, **change})

    with pytest.raises(End) as end:
        await asyncio.wait_for(Watching(None, Log(**ROW), "7", "", admit)._recheck(), 10)

    assert (end.value.code, end.value.reason, end.value.may_retry) == (4503, "log-changed", True)


async def test_a_viewer_of_a_log_with_another_name_goes_on():
    looks = []

    async def admit():
        looks.append(None)
        if len(looks) > 2:
            raise End(1000, "seen enough")
        return Log(**{**ROW, "name": "Application", "group": "web", "order": 2})

    with pytest.raises(End, match="seen enough"):
        await asyncio.wait_for(Watching(None, Log(**ROW), "7", "", admit)._recheck(), 10)


async def test_what_is_asked_for_while_access_cannot_be_looked_up_is_answered_so():
    async def admit():
        raise DatabaseError("gone")

    said = []

    async def send(frame):
        said.append(json.loads(frame))

    answers = Answers(None, "7", admit, send)

    await answers.begin(protocol.Range(7, "f", 0, 10))
    await asyncio.gather(*answers.tasks)

    assert said == [
        {
            "type": "error",
            "request": 7,
            "id": "unavailable",
            "text": "The server cannot look up your access right now. Try again.",
        }
    ]


async def test_an_answer_to_somebody_who_is_gone_ends_without_a_word():
    async def admit():
        raise DatabaseError("gone")

    async def send(frame):
        raise End(None)

    answers = Answers(None, "7", admit, send)

    await answers.begin(protocol.SearchFrom(7, "f", 0, "x", False, False))
    await asyncio.gather(*answers.tasks)

    assert answers.tasks == []
