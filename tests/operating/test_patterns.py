"""What the doctor says about patterns."""

from pathlib import Path
from typing import Any

import pytest

from django_logtail.models import Log
from django_logtail.operating.doctor.project import examine_patterns
from django_logtail.registering.members import refresh

pytestmark = pytest.mark.django_db


def said() -> list[tuple[str, bool]]:
    return [(finding.text, finding.is_problem) for finding in examine_patterns()]


def test_it_says_how_many_files_a_pattern_has_or_why_nobody_knows(settings: Any, tmp_path: Path) -> None:
    settings.LOGTAIL = {"ROOTS": [tmp_path], "READER": "local"}
    Log.objects.create(name="A", slug="a", path=f"{tmp_path}/*.log", follow="each")
    Log.objects.create(name="B", slug="b", path=f"{tmp_path}/missing/*.log", follow="each")
    Log.objects.create(name="Off", slug="off", path=f"{tmp_path}/*.off", follow="each", enabled=False)
    assert said() == [
        (f"pattern a: {tmp_path}/*.log: no reader has looked for its files yet", False),
        (f"pattern b: {tmp_path}/missing/*.log: no reader has looked for its files yet", False),
    ]
    for number in range(201):
        (tmp_path / f"{number}.log").touch()

    refresh("")

    assert said() == [
        (
            f"pattern a: {tmp_path}/*.log: 201 file(s) match, of which the 200 most recently written are listed",
            False,
        ),
        (f"pattern b: {tmp_path}/missing/*.log: the file no longer exists: '{tmp_path}/missing'", True),
    ]
