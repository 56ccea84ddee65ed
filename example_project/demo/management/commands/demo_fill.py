"""What the demo's database holds: one person who may do everything, two who may watch, and the demo's logs."""

from pathlib import Path

from django.conf import settings
from django.contrib.auth import get_user_model
from django.core.management import call_command
from django.core.management.base import BaseCommand

from demo.writers import DEMO_LOGS


class Command(BaseCommand):
    help = "Creates the users demo, ann and ben (password demo) and registers the demo's logs."

    def handle(self, **options: object) -> None:
        people = get_user_model().objects
        if not people.filter(username="demo").exists():
            people.create_superuser("demo", "demo@example.org", "demo")
        for name in ("ann", "ben"):
            if not people.filter(username=name).exists():
                people.create_user(name, password="demo")
        folder = Path(settings.LOGTAIL["ROOTS"][0])
        for log in DEMO_LOGS:
            call_command(
                "logtail_add",
                str(folder / log.file_name),
                name=log.name,
                slug=log.slug,
                group=log.group,
                encoding=log.encoding,
                access="signed-in",
            )
