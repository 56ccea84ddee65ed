"""Log lines about refused handshakes: rare, short, and never with a client's raw input."""

import logging

import pytest

from django_logtail.viewing.refusals import Refusals, printable


class Clock:
    now = 100.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def refusals(clock):
    return Refusals(clock)


def test_a_kind_is_said_once_in_ten_seconds_and_the_others_are_counted(refusals, clock, caplog):
    said = []
    for now in (100.0, 100.1, 109.9, 110.0, 110.1):
        clock.now = now
        refusals.say("it has no session", address="192.0.2.1", log="app")
        said.append(len(caplog.messages))

    assert said == [1, 1, 1, 2, 2]
    assert caplog.messages == [
        "refused a WebSocket for log 'app' from '192.0.2.1': it has no session",
        "refused a WebSocket for log 'app' from '192.0.2.1': it has no session; 2 more since the last such line",
    ]
    assert {record.levelno for record in caplog.records} == {logging.WARNING}


def test_another_kind_is_said_beside_it_and_counted_apart(refusals, clock, caplog):
    refusals.say("one", address="", log="app")
    refusals.say("one", address="", log="app")
    refusals.say("other", address="", log="app", seen="https://evil.example")
    clock.now += 10
    refusals.say("other", address="", log="app")

    assert caplog.messages == [
        "refused a WebSocket for log 'app' from an unknown address: one",
        "refused a WebSocket for log 'app' from an unknown address: other ('https://evil.example')",
        "refused a WebSocket for log 'app' from an unknown address: other",
    ]


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a" * 100, repr("a" * 100)),
        ("a" * 101, repr("a" * 100 + "…")),
        ("a\nb\x1b[31m\u202eé", "'a?b?[31m??'"),
        ("it's", '"it\'s"'),
    ],
)
def test_what_a_client_sent_is_cut_and_harmless(text, shown):
    assert printable(text) == shown
