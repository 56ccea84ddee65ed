import os

from django.apps import AppConfig


class HostConfig(AppConfig):
    name = "tests.host"
    label = "test_host"

    def ready(self) -> None:
        """For tests that cannot wait a minute: STALL_SECONDS."""
        from django_logtail.viewing import takers

        takers.STALL_SECONDS = float(os.environ.get("STALL_SECONDS", takers.STALL_SECONDS))
