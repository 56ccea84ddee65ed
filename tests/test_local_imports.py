"""A project whose reader is local imports nothing that only workers need: redis alone is 10 MB and 0.15 s."""

import os
import subprocess
import sys
from pathlib import Path

from tests.stack import CHECKOUT

SETTINGS = """
from pathlib import Path

HERE = Path(__file__).parent
SECRET_KEY = "s" * 50
ALLOWED_HOSTS = ["*"]
ASGI_APPLICATION = "site_asgi.application"
ROOT_URLCONF = "site_urls"
STATIC_URL = "/static/"
INSTALLED_APPS = [
    "django_logtail",
    *(f"django.contrib.{name}" for name in ("admin", "auth", "contenttypes", "sessions", "messages", "staticfiles")),
]
MIDDLEWARE = [
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
]
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ]
        },
    }
]
DATABASES = {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": HERE / "db.sqlite3"}}
LOGTAIL = {"ROOTS": [HERE], "LOGS": {"app": HERE / "app.log"}}
"""
URLS = """
from django.contrib import admin
from django.urls import include, path

urlpatterns = [path("admin/", admin.site.urls), path("logs/", include("django_logtail.urls"))]
"""
ASGI = """
from django.core.asgi import get_asgi_application

from django_logtail.asgi import with_logtail

application = with_logtail(get_asgi_application())
"""
#: The doctor shakes hands with the application, reads the log with a local reader, and runs every check.
USE = """
import sys
import site_asgi
from django.core.management import call_command
from django.test import Client

call_command("migrate", verbosity=0)
call_command("logtail_doctor")
print(Client().get("/logs/").status_code)
imported = {name.partition(".")[0] for name in sys.modules}
print(sorted(imported & {"redis", "dramatiq", "channels_redis", "django_dramatiq"}))
"""


def test_a_project_with_a_local_reader_imports_no_client_of_redis_and_no_dramatiq(tmp_path: Path) -> None:
    (tmp_path / "site_settings.py").write_text(SETTINGS)
    (tmp_path / "site_urls.py").write_text(URLS)
    (tmp_path / "site_asgi.py").write_text(ASGI)
    (tmp_path / "app.log").write_bytes(b"one\ntwo\n")
    path = f"{CHECKOUT}{os.pathsep}{tmp_path}"
    variables = {**os.environ, "DJANGO_SETTINGS_MODULE": "site_settings", "PYTHONPATH": path}

    done = subprocess.run(
        [sys.executable, "-c", USE],
        env=variables,
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )

    *report, answered, imported = done.stdout.splitlines()
    assert done.returncode == 0, done.stdout + done.stderr
    assert report[-1].endswith("app.log on " + report[-2].rpartition(" ")[2] + ": 8 bytes")
    assert (answered, imported) == ("302", "[]")
