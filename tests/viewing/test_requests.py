"""What may be asked for beside the stream."""

import asyncio
import json

import pytest

from django_logtail import protocol
from django_logtail.models import Log
from django_logtail.place import Place
from django_logtail.timing import Supervisor
from django_logtail.viewing.requests import Answers, offered


@pytest.mark.parametrize(
    ("re2", "can"), [(object(), ["range", "search", "regex"]), (None, ["range", "search"])]
)
def test_expressions_are_offered_where_there_is_something_to_match_them(monkeypatch, re2, can):
    monkeypatch.setattr("django_logtail.tailing.text.matching._re2", lambda: re2)

    assert offered() == can


async def test_an_answer_that_fails_is_told_to_who_asked_and_logged(monkeypatch, caplog):
    said = []

    class Relay:
        supervisor = Supervisor("relay")

        def history(self, *arguments, **keywords):
            raise KeyError("a bug in the answer")

    async def admit():
        return Log(pk=1, slug="app", name="App", path="/var/log/app.log", queue="q", encoding="utf-8")

    async def send(frame):
        said.append(json.loads(frame))

    answers = Answers(Relay(), "7", admit, send)

    await answers.begin(protocol.Range(3, Place("f", 0), 10))
    await asyncio.gather(*answers.tasks)

    assert said == [
        {
            "type": "error",
            "request": 3,
            "id": "unavailable",
            "text": "The server failed to answer. Its own log says why.",
        }
    ]
    assert "relay: answering a viewer failed" in caplog.messages
    assert "a bug in the answer" in caplog.text
