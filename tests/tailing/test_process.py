"""The same scenarios with real processes: ours, and the machine's `tail -F`, whose known failures are recorded.

All of them are played at once in threads, since they mostly wait; each test then looks at one outcome.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.tailing.scenarios import SCENARIOS, Scenario
from tests.tailing.stage import OURS, TAIL, NotShown, Process

PLAYED = [scenario for scenario in SCENARIOS if scenario.as_process]
#: Where tail -F is known to fail for good; "~" (late) depends on the moment.
TAIL_FAILS = [scenario for scenario in PLAYED if scenario.tail not in ("ok", "~")]

pytestmark = pytest.mark.skipif(
    not Path("/proc/self/fd").exists(), reason="needs Linux' /proc to stop and to look"
)


def play(scenario: Scenario, directory: Path, command: list[str], deadline_seconds: float) -> str:
    """The messages on stderr. Raises what the scenario raises."""
    logs = directory / "logs"
    logs.mkdir(parents=True)
    stage = Process(logs, command, deadline_seconds)
    try:
        scenario.play(stage)
        return stage.err.read_text()
    finally:
        stage.close()


@pytest.fixture(scope="module")
def outcomes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[tuple[str, str], Future[str]]]:
    """(who, scenario) -> its outcome."""
    directory = tmp_path_factory.mktemp("processes")
    found: dict[tuple[str, str], Future[str]] = {}
    with ThreadPoolExecutor(6) as pool:
        for scenario in PLAYED:
            found["ours", scenario.name] = pool.submit(
                play, scenario, directory / f"{scenario.name}.ours", OURS, 30.0
            )
            if scenario in TAIL_FAILS and shutil.which("tail"):
                # Far above the second that tail -F takes between two looks at a name.
                arguments = (scenario, directory / f"{scenario.name}.tail", TAIL, 3.0)
                found["tail", scenario.name] = pool.submit(play, *arguments)
        yield found
        for future in found.values():
            future.cancel()


@pytest.mark.parametrize("scenario", PLAYED, ids=lambda scenario: scenario.name)
def test_the_process_shows_all_bytes_once(
    scenario: Scenario, outcomes: dict[tuple[str, str], Future[str]]
) -> None:
    messages = outcomes["ours", scenario.name].result(timeout=120)

    assert "Traceback" not in messages
    assert len(messages.splitlines()) == len(scenario.events), messages


@pytest.mark.parametrize("scenario", TAIL_FAILS, ids=lambda scenario: scenario.name)
def test_what_tail_is_known_to_get_wrong_it_still_does(
    scenario: Scenario, outcomes: dict[tuple[str, str], Future[str]]
) -> None:
    if ("tail", scenario.name) not in outcomes:
        pytest.skip("there is no tail on this machine")
    error = outcomes["tail", scenario.name].exception(timeout=120)

    assert isinstance(error, NotShown), (
        "tail -F passes this now: correct the table in docs/explanation/following.md"
    )


def test_permission_taken_from_a_process_without_the_powers_of_root(tmp_path: Path) -> None:
    [scenario] = [scenario for scenario in SCENARIOS if scenario.name.startswith("32_")]
    limits = ["setpriv", "--bounding-set=-dac_override,-dac_read_search"] if os.geteuid() == 0 else []
    if limits and not shutil.which("setpriv"):
        pytest.skip("setpriv is missing: root reads everything")

    messages = play(scenario, tmp_path / "32", [*limits, *OURS], 30.0)

    assert "Traceback" not in messages
