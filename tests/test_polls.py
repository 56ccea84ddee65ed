"""Which lines of `runserver` are left out."""

import logging
from typing import Any

import pytest

from django_logtail.polls import LOGGERS, WithoutPolls, leave_out_polls

DJANGO, DAPHNE = '"%s" %s %s', "HTTP %(method)s %(path)s %(status)s"


def record(said: str, *args: Any) -> logging.LogRecord:
    return logging.getLogger("x").makeRecord("x", logging.INFO, "f", 1, said, args, None)


@pytest.mark.parametrize(
    ("said", "args", "is_logged"),
    [
        (DJANGO, ("GET /logs/-/logs/ HTTP/1.1", "200", "512"), False),
        (DJANGO, ("GET /de/ops/-/logs/?x HTTP/1.1", "200", "512"), False),
        (DJANGO, ("GET /logs/-/logs/ HTTP/1.1", "500", "512"), True),
        (DJANGO, ("GET /logs/-/logs/ HTTP/1.1", "401", "512"), True),
        (DJANGO, ("GET /logs/ HTTP/1.1", "200", "512"), True),
        (DJANGO, ("GET /?next=/-/logs/ HTTP/1.1", "200", "512"), True),
        (DJANGO, ("GET /logs/-/logs/x HTTP/1.1", "200", "512"), True),
        (DAPHNE, ({"method": "GET", "path": "/logs/-/logs/", "status": 200},), False),
        (DAPHNE, ({"method": "GET", "path": "/logs/-/logs/", "status": 503},), True),
        (DAPHNE, ({"method": "GET", "path": "/shop/", "status": 200},), True),
        ("%s", ("GET /logs/-/logs/ HTTP/1.1",), True),
        ("plain", (), True),
    ],
)
def test_only_polls_that_succeeded_are_left_out(said: str, args: tuple[Any, ...], is_logged: bool) -> None:
    assert WithoutPolls().filter(record(said, *args)) is is_logged


def test_the_filter_is_there_once_and_only_for_runserver() -> None:
    leave_out_polls()
    leave_out_polls()

    for name in LOGGERS:
        assert [type(one) for one in logging.getLogger(name).filters].count(WithoutPolls) == 1
    for name in ("", "django", "django.request", "uvicorn.access"):
        assert not any(isinstance(one, WithoutPolls) for one in logging.getLogger(name).filters)
