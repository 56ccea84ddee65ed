import os

from django.apps import AppConfig


class HostConfig(AppConfig):
    name = "tests.host"
    label = "test_host"

    def ready(self) -> None:
        """For tests that can't wait a minute: STALL_SECONDS."""
        from django_logtail.viewing import slow_clients

        slow_clients.STALL_SECONDS = float(os.environ.get("STALL_SECONDS", slow_clients.STALL_SECONDS))
