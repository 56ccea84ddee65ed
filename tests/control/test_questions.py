"""Questions to a host and their answers: usable for nothing but what they were made for."""

import pytest

from django_logtail.control.questions import (
    Answer,
    Question,
    answer_text,
    question_text,
    read_answer,
    read_question,
)
from django_logtail.control.wire import Malformed, NotOurs

QUESTION = Question("5e", 12.5, "suggest", {"prefix": "/var/log/a"})
ANSWER = Answer("web-2", {"paths": ["/var/log/app.log"]})
#: As an earlier process wrote them, with the same key.
RECORDED_QUESTION = (
    '{"v":4,"is":"question","id":"5e","at":12.5,"asks":"suggest","about":{"prefix":"/var/log/a"}}'
    "\n979582c53d4ee02e800933a2cc4c55f5"
)
RECORDED_ANSWER = (
    '{"v":4,"is":"answer","host":"web-2","found":{"paths":["/var/log/app.log"]}}'
    "\ncea9bef5e9030b9eb665ad5f4f9ecf4a"
)


@pytest.fixture(autouse=True)
def project(settings):
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = "the recordings'", []
    settings.LOGTAIL = {"NAMESPACE": "shop"}


def test_they_are_read_as_they_were_written():
    assert read_question("web", question_text("web", QUESTION)) == QUESTION
    assert read_answer("web", "5e", answer_text("web", "5e", ANSWER)) == ANSWER


def test_those_of_earlier_processes_are_read():
    assert read_question("web", RECORDED_QUESTION) == QUESTION
    assert read_answer("web", "5e", RECORDED_ANSWER) == ANSWER


def test_one_for_another_queue_question_or_project_is_refused(settings):
    asked, told = question_text("web", QUESTION), answer_text("web", "5e", ANSWER)
    for wrong in (
        lambda: read_question("other", asked),
        lambda: read_question("web", asked.replace("log/a", "log/b")),
        lambda: read_question("web", told),
        lambda: read_answer("other", "5e", told),
        lambda: read_answer("web", "5f", told),
        lambda: read_answer("web", "5e", asked),
        lambda: read_answer("web", "5e", told.partition("\n")[0]),
    ):
        with pytest.raises(NotOurs):
            wrong()
    settings.SECRET_KEY = "another's"
    with pytest.raises(NotOurs):
        read_question("web", asked)


@pytest.mark.parametrize("size", [1_999_999, 2_000_000, 2_000_001])
def test_longer_ones_than_anybody_writes_are_refused_unread(size):
    with pytest.raises(NotOurs if size <= 2_000_000 else Malformed):
        read_question("web", "x" * size)
    with pytest.raises(NotOurs if size <= 2_000_000 else Malformed):
        read_answer("web", "5e", "x" * size)


def test_fields_of_other_types_are_refused():
    with pytest.raises(Malformed):
        read_question("web", question_text("web", Question("5e", 12.5, "suggest", ["/"])))
    with pytest.raises(Malformed):
        read_answer("web", "5e", answer_text("web", "5e", Answer("web-2", 7)))
