"""Behind a proxy that names the user: the snippets of the how-to page sign people in and let them watch."""

from __future__ import annotations

import re
import sys
import types
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import Group, User
from django.test import Client

from django_logtail.models import Log
from tests.stack import CHECKOUT

PAGE = (CHECKOUT / "docs" / "howto" / "single-sign-on.md").read_text()


def snippet(name: str) -> str:
    found = re.search(rf"<!-- sso: {name} -->\n```python\n(.*?)```", PAGE, re.DOTALL)
    assert found
    return found[1]


@pytest.fixture
def module(monkeypatch: pytest.MonkeyPatch) -> types.ModuleType:
    """The project's module with the page's two classes."""
    package, module = types.ModuleType("mysite"), types.ModuleType("mysite.sso")
    for name in ("middleware", "backend"):
        exec(snippet(name), module.__dict__)
    package.sso = module  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "mysite", package)
    monkeypatch.setitem(sys.modules, "mysite.sso", module)
    return module


@pytest.fixture
def browser(module: types.ModuleType, settings: Any) -> Client:
    """What the proxy lets through."""
    names: dict[str, Any] = {"MIDDLEWARE": list(settings.MIDDLEWARE)}
    exec(snippet("settings"), names)
    for name in ("MIDDLEWARE", "AUTHENTICATION_BACKENDS", "SILENCED_SYSTEM_CHECKS"):
        setattr(settings, name, names[name])
    return Client()


@pytest.fixture
def log(tmp_path: Path) -> Log:
    log = Log.objects.create(name="Web", slug="web", path=str(tmp_path / "web.log"), access="chosen")
    log.groups.add(Group.objects.create(name="operations"))
    return log


@pytest.mark.django_db
def test_whom_the_proxy_names_is_signed_in_with_a_session(browser: Client) -> None:
    answer = browser.get("/logs/", headers={"X-Auth-Request-User": "ann"})

    assert answer.status_code == 200
    assert answer.wsgi_request.user == User.objects.get(username="ann")
    assert "sessionid" in browser.cookies


@pytest.mark.django_db
def test_without_the_header_nobody_is_let_in(browser: Client) -> None:
    assert browser.get("/logs/").status_code == 302
    assert not User.objects.exists()


@pytest.mark.django_db
@pytest.mark.parametrize(("groups", "status"), [("sales,operations", 200), ("sales", 404), ("", 404)])
def test_groups_of_the_proxy_decide_who_gets_a_ticket(
    browser: Client, log: Log, settings: Any, groups: str, status: int
) -> None:
    settings.AUTHENTICATION_BACKENDS = ["mysite.sso.ProxyUserBackend", *settings.AUTHENTICATION_BACKENDS[1:]]
    headers = {"X-Auth-Request-User": "ann", "X-Auth-Request-Groups": groups}

    assert browser.get("/logs/", headers=headers).status_code == 200
    assert browser.post("/logs/web/ticket/", headers=headers).status_code == status


def test_the_session_lasts_eight_hours() -> None:
    names: dict[str, Any] = {}
    exec(snippet("age"), names)

    assert names["SESSION_COOKIE_AGE"] == 28_800
