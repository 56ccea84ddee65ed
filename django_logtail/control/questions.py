"""Questions to the host of a queue and their answers: texts that are signed for one queue, and an answer for one
question.

A question passes through the broker, and the answer through Redis. `registering.asking` says what can be asked.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from django_logtail.control.wire import Malformed, Shape, read_text, signed_text

#: Characters of a question and of an answer: each may have 100 paths of 1,024 characters, escaped.
MOST_QUESTION_CHARACTERS: Final = 2_000_000
MOST_ANSWER_CHARACTERS: Final = 2_000_000


@dataclass(frozen=True, slots=True)
class Question:
    """`id`: at random, to bind the answer; `at`: when it was asked, in seconds by `Control.clock`; `asks`: its kind."""

    id: str
    at: float
    asks: str
    about: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Answer:
    """What `host` saw."""

    host: str
    found: Mapping[str, Any]


_QUESTION: Final = Shape(Question, "a question")
_ANSWER: Final = Shape(Answer, "an answer")


def question_text(queue: str, question: Question) -> str:
    """The question as text, signed for its queue."""
    return signed_text("question", _QUESTION.written(question), queue)


def read_question(queue: str, text: str) -> Question:
    """Raises `Unreadable`."""
    if len(text) > MOST_QUESTION_CHARACTERS:
        raise Malformed("a question: it is too long")
    return _QUESTION.read(read_text("question", text, queue))


def answer_text(queue: str, question: str, answer: Answer) -> str:
    """The answer as text, signed for its queue and the id of its question: it is useless for any other."""
    return signed_text("answer", _ANSWER.written(answer), queue, question)


def read_answer(queue: str, question: str, text: str) -> Answer:
    """Raises `Unreadable`."""
    if len(text) > MOST_ANSWER_CHARACTERS:
        raise Malformed("an answer: it is too long")
    return _ANSWER.read(read_text("answer", text, queue, question))
