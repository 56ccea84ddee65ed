"""Looks at files that may hang: they cost a bounded time, and a bounded number of threads."""

import threading
from pathlib import Path

import pytest

from django_logtail.tailing.files.looks import Looks, NoAnswer


@pytest.fixture
def hang():
    """A look that doesn't end before the test."""
    released = threading.Event()
    yield lambda: released.wait(20)
    released.set()


def test_a_look_returns_and_raises_what_it_does():
    looks = Looks(20)

    def fail():
        raise LookupError("x")

    assert looks.take(Path("/srv/a.log"), lambda: 7) == 7
    with pytest.raises(LookupError, match="x"):
        looks.take(Path("/srv/a.log"), fail)
    assert looks.take(Path("/srv/a.log"), lambda: 8) == 8


def test_a_directory_that_did_not_answer_is_not_asked_again_and_others_are(hang):
    looks = Looks(0.01)
    asked = []
    with pytest.raises(NoAnswer):
        looks.take(Path("/dead/a.log"), hang)

    with pytest.raises(NoAnswer):
        looks.take(Path("/dead/b.log"), lambda: asked.append("dead"))
    looks._seconds = 20
    looks.take(Path("/srv/b.log"), lambda: asked.append("srv"))
    assert asked == ["srv"]


def test_a_directory_that_has_answered_is_asked_again():
    looks, released = Looks(0.01), threading.Event()
    with pytest.raises(NoAnswer):
        looks.take(Path("/slow/a.log"), lambda: released.wait(20))
    released.set()
    looks._stuck[0].join(20)
    looks._seconds = 20

    assert looks.take(Path("/slow/a.log"), lambda: 7) == 7


def test_eight_looks_may_be_stuck_and_no_more(hang):
    looks = Looks(0.01)
    for number in range(8):
        with pytest.raises(NoAnswer):
            looks.take(Path(f"/dead{number}/a.log"), hang)
    asked = []
    looks._seconds = 20

    with pytest.raises(NoAnswer):
        looks.take(Path("/srv/a.log"), lambda: asked.append("srv"))
    assert (asked, len(looks._stuck)) == ([], 8)
