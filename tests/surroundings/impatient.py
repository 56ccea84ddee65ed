"""An app of the test host: readers end soon after nobody wants anything, where IMPATIENT says so."""

import os

from django.apps import AppConfig


class Impatient(AppConfig):
    name = "tests.surroundings"
    label = "impatient"

    def ready(self) -> None:
        from django_logtail.reader import ticks

        if "IMPATIENT" in os.environ:
            ticks.LINGER_SECONDS = 0.2  # type: ignore[misc]
