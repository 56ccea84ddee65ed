"""Pace by cost, on times that are only numbers."""

from __future__ import annotations

import pytest

from django_logtail.promptness import Promptness


@pytest.mark.parametrize(
    ("spent", "pause"),
    [
        (0.004, 0.0),
        (0.005, 0.0),  # all that was saved up
        (0.006, 0.02),  # a millisecond of debt, at a twentieth of a processor
        (0.0075, 0.05),
        (0.5, 0.05),  # a round at most, whatever it took
    ],
)
def test_a_sender_waits_just_until_its_debt_is_paid_and_a_round_at_most(spent: float, pause: float) -> None:
    assert Promptness(0.05).pause("a", spent, 0, 100.0) == pytest.approx(pause)


@pytest.mark.parametrize(
    ("interval", "rounds"),
    [
        (0.040, [0.0] * 8),  # below the share
        (0.020, [0.0] * 40),  # exactly at it
        (0.010, [0.0] * 9 + [0.010, 0.010, 0.010]),  # above: what was saved up, then debts
    ],
)
def test_steady_sending_is_prompt_as_far_as_the_share_reaches(interval: float, rounds: list[float]) -> None:
    promptness, now, pauses = Promptness(0.05), 100.0, []
    for _ in rounds:
        pause = promptness.pause("a", 0.001, 0, now)
        pauses.append(pause)
        now += max(interval, interval + pause)

    assert pauses == pytest.approx(rounds, abs=1e-9)


def test_a_flood_in_debt_sends_once_a_round_and_owes_no_more_when_it_has_calmed_down() -> None:
    promptness = Promptness(0.05)
    floods = [promptness.pause("a", 0.02, 0, 100.0 + number * 0.05) for number in range(40)]

    assert floods == pytest.approx([0.05] * 40)
    assert promptness.pause("a", 0.0004, 0, 102.1) == 0.0  # two rounds later: one to pay off, one to save


def test_of_two_active_senders_each_has_half_and_the_quiet_one_is_not_delayed_by_the_flood() -> None:
    promptness = Promptness(0.05)
    flood, quiet = [], []
    for number in range(100):
        now = 100.0 + number * 0.05
        flood.append(promptness.pause("flood", 0.02, 0, now))
        quiet.append(promptness.pause("quiet", 0.001, 0, now))

    assert quiet == [0.0] * 100
    assert flood == pytest.approx([0.05] * 100)


def test_two_that_spend_alike_divide_the_share() -> None:
    promptness = Promptness(0.05)
    pauses = [promptness.pause(name, 0.006, 0, 100.0) for name in ("a", "b")]

    assert pauses == pytest.approx([0.02, 0.04])


@pytest.mark.parametrize(
    ("size", "pause"),
    [
        (20_000, 0.0),  # 800,000 bytes a second: at 50 ms a batch it would be half of that
        (25_000, 0.0),  # exactly the rate at which a part is used up
        (30_000, 0.005),
        (75_000, 0.05),
        (1_000_000, 0.05),
    ],
)
def test_a_flood_has_no_part_left_though_its_batches_cost_nothing(size: int, pause: float) -> None:
    promptness = Promptness(0.05)
    promptness.pause("a", 0.005, 0, 100.0)

    assert promptness.pause("a", 0.0, size, 100.025) == pytest.approx(pause)


@pytest.mark.parametrize(("rest", "pause"), [(0.999, 0.04), (1.0, 0.02)])
def test_whoever_rests_for_a_second_no_longer_counts(rest: float, pause: float) -> None:
    promptness = Promptness(0.05)
    promptness.pause("quiet", 0.001, 0, 100.0)

    assert promptness.pause("other", 0.006, 0, 100.0 + rest) == pytest.approx(pause)


@pytest.mark.parametrize("spent", [0.0, 1.0])
def test_without_a_share_every_sender_pauses_for_a_round(spent: float) -> None:
    assert Promptness(0.0).pause("a", spent, 0, 100.0) == 0.05
