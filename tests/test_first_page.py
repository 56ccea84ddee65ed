"""The README's lines of `LOGGING`, and the how-to page's, give a real project a log that holds Django's own lines."""

import os
import re
import subprocess
import sys
from inspect import signature
from pathlib import Path
from typing import Any

import pytest

from django_logtail.handlers import SpoolHandler
from tests.stack import CHECKOUT

BASE = """
from pathlib import Path
from typing import Any

BASE_DIR = Path(__file__).parent
SECRET_KEY = "s" * 50
ALLOWED_HOSTS = ["*"]
ROOT_URLCONF = "site_settings"
urlpatterns = []
USE_TZ = True
TIME_ZONE = "Asia/Tokyo"
INSTALLED_APPS = ["django_logtail", *(f"django.contrib.{name}" for name in ("auth", "contenttypes", "sessions"))]
DATABASES = {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": BASE_DIR / "db.sqlite3"}}
"""
USE = """
import django
django.setup()
import logging
from django.core.management import call_command
from django.test import Client
from django_logtail.models import Log

call_command("migrate", verbosity=0)
Client().get("/missing/")
logging.getLogger("shop.pay").error("refused")
logging.getLogger("django_logtail.reader").error("must not be there")
print(*Log.objects.values_list("slug", "path", "access"))
"""


def lines_of(page: str, first: str) -> str:
    """The lines of the page's snippet that has `LOGGING`, from the one that begins with `first`."""
    text = (CHECKOUT / page).read_text()
    snippets = re.findall(r"^```python\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    (found,) = (snippet for snippet in snippets if "\nLOGGING = {" in snippet)
    return found[found.index(f"{first} = ") :]


@pytest.mark.parametrize(
    ("page", "first"), [("README.md", "LOGS"), ("docs/howto/standard-output.md", "LOGTAIL")]
)
def test_a_project_with_these_lines_has_a_log_with_django_s_own(
    tmp_path: Path, page: str, first: str
) -> None:
    (tmp_path / "logs").mkdir()
    given = lines_of(page, first).replace("/var/log/mysite", str(tmp_path / "logs"))
    (tmp_path / "site_settings.py").write_text(BASE + given)

    done = subprocess.run(
        [sys.executable, "-c", USE],
        env={
            **os.environ,
            "DJANGO_SETTINGS_MODULE": "site_settings",
            "PYTHONPATH": f"{CHECKOUT}{os.pathsep}{tmp_path}",
        },
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )

    log = tmp_path / "logs" / "application.log"
    assert done.stdout == f"('application', '{log}', 'staff')\n", done.stderr
    assert "refused" in done.stderr
    assert [re.sub(r"^\S+ \S+ (\w+) \[\d+\]", r"\1", line) for line in log.read_text().splitlines()] == [
        "WARNING django.request: Not Found: /missing/",
        "ERROR shop.pay: refused",
    ]


def test_the_arguments_of_the_howto_are_taken() -> None:
    page = (CHECKOUT / "docs" / "howto" / "standard-output.md").read_text()
    (snippet,) = re.findall(r"<!-- sizes -->\n```python\n(.*?)```", page, re.DOTALL)
    defined: dict[str, Any] = {}
    exec(snippet, defined)
    arguments = defined["SPOOL"]

    assert arguments.pop("class") == "django_logtail.handlers.SpoolHandler"
    SpoolHandler(**arguments).close()
    documented = re.findall(r"^\| `(\w+)` \|", page, re.MULTILINE)
    assert documented == [name for name in signature(SpoolHandler).parameters if name != "self"]
