"""`asgi.py` as an import sorter leaves it: every import at the top, before settings and apps are loaded."""

import os
import subprocess
import sys
from pathlib import Path

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
