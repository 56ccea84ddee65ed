"""What the page shows about files."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from django_logtail.models import Log
from django_logtail.page.files import files_of

pytestmark = pytest.mark.django_db


def test_a_pattern_has_the_size_of_its_newest_file_and_not_of_another_row_s(
    settings: Any, tmp_path: Path
) -> None:
    settings.LOGTAIL = {"ROOTS": [tmp_path]}
    for day, text in ((27, "a"), (28, "bb"), (29, "ccc")):
        (tmp_path / f"app-2026-11-{day}.log").write_text(text)
    fields = {"name": "App", "follow": "newest"}
    dated = Log.objects.create(slug="dated", path=f"{tmp_path}/app-%Y-%m-%d.log", **fields)
    none = Log.objects.create(slug="none", path=f"{tmp_path}/web-*.log", **fields)
    Log.objects.create(slug="other", path=f"{tmp_path}/app-2026-11-29.log", name="Other")

    found = files_of([dated, none])

    assert (found[dated].size, found[dated].is_being_written, found[none].size) == (2, True, None)
