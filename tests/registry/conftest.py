"""A project with a worker, whose Redis is played by this process's memory."""

from pathlib import Path
from typing import Any

import pytest

from django_logtail.control.in_memory import MemoryControl
from django_logtail.control.process import use


@pytest.fixture
def memory(settings: Any, tmp_path: Path) -> MemoryControl:
    settings.LOGTAIL = {"READER": "dramatiq", "ROOTS": [tmp_path], "LOGS": {}}
    made = MemoryControl()
    use(made)
    return made
