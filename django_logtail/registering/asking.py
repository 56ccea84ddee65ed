"""Asks the host that serves a queue about its files, for people who register logs.

A question goes to the queue's worker as a task, and the answer comes back through Redis. Both are signed, and the
answer is bound to its question. What may be opened is decided there, by that host's own settings and the open file.
With a reader in this process, this host answers. Callers must make sure that the user may register or change logs.
"""

from __future__ import annotations

import contextlib
import hashlib
import logging
import socket
import time
import uuid
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

from django_logtail.conf import conf
from django_logtail.control import Control, ControlUnavailable
from django_logtail.control.process import control
from django_logtail.control.questions import (
    Answer,
    Question,
    answer_text,
    question_text,
    read_answer,
    read_question,
)
from django_logtail.control.wire import Malformed, Unreadable, ignored
from django_logtail.registering import files, found, tried
from django_logtail.registering.logging_tree import MOST_HANDLERS

logger = logging.getLogger(__name__)

#: The actor in `tasks` that answers.
ACTOR: Final = "logtail_look"
#: Seconds to wait for an answer. An idle worker that hears no bell looks into its queue once a second.
ANSWER_SECONDS: Final = 3.0
#: Seconds between looks for it.
PAUSE_SECONDS: Final = 0.05
#: Seconds for which a question may be answered: whoever asked it has left by then.
QUESTION_SECONDS: Final = 5.0
#: Files that may be logs in an answer.
MOST_FOUND: Final = 200
#: Queues asked at a time.
MOST_QUEUES: Final = 8


@dataclass(frozen=True, slots=True)
class Look:
    """Size, last change and last line of files, each given as its path and encoding, and what the path names
    (`models.Follow`). Found: "files", in that order.
    """

    files: Sequence[tuple[str, str]]
    follows: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Preview:
    """The last lines of a file. Found: the fields of `files.Preview`."""

    path: str
    encoding: str = ""
    follow: str = ""


@dataclass(frozen=True, slots=True)
class Suggest:
    """What begins like this path. Found: "paths"."""

    prefix: str


@dataclass(frozen=True, slots=True)
class FindFiles:
    """The files that may be logs; `own`: those of the asking project's logging. Found: what `found.written` gives."""

    own: Sequence[str]


@dataclass(frozen=True, slots=True)
class Try:
    """What rules hide at the end of a log's file, given as the number of its row. Found: what `tried` gives."""

    log: int


Asked = Look | Preview | Suggest | FindFiles | Try


@dataclass(frozen=True, slots=True)
class Told:
    """What was found, and on which host. `is_reader`: that is the host of the queue, and not merely this one."""

    host: str
    found: Mapping[str, Any]
    is_reader: bool = True


def ask(
    queue: str,
    asked: Asked,
    *,
    clock: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], None] = time.sleep,
) -> Told | None:
    """What the queue's host sees; None if nobody answers. Blocks for 3 s at most, but for Redis's own time-outs."""
    if conf.READER == "local":
        return Told(socket.gethostname(), _found(_kind(asked), asdict(asked)))
    try:
        return _asked(control(), queue, asked, clock, sleep)
    except ControlUnavailable:
        return None
    except Exception as error:  # noqa: BLE001 - a broker raises what its client does
        logger.info("queue %s can't be asked: %s", queue, error)
        return None


def ask_or_look(queue: str, asked: Asked) -> Told:
    """The same; if nobody answers, what this host sees."""
    return ask(queue, asked) or look_here(asked)


def look_here(asked: Asked) -> Told:
    """What this host sees, which need not be the queue's."""
    return Told(socket.gethostname(), _found(_kind(asked), asdict(asked)), is_reader=False)


def ask_each(questions: Mapping[str, Asked]) -> dict[str, Told | None]:
    """The answers by queue, all asked at the same time; the first 8 queues."""
    queues = list(questions)[:MOST_QUEUES]
    if len(queues) < 2:
        return {queue: ask(queue, questions[queue]) for queue in queues}
    with ThreadPoolExecutor(len(queues), "logtail-ask") as threads:
        answers = threads.map(lambda queue: ask(queue, questions[queue]), queues)
        return dict(zip(queues, answers, strict=True))


def _asked(
    control: Control, queue: str, asked: Asked, clock: Callable[[], float], sleep: Callable[[float], None]
) -> Told | None:
    if not control.servers(queue):
        return None  # a task would wait until there is a worker
    end = clock() + ANSWER_SECONDS
    question = Question(uuid.uuid4().hex, control.clock(), _kind(asked), asdict(asked))
    _send(queue, question_text(queue, question))
    with contextlib.suppress(ControlUnavailable):  # without it, an idle worker takes a second
        control.ring(queue)
    while True:
        if text := control.take_answer(queue, question.id):
            try:
                answer = read_answer(queue, question.id, text)
                return Told(answer.host, answer.found)
            except Unreadable as error:
                ignored.add("an answer", error)
        if clock() >= end:
            return None
        sleep(PAUSE_SECONDS)


def _send(queue: str, text: str) -> None:
    import dramatiq  # not at the top: dramatiq must not create a default broker before the apps are loaded

    from django_logtail.control.connection import mend_client_of

    broker = dramatiq.get_broker()
    mend_client_of(broker)
    broker.declare_queue(queue)
    broker.enqueue(
        dramatiq.Message(queue_name=queue, actor_name=ACTOR, args=(queue, text), kwargs={}, options={})
    )


# -- on the host that is asked ---------------------------------------------------------------------


def answer(queue: str, text: str) -> None:
    """Answer a question that came as a task, once, unless it is not ours or too old. Blocks for 2 s at most."""
    try:
        question = read_question(queue, text)
    except Unreadable as error:
        ignored.add("a question", error)
        return
    age = control().clock() - question.at
    digest = hashlib.sha256(f"question {question.id}".encode()).hexdigest()
    if not -QUESTION_SECONDS <= age <= QUESTION_SECONDS or not control().use_ticket(
        digest, 2 * QUESTION_SECONDS
    ):
        ignored.add("a question", Malformed("it is too old, or was answered before"))
        return
    told = Answer(socket.gethostname(), _found(question.asks, question.about))
    control().answer(queue, question.id, answer_text(queue, question.id, told))


def _kind(asked: Asked) -> str:
    return type(asked).__name__.lower()


def _found(asks: str, about: Mapping[str, Any]) -> Mapping[str, Any]:
    """What this host sees; nothing if it doesn't understand the question."""
    find = _FINDERS.get(asks)
    return {} if find is None else find(about)


def _look(about: Mapping[str, Any]) -> Mapping[str, Any]:
    listed = about.get("files")
    pairs = [
        (str(one[0]), str(one[1]))
        for one in (listed if isinstance(listed, (list, tuple)) else ())
        if isinstance(one, (list, tuple)) and len(one) == 2
    ]
    follows = about.get("follows")
    named = [str(one) for one in follows] if isinstance(follows, (list, tuple)) else []
    return {"files": [asdict(seen) for seen in files.look(pairs, named)]}


def _preview(about: Mapping[str, Any]) -> Mapping[str, Any]:
    path, encoding, follow = (str(about.get(name, "")) for name in ("path", "encoding", "follow"))
    return asdict(files.preview(path, encoding, follow))


def _suggest(about: Mapping[str, Any]) -> Mapping[str, Any]:
    return {"paths": files.suggest(str(about.get("prefix", "")))}


def _try(about: Mapping[str, Any]) -> Mapping[str, Any]:
    log = about.get("log")
    return tried.tried_on_log(log) if isinstance(log, int) else {}


def _find_files(about: Mapping[str, Any]) -> Mapping[str, Any]:
    own = [Path(one) for one in about.get("own", ()) if isinstance(one, str) and one.startswith("/")]
    return found.written(found.look_around(conf.ROOTS, own[:MOST_HANDLERS]), MOST_FOUND)


_FINDERS: Final[Mapping[str, Callable[[Mapping[str, Any]], Mapping[str, Any]]]] = {
    "look": _look,
    "preview": _preview,
    "suggest": _suggest,
    "findfiles": _find_files,
    "try": _try,
}
