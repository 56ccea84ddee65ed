"""What one web process spends on users, as limited by the settings."""

import pytest

from django_logtail.viewing.spending import Spending, spending_here


@pytest.mark.parametrize(("percent", "mine", "in_all"), [(10, 100_000, 500_000), (80, 800_000, 800_000)])
async def test_percent_of_a_processor_are_microseconds_a_second_and_all_get_half_of_one_at_least(
    settings, percent, mine, in_all
):
    settings.LOGTAIL = {**settings.LOGTAIL, "ANSWER_PROCESSOR_PERCENT_PER_USER": percent}

    processor = Spending().processor

    assert (processor.per_user, processor.in_all) == (mine, in_all)


async def test_ranges_a_second_are_each_user_s_and_nobody_pays_for_all(settings):
    settings.LOGTAIL = {**settings.LOGTAIL, "RANGES_PER_SECOND_PER_USER": 7}

    requests = Spending().requests

    assert (requests.per_user, requests.in_all) == (7, None)


@pytest.mark.parametrize(("reader", "spent"), [("dramatiq", 8_000), ("local", 0)])
async def test_what_comes_from_another_process_has_cost_this_one_something(settings, reader, spent):
    settings.LOGTAIL = {**settings.LOGTAIL, "READER": reader, "ANSWER_PROCESSOR_PERCENT_PER_USER": 100}
    spending = Spending()
    before = spending.processor.left("7"), spending.processor.left("8")

    spending.spend_arrival("7", 2**20)

    assert spent - 4_000 < before[0] - spending.processor.left("7") <= spent  # some of it is there again


async def test_it_is_one_in_an_event_loop():
    assert spending_here() is spending_here()
