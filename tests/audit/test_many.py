"""A day of many rows: found by user without reading the others, and exported in bounded memory."""

import json
import resource
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.db import connection
from django.test import Client, RequestFactory
from django.urls import reverse
from django.utils import timezone as django_timezone

from django_logtail.audit import export
from django_logtail.audit.models import Viewing
from tests.audit.desk import Desk, desk
from tests.length import at_length

__all__ = ["desk"]

pytestmark = pytest.mark.django_db

ROWS = at_length(1_000_000, short=5_000)
USERS = 500
BEGAN = datetime(2026, 11, 27, tzinfo=timezone.utc)

#: A viewing every 86 ms of one day, by 500 users in turn.
INSERT = """
WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < %s - 1)
INSERT INTO logtail_viewing (id, began, ended, seen, user, user_name, log, slug, log_name, address, via, outcome,
                             bytes, hosts, ranges, is_exact, process, code)
SELECT printf('%%032x', i), datetime('2026-11-27 00:00:00', printf('+%%d seconds', i * 86400 / %s)), NULL,
       '2026-11-27 00:00:00', i %% %s, printf('user-%%d', i %% %s), '1', 'app', 'App', '192.0.2.7', 'socket', 'left',
       4096, '["web-1"]', '[{"file": "f", "name": "app.log", "ranges": [[0, 4096]]}]', 1, 'p', 1001 FROM n
"""


def resident() -> int:
    """Bytes of memory that this process has now."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize()


@pytest.fixture
def rows() -> None:
    with connection.cursor() as cursor:
        cursor.execute(INSERT, [ROWS, ROWS, USERS, USERS])
        assert Viewing.objects.count() == ROWS


@pytest.fixture
def auditor(client: Client) -> Client:
    user = User.objects.create_user("auditor", is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename="view_viewing"))
    client.force_login(user)
    return client


@pytest.mark.usefixtures("rows")
def test_the_rows_of_one_user_are_found_without_reading_the_others(auditor: Client, desk: Desk) -> None:
    plan = Viewing.objects.filter(user_name="user-7").order_by("-began", "id").explain()
    with django_timezone.override(timezone.utc):
        found = {"user_name": "user-7", "day": "2026-11-27"}
        page = auditor.get(reverse("admin:logtail_viewing_changelist"), found)
    saved = auditor.get(reverse("admin:logtail_viewing_export", args=["ndjson"]), {"user_name": "user-7"})
    lines = [json.loads(line) for line in b"".join(saved).splitlines()]

    assert "logtail_viewing_user" in plan
    assert page.context["cl"].result_count == ROWS // USERS
    assert {line["user_name"] for line in lines} == {"user-7"}
    assert len({line["id"] for line in lines}) == len(lines) == ROWS // USERS


@pytest.mark.usefixtures("rows")
@pytest.mark.parametrize("form", ["csv", "ndjson"])
def test_all_rows_are_exported_in_bounded_memory(desk: Desk, form: str) -> None:
    found, seen, last = 0, 0, ""
    answer: Any = export.response(RequestFactory().get("/"), Viewing.objects.all(), form, "viewings")
    begun = resident()
    for piece in answer:
        found += piece.count(b"\n")
        seen = max(seen, resident())
        last = piece.decode().splitlines()[-1]

    assert found == ROWS + (form == "csv")
    assert "2026-11-27T00:00:00+00:00" in last
    assert seen - begun < 32 * 1024 * 1024
