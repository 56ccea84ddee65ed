from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from django_logtail.models import Log

pytestmark = pytest.mark.django_db


def declare(settings: Any, root: Path, **logs: Any) -> None:
    settings.LOGTAIL = {"ROOTS": [root], "LOGS": logs}


def test_it_says_what_it_did(settings: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    declare(settings, tmp_path, old=tmp_path / "old.log", app=tmp_path / "app.log")
    call_command("logtail_sync")
    declare(settings, tmp_path, new=tmp_path / "new.log", app=tmp_path / "moved.log")

    call_command("logtail_sync")

    assert capsys.readouterr().out == "Created: old, app.\nCreated: new.\nUpdated: app.\nDeleted: old.\n"


def test_it_says_when_there_is_nothing_to_do(
    settings: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    declare(settings, tmp_path)

    call_command("logtail_sync")

    assert capsys.readouterr().out == "Nothing to do.\n"


def test_a_problem_fails_the_command_after_the_other_logs_are_in_step(settings: Any, tmp_path: Path) -> None:
    Log.objects.create(name="By hand", slug="app", path=f"{tmp_path}/hand.log")
    declare(settings, tmp_path, app=tmp_path / "app.log", other=tmp_path / "other.log")

    with pytest.raises(CommandError) as failed:
        call_command("logtail_sync")

    assert str(failed.value) == (
        "LOGTAIL[\"LOGS\"]['app']: a log registered by hand has this slug. "
        "Rename one of the two, or delete that log in the admin."
    )
    assert Log.objects.filter(slug="other").exists()
