"""The test host's own work, on the same workers as the readers."""

from pathlib import Path

import dramatiq


@dramatiq.actor(max_retries=0)
def touch_file(path: str) -> None:
    """Leave a sign that another actor of the host runs."""
    Path(path).touch()
