"""`asgi.py` as an import sorter leaves it: every import at the top, before settings and apps are loaded."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from django.test import override_settings

from django_logtail import consumers
from django_logtail.asgi import with_logtail
from tests.stack import CHECKOUT

SORTED = """
import os

from django.core.asgi import get_asgi_application

from django_logtail.asgi import with_logtail

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.settings")

application = with_logtail(get_asgi_application())
"""


def run(code: str, folder: Path) -> str:
    """What a new interpreter prints that is told of no settings."""
    variables = {name: value for name, value in os.environ.items() if name != "DJANGO_SETTINGS_MODULE"}
    variables |= {"PYTHONPATH": f"{CHECKOUT}{os.pathsep}{folder}", "PYTHONWARNINGS": "error"}
    command = [sys.executable, "-c", code]
    done = subprocess.run(
        command, env=variables, cwd=folder, capture_output=True, text=True, timeout=300, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_import_may_stand_above_the_settings(tmp_path: Path) -> None:
    (tmp_path / "asgi.py").write_text(SORTED)

    said = run("import asgi; print(asgi.application.__module__)", tmp_path)

    assert said == "django_logtail.asgi\n"


def test_the_import_loads_no_settings_and_nothing_that_needs_them(tmp_path: Path) -> None:
    code = """
import sys
import django_logtail.asgi
from django.apps import apps
from django.conf import settings
print(settings.configured, apps.apps_ready, "django_logtail.models" in sys.modules, "channels" in sys.modules)
"""
    assert run(code, tmp_path) == "False False False False\n"


@pytest.mark.parametrize(
    ("scope", "went"),
    [
        ({"type": "websocket", "path": "/logs/app/socket/"}, ("viewer", "app")),
        ({"type": "websocket", "path": "/logs/app/"}, ("project", None)),
        ({"type": "websocket", "path": "/chat/"}, ("project", None)),
        ({"type": "websocket", "path": "/x/logs/app/socket/", "root_path": "/x"}, ("viewer", "app")),
        ({"type": "websocket", "path": "/x/logs/app/socket/"}, ("project", None)),
        ({"type": "websocket", "path": "logs/app/socket/"}, ("viewer", "app")),
        ({"type": "http", "path": "/logs/app/socket/"}, ("project", "send")),
        ({"type": "lifespan"}, ("project", None)),
    ],
)
async def test_only_sockets_of_logs_go_to_a_viewer_and_views_learn_how_the_server_sends(
    monkeypatch: pytest.MonkeyPatch, scope: dict[str, str], went: tuple[str, str | None]
) -> None:
    calls = []

    async def viewer(scope, receive, send):
        calls.append(("viewer", scope["url_route"]["kwargs"]["slug"], receive, send))

    async def project(scope, receive, send):
        calls.append(("project", scope.get("django_logtail.send"), receive, send))

    monkeypatch.setattr(consumers.LogConsumer, "as_asgi", lambda: viewer)
    await with_logtail(project)(scope, "receive", "send")

    assert calls == [(*went, "receive", "send")]


@override_settings(FORCE_SCRIPT_NAME="/shop")
async def test_a_mount_point_of_the_settings_is_no_part_of_the_path(monkeypatch: pytest.MonkeyPatch) -> None:
    calls = []

    async def viewer(scope, receive, send):
        calls.append(scope["url_route"]["kwargs"]["slug"])

    async def project(scope, receive, send):
        calls.append(None)

    monkeypatch.setattr(consumers.LogConsumer, "as_asgi", lambda: viewer)
    for path in ("/shop/logs/app/socket/", "/logs/app/socket/", "/shop"):
        await with_logtail(project)({"type": "websocket", "path": path}, None, None)

    assert calls == ["app", "app", None]
