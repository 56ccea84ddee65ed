"""What becomes of a viewer while it watches."""

import asyncio

import pytest

from django_logtail import watching as module
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
    "change", [{"pk": 2}, {"path": "/var/log/other.log"}, {"queue": "web-2"}, {"encoding": "gbk"}]
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
        return Log(**{**ROW, "name": "Application", "group": "web", "access": "staff"})

    with pytest.raises(End, match="seen enough"):
        await asyncio.wait_for(Watching(None, Log(**ROW), "7", "", admit)._recheck(), 10)
