"""The conformance suite in lock-step: every scenario on the pure core, with time in our hands."""

from pathlib import Path

import pytest

from tests.tailing.scenarios import SCENARIOS, Scenario
from tests.tailing.stage import LockStep, open_descriptors


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.name)
def test_all_bytes_are_shown_once_and_each_event_is_told(scenario: Scenario, tmp_path: Path) -> None:
    (tmp_path / "logs").mkdir()
    stage = LockStep(tmp_path / "logs")
    before = open_descriptors()

    scenario.play(stage)

    told = [kind for kind in stage.kinds if scenario.events or kind not in ("rotated",)]
    assert told == scenario.events
    assert_chained(stage)
    stage.close()
    assert open_descriptors() == before


def assert_chained(stage: LockStep) -> None:
    """Every item begins where the one before it ended."""
    from django_logtail.tailing import Batch, Place

    here = stage.items[0].after  # type: ignore[union-attr]
    for item in stage.items[1:]:
        if isinstance(item, Batch):
            if item.late:
                continue
            assert item.before == here
            if not item.partial:
                here = Place(item.before.file, item.end)
        else:
            assert item.before == here
            here = item.after
    assert stage.follower is not None
    assert stage.follower.position == here
