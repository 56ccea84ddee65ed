"""A Celery project keeps its tasks beside our worker, as the how-to page says."""

from __future__ import annotations

import importlib.util
import json
import os
import re
import sys
from pathlib import Path

from tests.conftest import absent
from tests.fresh_project import FreshProject, Python, readme_blocks
from tests.stack import CHECKOUT

PAGE = (CHECKOUT / "docs" / "howto" / "from-celery.md").read_text()
TASKS = """
from celery import shared_task

@shared_task
def bill(order):
    return order + 1
"""
#: What a Celery worker does at its start, then what `rundramatiq` does; both in one process, which is harder.
BOTH = """
import json, sys
from mysite.celery import app
import django
django.setup()
app.loader.import_default_modules()
import dramatiq
from django_dramatiq.management.commands.rundramatiq import Command
modules = [name for name in Command().discover_tasks_modules() if name != "django_dramatiq.setup"]
for name in modules:
    __import__(name)
from shop.tasks import bill
app.conf.task_always_eager = True
print(json.dumps({
    "celery": sorted(name for name in app.tasks if not name.startswith("celery.")),
    "dramatiq": sorted(dramatiq.get_broker().actors),
    "modules": modules,
    "billed": bill.delay(1).get(),
    "broker": app.conf.broker_url,
    "hijacks": app.conf.worker_hijack_root_logger,
}))
"""


def snippet(name: str) -> str:
    found = re.search(rf"<!-- celery: {name} -->\n *```python\n(.*?)\n *```", PAGE, re.DOTALL)
    assert found
    return "\n".join(line.removeprefix("  ") for line in found[1].splitlines()) if name != "app" else found[1]


def test_celery_and_dramatiq_find_their_own_tasks_alone(tmp_path: Path) -> None:
    if importlib.util.find_spec("celery") is None:
        absent("celery")
    project = FreshProject(tmp_path, Python(sys.executable, dict(os.environ)))
    project.edit("settings.py", *readme_blocks("edit for a worker: settings.py", "python"))
    for name in ("settings", "logging"):
        project.edit("settings.py", snippet(name))
    project.edit("settings.py", 'INSTALLED_APPS += ["shop"]')
    (project.folder / "mysite" / "celery.py").write_text(snippet("app"))
    (project.folder / "shop").mkdir()
    (project.folder / "shop" / "__init__.py").touch()
    (project.folder / "shop" / "tasks.py").write_text(TASKS)

    found = json.loads(project.environment.run(project.folder, "-c", BOTH).splitlines()[-1])
    project.edit("settings.py", snippet("ignored"))
    again = json.loads(project.environment.run(project.folder, "-c", BOTH).splitlines()[-1])

    assert found["celery"] == ["shop.tasks.bill"]
    assert found["dramatiq"] == [
        "delete_old_tasks",  # django_dramatiq's
        "logtail_look",
        "logtail_members",
        "logtail_read_logs",
    ]
    assert found["billed"] == 2
    assert (found["broker"], found["hijacks"]) == (f"redis://127.0.0.1:{project.redis_port}/1", False)
    assert ("shop.tasks" in found["modules"], "shop.tasks" in again["modules"]) == (True, False)


def test_the_table_names_what_exists() -> None:
    for target in re.findall(r"\]\(([\w./-]+\.md)", PAGE):
        assert (CHECKOUT / "docs" / "howto" / target).is_file(), target
