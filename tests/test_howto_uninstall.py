"""After the steps of the how-to page on uninstalling, nothing of the app is left."""

from __future__ import annotations

import os
import re
import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from example_project.demo.redis_server import redis_command
from tests.conftest import absent
from tests.fresh_project import FreshProject, Python
from tests.ports import free_port
from tests.stack import CHECKOUT, Running, has_redis, is_listening

PAGE = (CHECKOUT / "docs" / "howto" / "uninstall.md").read_text()


def snippet(name: str) -> str:
    found = re.search(rf"<!-- uninstall: {name} -->\n```sh\n(.*?)```", PAGE, re.DOTALL)
    assert found
    return found[1]


def kept(database: Path) -> dict[str, int]:
    """How much of the app a database holds."""
    with closing(sqlite3.connect(database)) as connection:

        def count(query: str) -> int:
            return int(connection.execute(f"select count(*) from {query}").fetchone()[0])

        return {
            "tables": count("sqlite_master where type = 'table' and name like 'logtail%'"),
            "types": count("django_content_type where app_label = 'logtail'"),
            "permissions": count("auth_permission where codename like '%savedview' or codename like '%_log'"),
        }


def test_the_database_keeps_nothing(tmp_path: Path) -> None:
    project = FreshProject(tmp_path, Python(sys.executable, dict(os.environ)))
    database = project.folder / "db.sqlite3"
    originals = {name: (project.folder / "mysite" / name).read_text() for name in ("settings.py", "urls.py")}
    project.run("python manage.py migrate --verbosity 0")
    before = kept(database)

    project.run(snippet("tables"))
    for name, text in originals.items():
        (project.folder / "mysite" / name).write_text(
            text.partition('\nINSTALLED_APPS = [\n    "daphne"')[0].partition(
                "\nfrom django.urls import include"
            )[0]
        )
    project.run(f"{snippet('types').strip()} --noinput")

    assert before["tables"] > 0
    assert before["types"] == 4
    assert before["permissions"] > 0
    assert kept(database) == {"tables": 0, "types": 0, "permissions": 0}


@pytest.mark.redis
def test_redis_keeps_the_keys_of_others_alone(tmp_path: Path) -> None:
    client = shutil.which("redis-cli")
    if not has_redis() or client is None:
        absent("redis-cli")
    port = free_port()
    redis = Running("redis", redis_command(port, tmp_path), dict(os.environ), tmp_path / "redis.out")
    try:
        redis.wait_until(lambda: is_listening(port), "listening")
        names = ["logtail:projects", "logtail:ns:{logtail}:stop", "dramatiq:logtail", "dramatiq:logtail.msgs"]
        for name in [*names, "dramatiq:default", "dramatiq:logtailor", "mine"]:
            subprocess.run([client, "-p", str(port), "set", name, "1"], check=True, capture_output=True)

        script = snippet("redis").replace("redis-cli", f"{client} -p {port}")
        subprocess.run(["sh", "-ec", script], check=True, capture_output=True)

        left = subprocess.run(
            [client, "-p", str(port), "--scan"], check=True, capture_output=True, text=True
        ).stdout.split()
    finally:
        redis.stop()
    assert sorted(left) == ["dramatiq:default", "dramatiq:logtailor", "mine"]
