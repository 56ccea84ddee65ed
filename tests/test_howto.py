"""The snippets of the how-to pages on stopping, notes and hosts do what their pages say."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import dramatiq
import pytest
from django.contrib.auth.models import AnonymousUser, User
from django.core.checks import ERROR, run_checks
from django.test import RequestFactory

from django_logtail.control import Note, ReaderLease, Seen
from django_logtail.control.in_memory import MemoryControl
from django_logtail.control.process import use
from django_logtail.models import Log
from tests.stack import CHECKOUT

HOWTO = CHECKOUT / "docs" / "howto"


def snippet(page: str, name: str) -> dict[str, Any]:
    """What the page's Python named by a comment defines."""
    found = re.search(rf"<!-- {name} -->\n```python\n(.*?)```", (HOWTO / page).read_text(), re.DOTALL)
    assert found
    defined: dict[str, Any] = {"__name__": "howto"}
    exec(found[1], defined)
    return defined


@pytest.fixture
def memory() -> Iterator[MemoryControl]:
    memory = MemoryControl()
    use(memory)
    yield memory
    use(None)


def sent(memory: MemoryControl) -> list[Note]:
    lease = ReaderLease("t", "host", 1, "0.1")
    return list(memory.tick("logtail", lease, Seen(), may_end=False, starting=True).notes)


@pytest.mark.django_db
def test_the_stop_in_python_sets_the_flag(memory: MemoryControl) -> None:
    log = Log.objects.create(name="Payments", slug="payments", path="/tmp/payments.log")

    snippet("stop.md", "stop")["stop_payments"]("ann")

    assert memory.stops("logtail") == {str(log.pk): "reason:stopped-because?user=ann&why=shows+card+numbers"}


@pytest.mark.django_db
def test_the_view_sends_its_note_for_staff_only(memory: MemoryControl) -> None:
    log = Log.objects.create(name="Django", slug="django", path="/tmp/django.log")
    view = snippet("notes.md", "view")["clear_cache"]
    request = RequestFactory().post("/")

    for user in (AnonymousUser(), User.objects.create_user("ann", is_staff=True)):
        request.user = user
        view(request)

    assert [(note.log, note.text) for note in sent(memory)] == [(str(log.pk), "cache cleared by ann")]


@pytest.mark.django_db
def test_the_view_answers_also_without_redis(settings: Any) -> None:
    settings.LOGTAIL = {"READER": "dramatiq", "REDIS_URL": "redis://127.0.0.1:1/0"}
    Log.objects.create(name="Django", slug="django", path="/tmp/django.log")
    request = RequestFactory().post("/")
    request.user = User.objects.create_user("ann", is_staff=True)
    use(None)

    try:
        response = snippet("notes.md", "view")["clear_cache"](request)
    finally:
        use(None)

    assert response.status_code == 302


@pytest.mark.django_db
def test_the_task_sends_its_notes(memory: MemoryControl) -> None:
    Log.objects.create(name="Orders", slug="orders", path="/tmp/orders.log")

    try:
        snippet("notes.md", "task")["import_orders"].fn()
    finally:
        dramatiq.get_broker().actors.pop("import_orders", None)

    assert [(note.text, note.level) for note in sent(memory)] == [
        ("import of orders started", "info"),
        ("import of orders ended: 0 orders", "warning"),
    ]


@pytest.mark.parametrize("name", ["settings", "redis"])
def test_the_settings_for_several_hosts_pass_the_checks(settings: Any, name: str) -> None:
    found = snippet("hosts.md", name)
    settings.LOGTAIL = found["LOGTAIL"]
    settings.CHANNEL_LAYERS = found.get("CHANNEL_LAYERS", settings.CHANNEL_LAYERS)

    complaints = [found for found in run_checks() if found.level >= ERROR]

    assert complaints == []
