"""What becomes of a viewer while it watches."""

import asyncio
import json

import pytest
from django.db import DatabaseError

from django_logtail import protocol
from django_logtail.access import Refused
from django_logtail.models import Log
from django_logtail.place import Place
from django_logtail.protocol import CloseCode
from django_logtail.viewing.rechecks import Changed
from django_logtail.viewing.requests import Answers
from django_logtail.viewing.session import Watching
from django_logtail.viewing.socket import End

ROW = {
    "pk": 1,
    "slug": "app",
    "name": "App",
    "path": "/var/log/app.log",
    "queue": "web-1",
    "encoding": "utf-8",
}


class Lost:
    """A stay that ends at once."""

    def __init__(self, error: Exception) -> None:
        self.error = error

    async def until_lost(self) -> None:
        raise self.error


async def test_a_viewer_of_a_log_that_names_something_else_now_begins_anew():
    stay = Lost(Changed("this log's entry was changed"))

    with pytest.raises(End) as end:
        await Watching(None, Log(**ROW), "7", "", stay)._until_lost()

    assert (end.value.code, end.value.reason, end.value.may_retry) == (4503, "log-changed", True)


async def test_a_viewer_who_lost_access_is_told_so():
    stay = Lost(Refused(CloseCode.NO_ACCESS, "no-access", "Your access to this log has ended."))

    with pytest.raises(End) as end:
        await Watching(None, Log(**ROW), "7", "", stay)._until_lost()

    assert (end.value.code, end.value.reason, end.value.may_retry) == (4403, "no-access", False)


async def test_a_viewer_whose_access_cannot_be_looked_up_ends_with_what_the_database_said():
    with pytest.raises(DatabaseError, match="gone"):
        await Watching(None, Log(**ROW), "7", "", Lost(DatabaseError("gone")))._until_lost()


async def test_what_is_asked_for_while_access_cannot_be_looked_up_is_answered_so():
    async def admit():
        raise DatabaseError("gone")

    said = []

    async def send(frame):
        said.append(json.loads(frame))

    answers = Answers(None, "7", admit, send)

    await answers.begin(protocol.Range(7, Place("f", 0), 10))
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

    await answers.begin(protocol.SearchFrom(7, Place("f", 0), "x", False, False))
    await asyncio.gather(*answers.tasks)

    assert answers.tasks == []
