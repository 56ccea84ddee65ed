"""What the form is answered, and who may ask."""

from __future__ import annotations

import os
import socket
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client
from django.urls import reverse
from django.utils import translation

from django_logtail.registering.asking import Told
from django_logtail.registry import asked
from django_logtail.registry.answers import _preview
from django_logtail.tailing.reasons import reason
from tests.audit.desk import Desk, desk

__all__ = ["desk"]

pytestmark = pytest.mark.django_db
HOST = "/admin/logtail/log/host/"


@pytest.fixture(autouse=True)
def root(settings: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    settings.LOGTAIL = {"READER": "local", "ROOTS": [tmp_path], "LOGS": {}}
    monkeypatch.setattr(asked, "_shares", asked.Shares(100))
    return tmp_path


def staff(name: str, *rights: str) -> User:
    user = User.objects.create_user(name, is_staff=True)
    user.user_permissions.set(
        Permission.objects.filter(codename__in=rights, content_type__app_label="logtail")
    )
    return user


def test_paths_and_last_lines_are_for_who_may_add_or_change_logs(client: Client, root: Path) -> None:
    (root / "app.log").write_bytes("价格 高，库存不足\n".encode("gbk") * 3)
    os.utime(root / "app.log", (1, 1))
    for user in (staff("adds", "add_log"), staff("changes", "change_log")):
        client.force_login(user)
        assert client.get(HOST, {"prefix": f"{root}/a"}).json() == {"paths": [f"{root}/app.log"]}
        found = client.get(HOST, {"ask": "preview", "path": f"{root}/app.log", "encoding": "utf-8"}).json()
        assert found["lines"][0].startswith("\ufffd")
        assert found["path"].startswith(f"{socket.gethostname()}: 54\xa0B, last written ")
        assert (found["encoding"], found["detected"], found["name"]) == (
            "As UTF-8, 0 of 3 lines decode. Looks like GBK: 3 of 3 lines beyond ASCII decode.",
            "gbk",
            "GBK",
        )
        found = client.get(HOST, {"ask": "preview", "path": f"{root}/app.log", "encoding": "gbk"}).json()
        assert (found["lines"], found["detected"]) == (["价格 高，库存不足"] * 3, "")


def test_nobody_else_may_ask(client: Client, root: Path) -> None:
    (root / "app.log").write_text("secret\n")
    question = {"ask": "preview", "path": f"{root}/app.log"}

    assert client.get(HOST, question).status_code == 302
    client.force_login(User.objects.create_user("member"))
    assert client.get(HOST, question).status_code == 302
    for user in (staff("none"), staff("views", "view_log", "watch_log", "stop_log")):
        client.force_login(user)
        answer = client.get(HOST, question)
        assert (answer.status_code, b"secret" in answer.content) == (403, False)
    client.force_login(staff("adds", "add_log"))
    assert client.get(HOST, question, headers={"Sec-Fetch-Site": "cross-site"}).status_code == 403
    assert client.get(HOST, question, headers={"Sec-Fetch-Site": "same-site"}).status_code == 403
    assert client.post(HOST, question).status_code == 405
    assert client.get(HOST, {**question, "queue": "a b"}).status_code == 400
    assert client.get(HOST, question, headers={"Sec-Fetch-Site": "same-origin"}).status_code == 200
    assert (
        client.get(HOST, question)["Cache-Control"]
        == "max-age=0, no-cache, no-store, must-revalidate, private"
    )


def test_who_asks_too_often_is_refused_and_others_are_not(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(asked, "_shares", asked.Shares(2, clock=lambda: 0.0))
    first, second = staff("ann", "add_log"), staff("bob", "add_log")

    client.force_login(first)
    assert [client.get(HOST).status_code for _ in range(3)] == [200, 200, 429]
    client.force_login(second)
    assert client.get(HOST).status_code == 200


def test_files_outside_the_roots_and_fifos_are_not_shown(client: Client, root: Path) -> None:
    client.force_login(staff("adds", "add_log"))
    os.mkfifo(root / "fifo")
    (root / "link").symlink_to("/etc/passwd")

    said = {}
    for path in ("/etc/passwd", f"{root}/fifo", f"{root}/link", f"{root}/none"):
        found = client.get(HOST, {"ask": "preview", "path": path}).json()
        assert (found["lines"], found["encoding"]) == ([], "")
        said[path] = found["path"].removeprefix(f"{socket.gethostname()}: ")
    assert said == {
        "/etc/passwd": "path '/etc/passwd' is outside LOGTAIL[\"ROOTS\"].",
        f"{root}/fifo": "a named pipe (FIFO).",
        f"{root}/link": "path '/etc/passwd' is outside LOGTAIL[\"ROOTS\"].",
        f"{root}/none": "there is no file at this path yet.",
    }


SEEN = {"size": 1_300, "written": 1.0, "line": "", "reason": ""}


@pytest.mark.parametrize(
    ("found", "asked", "encoding", "detected"),
    [
        (
            {"encoding": "utf-16-le", "sign": "bom"},
            "",
            "Looks like UTF-16LE: it begins with a byte order mark.",
            "utf-16-le",
        ),
        (
            {"encoding": "utf-16-be", "sign": "zeros"},
            "",
            "Looks like UTF-16BE: every other byte is zero.",
            "utf-16-be",
        ),
        (
            {"encoding": "utf-8", "sign": "ascii"},
            "gbk",
            "The last lines are plain ASCII, which UTF-8 includes.",
            "",
        ),
        (
            {"encoding": "gbk", "decoding": 38, "lines": 40, "sign": ""},
            "GBK",
            "Looks like GBK: 38 of 40 lines beyond ASCII decode.",
            "",
        ),
    ],
)
def test_the_proof_of_an_encoding_is_a_sentence(found: Any, asked: str, encoding: str, detected: str) -> None:
    told = Told(
        "web-2", {"seen": SEEN, "lines": ["x"], "detected": found, "decoding": {"decoding": 40, "lines": 0}}
    )

    answer = _preview(told, "web", asked)
    assert (answer["encoding"], answer["detected"]) == (encoding, detected)


def test_without_the_reader_it_is_said_whose_view_this_is() -> None:
    told = Told(
        "web-1", {"seen": {**SEEN, "size": None, "written": None, "reason": reason("gone")}}, is_reader=False
    )

    assert _preview(told, "db", "")["path"] == (
        "No worker answers for queue “db”; this is what the web server’s own host sees. "
        "web-1: there is no file at this path yet."
    )
    with translation.override("zh-hans"):
        assert _preview(told, "db", "")["path"].startswith("队列“db”没有 worker 应答")


@pytest.mark.parametrize(
    ("seen", "said"),
    [
        ({**SEEN, "count": 1, "name": "a.log"}, "1 file matches, a.log."),
        ({**SEEN, "count": 12, "name": "b.log"}, "12 files match, of which b.log is the newest."),
        ({**SEEN, "count": None, "name": ""}, "ago."),
    ],
)
def test_of_a_pattern_it_is_said_how_many_files_match_and_which_is_shown(seen: Any, said: str) -> None:
    answer = _preview(Told("web-2", {"seen": seen, "lines": ["x"]}), "web", "")

    assert answer["path"].startswith("web-2: 1.3\xa0kB, last written ")
    assert answer["path"].endswith(said)
    none = {"seen": {"size": None, "written": None, "reason": "", "name": "", "count": 0}}
    assert _preview(Told("web-2", none), "web", "")["path"] == "web-2: no file matches yet."


@pytest.mark.parametrize("found", [{}, {"seen": 7, "lines": 7, "detected": 7, "decoding": 7}, {"lines": [7]}])
def test_an_answer_of_another_version_is_no_error(found: Any) -> None:
    assert _preview(Told("web-2", found), "web", "gbk") == {
        "lines": [],
        "path": "",
        "encoding": "",
        "detected": "",
        "name": "",
    }


def test_its_address_is_the_admin_s() -> None:
    assert reverse("admin:logtail_log_host") == HOST


def test_lines_that_are_shown_are_recorded_by_path(
    client: Client, root: Path, desk: Desk, settings: Any
) -> None:
    (root / "app.log").write_text("PLANTED\n")
    settings.LOGTAIL = {**settings.LOGTAIL, "ROOTS": [root], "READER": "local", "AUDIT": True}
    client.force_login(staff("adds", "add_log"))

    client.get(HOST, {"ask": "preview", "path": f"{root}/app.log"})
    client.get(HOST, {"ask": "preview", "path": f"{root}/missing.log"})
    client.get(HOST, {"prefix": f"{root}/a"})

    (event,) = desk.of("event")
    assert (event["action"], event["user_name"], event["via"], event["detail"]) == (
        "preview",
        "adds",
        "admin",
        {"path": f"{root}/app.log", "queue": "logtail"},
    )
    assert "PLANTED" not in str(desk.stored)


def test_nothing_is_shown_while_it_must_be_recorded_and_cannot(
    client: Client, root: Path, desk: Desk, settings: Any
) -> None:
    (root / "app.log").write_text("PLANTED\n")
    settings.LOGTAIL = {**settings.LOGTAIL, "ROOTS": [root], "READER": "local", "AUDIT": "required"}
    client.force_login(staff("adds", "add_log"))
    question = {"ask": "preview", "path": f"{root}/app.log"}

    answer = client.get(HOST, question)
    assert (answer.status_code, b"PLANTED" in answer.content) == (503, False)

    desk.pump()
    assert client.get(HOST, question).json()["lines"] == ["PLANTED"]
