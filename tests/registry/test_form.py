"""The admin's form for a log: what its fields suggest, and what it makes of what is left empty."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse
from django.utils import translation

from django_logtail.control import ControlUnavailable, Server
from django_logtail.control.in_memory import MemoryControl
from django_logtail.models import Log
from django_logtail.registry.form import FormatInput, ListedInput, encodings, free_slug, queues

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("memory")]
ADD = "admin:logtail_log_add"


@pytest.fixture
def client(client: Client) -> Client:
    client.force_login(User.objects.create_superuser("root"))
    return client


@pytest.mark.parametrize(
    ("name", "path", "slug"),
    [
        ("App Server", "/logs/x.log", "app-server"),
        ("Überweisungen", "/logs/x.log", "uberweisungen"),
        ("app.log", "/logs/x.log", "app-log"),
        ("收银台", "/logs/till.log", "till"),
        ("收银台", "/logs/收银台.log", "log-1a15cce9"),
        ("…", "", "log-b4935894"),
        ("a" * 120, "/logs/x.log", "a" * 100),
    ],
)
def test_a_slug_is_made_of_the_name_or_the_file_or_the_path(name: str, path: str, slug: str) -> None:
    assert free_slug(name, path, ()) == slug


def test_a_slug_that_another_log_has_gets_a_number() -> None:
    assert free_slug("App", "", {"app"}) == "app-2"
    assert free_slug("App", "", {"app", "app-2"}) == "app-3"
    assert len(free_slug("a" * 120, "", {"a" * 100})) == 94


def test_a_log_is_saved_without_a_slug_and_with_the_one_that_somebody_typed(
    client: Client, tmp_path: Path
) -> None:
    fields = {"order": "0", "encoding": "utf-8", "enabled": "on", "access": "staff", "name": "收银台"}

    first = client.post(reverse(ADD), {**fields, "slug": "", "path": f"{tmp_path}/till.log"})
    client.post(reverse(ADD), {**fields, "slug": "", "path": f"{tmp_path}/till"})
    client.post(reverse(ADD), {**fields, "slug": "mine", "path": f"{tmp_path}/b.log"})
    again = client.post(reverse(ADD), {**fields, "slug": "mine", "path": f"{tmp_path}/c.log"})

    assert (first.status_code, again.status_code) == (302, 200)
    assert [log.slug for log in Log.objects.order_by("pk")] == ["till", "till-2", "mine"]
    assert list(again.context["adminform"].form.errors) == ["slug"]


@pytest.mark.parametrize(
    ("rules", "slug", "refused"),
    [
        ([{"ready": "ip", "logs": ["till"]}, {"ready": "iban", "logs": ["till", "new"]}], "new", "ip"),
        ([{"ready": "ip", "logs": ["till"]}, {"ready": "iban", "logs": ["till"]}], "new", "ip, iban"),
        ([{"ready": "ip", "logs": ["till"]}], "", "ip"),  # made of the name
        ([{"ready": "ip", "logs": ["till"]}], "till", ""),
        ([{"ready": "ip", "logs": ["till", "new"]}], "new", ""),
        ([{"ready": "ip", "logs": ["other"]}, "iban"], "new", ""),
        ("wrong", "new", ""),  # then the log is closed
    ],
)
def test_a_slug_by_which_rules_would_no_longer_hide_secrets_is_refused(
    client: Client, tmp_path: Path, settings: Any, rules: Any, slug: str, refused: str
) -> None:
    log = Log.objects.create(name="New", slug="till", path=f"{tmp_path}/till.log")
    settings.LOGTAIL = {"READER": "local", "ROOTS": [tmp_path], "LOGS": {}, "REDACT": rules}
    fields = {"order": "0", "encoding": "utf-8", "enabled": "on", "access": "staff", "name": "New"}

    answer = client.post(
        reverse("admin:logtail_log_change", args=[log.pk]), {**fields, "slug": slug, "path": log.path}
    )

    log.refresh_from_db()
    if not refused:
        assert (answer.status_code, log.slug) == (302, slug)
        return
    assert log.slug == "till"
    assert answer.context["adminform"].form.errors["slug"] == [
        f"With this slug, what these rules of LOGTAIL[“REDACT”] hide would be seen: {refused}. First add “new” to "
        "their “logs” in the settings, beside “till”, and restart web processes and workers."
    ]


def test_the_fields_suggest_and_name_the_host_s_address(client: Client, tmp_path: Path) -> None:
    page = client.get(reverse(ADD)).content.decode()

    assert 'list="id_path_names"' in page
    assert '<datalist id="id_path_names"></datalist>' in page
    assert '<option value="gbk">GBK</option>' in page
    assert '<option value="logtail">no worker</option>' in page
    assert 'data-host="/admin/logtail/log/host/"' in page
    assert "joined/admin/log-form.js" in page
    groups = page[page.index('class="form-row field-groups') :][:200]
    assert "hidden" not in groups  # a script hides them


def test_the_format_s_field_offers_the_formats_by_name_and_the_words_of_its_preview() -> None:
    widget = FormatInput()
    widget.host = "/host/"
    context = widget.get_context("format", "", {"id": "id_format"})

    names = [name for _, name in context["names"]]
    assert {".NET", "Apache", "BIND"} <= {name.split()[0] for name in names}
    assert names == sorted(names, key=str.lower)
    assert (context["widget"]["attrs"]["list"], context["host"]) == ("id_format_names", "/host/")
    assert "admin/log-form" in context["script"]
    words = json.loads(context["words"])
    assert sorted(words) == [
        *("bad", "failed", "level", "logger", "message", "names", "none", "nothing", "read", "time", "use"),
    ]
    assert [place in words["read"] for place in ("{format}", "{entries}", "{lines}")] == [True] * 3


def test_names_of_formats_that_are_words_are_in_the_reader_s_language() -> None:
    with translation.override("zh-hans"):
        context = FormatInput().get_context("format", "", {"id": "id_format"})
    names = dict(context["names"])
    said = json.loads(context["words"])["names"]

    assert (names["json"], names["nginx"], names["celery"]) == ("JSON 行", "nginx 错误日志", "Celery")
    assert (said["Time and level"], said["Celery"]) == ("时间和级别", "Celery")
    assert (context["host"], context["script"]) == (None, None)


def test_queues_are_those_of_logs_with_the_hosts_that_serve_them(
    memory: MemoryControl, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number, queue in enumerate(["web-2", "", "web-2", "db"]):
        Log.objects.create(name="x", slug=f"x{number}", path=f"/x{number}", queue=queue)
    served = {"web-2": [Server("b", 1, True), Server("b", 2, True), Server("c", 3, False)]}
    monkeypatch.setattr(memory, "servers", lambda queue: served.get(queue, []))
    assert queues() == [("logtail", "no worker"), ("db", "no worker"), ("web-2", "b, c")]

    def down(queue: str) -> list[Server]:
        raise ControlUnavailable

    monkeypatch.setattr(memory, "servers", down)
    assert queues() == [("logtail", ""), ("db", ""), ("web-2", "")]
    settings.LOGTAIL = {**settings.LOGTAIL, "READER": "local"}
    assert queues() == []


def test_suggested_values_are_escaped() -> None:
    widget = ListedInput(lambda: [('"><script>', "<b>")])

    assert '<option value="&quot;&gt;&lt;script&gt;">&lt;b&gt;</option>' in widget.render(
        "queue", "", {"id": "q"}
    )
    assert dict(encodings())["utf-8"] == "UTF-8"
