"""Asking the host of a queue: who answers, for how long one waits, and what is not answered."""

from __future__ import annotations

import socket
import threading
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from django_logtail import tasks
from django_logtail.control import ControlUnavailable, Server
from django_logtail.control.process import use
from django_logtail.control.questions import (
    Answer,
    Question,
    answer_text,
    question_text,
    read_answer,
    read_question,
)
from django_logtail.models import Log
from django_logtail.registering import asking
from django_logtail.registering.asking import Look, Preview, Suggest, Told, Try, ask, ask_each, ask_or_look
from tests.stack import Stack, wait_until


@dataclass
class Redis:
    """Stores answers. `worker` is called with each question that is sent."""

    servers_: list[Server] = field(default_factory=lambda: [Server("web-2", 7, True)])
    now: float = 100.0
    answers: dict[str, str] = field(default_factory=dict)
    used: set[str] = field(default_factory=set)
    rung: list[str] = field(default_factory=list)

    def ring(self, queue: str) -> None:
        self.rung.append(queue)

    def servers(self, queue: str) -> list[Server]:
        return self.servers_

    def clock(self) -> float:
        return self.now

    def use_ticket(self, digest: str, seconds: float) -> bool:
        is_new = digest not in self.used
        self.used.add(digest)
        return is_new

    def answer(self, queue: str, question: str, text: str) -> None:
        self.answers[question] = text

    def take_answer(self, queue: str, question: str) -> str:
        return self.answers.pop(question, "")


@pytest.fixture
def root(tmp_path: Path, settings: Any) -> Path:
    settings.LOGTAIL = {"ROOTS": [str(tmp_path)], "READER": "dramatiq", "NAMESPACE": "shop"}
    (tmp_path / "app.log").write_text("one\ntwo\n")
    return tmp_path


@pytest.fixture
def stored(root: Path) -> Any:
    made = Redis()
    use(made)  # type: ignore[arg-type]
    yield made
    use(None)


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, str]]:
    """The questions that reached the broker."""
    found: list[tuple[str, str]] = []
    monkeypatch.setattr(asking, "_send", lambda queue, text: found.append((queue, text)))
    return found


def waiting(queue: str = "web", asked: Any = None) -> tuple[Told | None, list[float]]:
    """The answer, and the pauses that were made for it."""
    pauses: list[float] = []
    told = ask(queue, asked or Suggest("/"), clock=lambda: round(sum(pauses), 3), sleep=pauses.append)
    return told, pauses


def test_a_local_reader_s_host_is_this_one(root: Path, settings: Any) -> None:
    settings.LOGTAIL = {**settings.LOGTAIL, "READER": "local"}

    told = ask("", Look([(f"{root}/app.log", "utf-8"), (f"{root}/none.log", "utf-8")]))

    assert told is not None
    assert (told.host, told.is_reader) == (socket.gethostname(), True)
    assert [(one["size"], one["line"], bool(one["reason"])) for one in told.found["files"]] == [
        (8, "two", False),
        (None, "", True),
    ]
    assert ask("", Suggest(f"{root}/a")).found == {"paths": [f"{root}/app.log"]}  # type: ignore[union-attr]
    assert ask("", Preview(f"{root}/app.log")).found["lines"] == ("one", "two")  # type: ignore[union-attr]


def test_a_worker_s_answer_ends_the_wait(stored: Redis, root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(asking, "_send", tasks.look.fn)

    told, pauses = waiting(asked=Suggest(f"{root}/a"))

    assert (told, pauses) == (Told(socket.gethostname(), {"paths": [f"{root}/app.log"]}), [])
    assert stored.answers == {}


@pytest.mark.django_db
def test_rules_are_tried_by_the_host_of_a_log_which_sends_no_hidden_byte(
    stored: Redis, root: Path, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.LOGTAIL = {**settings.LOGTAIL, "REDACT": ["ip", {"ready": "email", "logs": ["other"]}]}
    said: list[str] = []
    monkeypatch.setattr(asking, "_send", tasks.look.fn)
    monkeypatch.setattr(stored, "answer", lambda *told: (said.append(told[2]), Redis.answer(stored, *told)))
    (root / "app.log").write_text("from 203.0.113.41 a@b.example\nplain\n")
    log = Log.objects.create(name="App", slug="app", path=f"{root}/app.log")
    outside = Log.objects.create(name="Out", slug="out", path="/etc/passwd")

    told, _ = waiting(asked=Try(log.pk))

    assert told is not None
    assert told.found["lines"] == [[["from ", ""], ["", "ip"], [" a@b.example", ""]]]
    assert (told.found["counts"], told.found["size"]) == ([["ip", 1]], 36)
    assert "203.0.113" not in "".join(said)
    for asked in (Try(outside.pk), Try(999), Try("1 OR 1")):  # type: ignore[arg-type]
        told, _ = waiting(asked=asked)
        assert told is not None
        assert not told.found.get("lines")
        assert "root:" not in "".join(said)


def test_without_an_answer_one_waits_three_seconds_and_sees_this_host(
    stored: Redis, root: Path, sent: list[tuple[str, str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    told, pauses = waiting()
    assert (told, round(sum(pauses), 2), len(sent), sent[0][0]) == (None, 3.0, 1, "web")
    assert stored.rung == ["web"]

    monkeypatch.setattr(asking, "ANSWER_SECONDS", 0)
    seen = ask_or_look("web", Suggest(f"{root}/a"))
    assert seen == Told(socket.gethostname(), {"paths": [f"{root}/app.log"]}, is_reader=False)


def test_without_a_worker_or_redis_nobody_waits_and_nothing_is_sent(
    stored: Redis, sent: list[tuple[str, str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    stored.servers_ = []
    assert waiting() == (None, [])

    def down(queue: str) -> list[Server]:
        raise ControlUnavailable("connection refused")

    monkeypatch.setattr(stored, "servers", down)
    assert waiting() == (None, [])
    assert sent == []


def test_a_broker_that_fails_is_no_answer(stored: Redis, monkeypatch: pytest.MonkeyPatch) -> None:
    def down(queue: str, text: str) -> None:
        raise OSError("connection refused")

    monkeypatch.setattr(asking, "_send", down)
    assert waiting() == (None, [])


def test_a_forged_answer_and_one_to_another_question_are_passed_over(
    stored: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    lies = Answer("evil", {"paths": ["/etc/passwd"]})
    made = iter(
        [
            lambda id: '{"v":4,"is":"answer","host":"evil","found":{}}\n00',
            lambda id: answer_text("web", "another", lies),
            lambda id: answer_text("other", id, lies),
            lambda id: "x" * 2_000_001,
            lambda id: answer_text("web", id, Answer("web-2", {"paths": []})),
        ]
    )
    ids: list[str] = []
    monkeypatch.setattr(asking, "_send", lambda queue, text: ids.append(read_question(queue, text).id))
    monkeypatch.setattr(stored, "take_answer", lambda queue, id: next(made)(ids[0]))

    told, pauses = waiting()

    assert (told, len(pauses)) == (Told("web-2", {"paths": []}), 4)


def question(stored: Redis, **fields: Any) -> str:
    made = {"id": "5e", "at": stored.now, "asks": "suggest", "about": {"prefix": "/"}, **fields}
    return question_text("web", Question(**made))


def test_what_is_not_ours_too_old_replayed_or_garbled_is_not_answered(stored: Redis, settings: Any) -> None:
    good = question(stored)
    settings.SECRET_KEY = "another's"
    foreign = question(stored)
    settings.SECRET_KEY = "tests-only"

    for queue, text in [
        ("web", foreign),
        ("other", good),
        ("web", good.replace('"prefix":"/"', '"prefix":"/e"')),
        ("web", "x" * 2_000_001),
        ("web", question(stored, at=94.9)),
        ("web", question(stored, at=105.1)),
        (7, good),
        ("web", None),
    ]:
        tasks.look.fn(queue, text)
        assert stored.answers == {}
    tasks.look.fn("web", good)
    assert list(stored.answers) == ["5e"]
    stored.answers.clear()
    tasks.look.fn("web", good)
    assert stored.answers == {}


@pytest.mark.parametrize("at", [95.0, 105.0])
def test_a_question_is_answered_for_five_seconds_by_any_clock(stored: Redis, at: float) -> None:
    tasks.look.fn("web", question(stored, at=at))
    assert list(stored.answers) == ["5e"]


@pytest.mark.parametrize(
    ("asks", "about", "found"),
    [
        ("rm", {"path": "/"}, {}),
        ("look", {"files": 7}, {"files": []}),
        ("look", {"files": [7, ["/a"], None]}, {"files": []}),
        ("look", {}, {"files": []}),
        ("suggest", {"prefix": ["/"]}, {"paths": []}),
    ],
)
def test_a_question_of_another_version_is_answered_as_far_as_it_is_understood(
    stored: Redis, asks: str, about: Any, found: Any
) -> None:
    tasks.look.fn("web", question(stored, asks=asks, about=about))

    assert read_answer("web", "5e", stored.answers["5e"]).found == found


def test_a_worker_whose_reader_is_local_answers_nothing(stored: Redis, settings: Any) -> None:
    text = question(stored)
    settings.LOGTAIL = {**settings.LOGTAIL, "READER": "local"}
    tasks.look.fn("web", text)

    assert stored.answers == {}


def test_several_queues_are_asked_at_the_same_time(stored: Redis, monkeypatch: pytest.MonkeyPatch) -> None:
    together = threading.Barrier(2, timeout=30)

    def send(queue: str, text: str) -> None:
        together.wait()
        tasks.look.fn(queue, text)

    monkeypatch.setattr(asking, "_send", send)
    found = ask_each({"web": Look([]), "db": Look([])})

    assert {queue: told and told.found for queue, told in found.items()} == {
        "web": {"files": []},
        "db": {"files": []},
    }
    assert ask_each({}) == {}


@pytest.mark.redis
@pytest.mark.whole
def test_a_real_worker_answers_for_its_queue_and_nobody_else_can_ask(stack: Stack) -> None:
    log = stack.add_log("asked", "价格 高\n价格 低\n".encode("gbk"))

    told = stack.call("ask_host", "logtail", "Preview", str(log))
    assert (told["host"], told["is_reader"]) == (socket.gethostname(), True)
    assert (told["found"]["lines"], told["found"]["seen"]["size"]) == (["价格 高", "价格 低"], 16)
    assert (
        stack.call("ask_host", "logtail", "Look", [["/etc/passwd", "utf-8"]])["found"]["files"][0]["size"]
        is None
    )
    assert stack.call("ask_host", "unserved", "Suggest", "/") is None

    text = stack.call("question_text", "logtail", "f0", "suggest", {"prefix": "/"})
    stack.call("send_question", "logtail", text.replace('"/"', '"/e"'))
    stack.call("send_question", "logtail", text)
    answers: list[str] = []
    wait_until(
        lambda: answers.append(stack.call("take_answer", "logtail", "f0")) or answers[-1], what="an answer"
    )
    stack.call("send_question", "logtail", text)
    stack.call("ask_host", "logtail", "Suggest", "/")  # taken after it
    assert stack.call("take_answer", "logtail", "f0") == ""
