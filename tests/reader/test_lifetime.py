"""The parts of a reader: whose ending is the reader's, and whose error."""

import asyncio

import pytest

from django_logtail.reader.lifetime import Ending, Parts
from tests.virtual_time import run_virtually


def ended_by(part, *, before=None):
    """What the reader of one part comes to."""

    async def scene():
        parts = Parts("reader")
        parts.start("part", part)
        if before is not None:
            parts.end(before)
        try:
            await asyncio.sleep(60)
            return parts.ending.result() if parts.ending.done() else None
        finally:
            await parts.cancel()

    return run_virtually(scene())


def failing(times, result=None):
    tries = []

    async def part():
        tries.append(1)
        if len(tries) <= times:
            raise ValueError(f"failure {len(tries)}")
        return result

    return part


def test_a_part_that_names_an_ending_is_the_reader_s_end_and_one_that_names_none_is_not():
    assert ended_by(failing(0, Ending.LOST)) is Ending.LOST
    assert ended_by(failing(0)) is None


def test_the_first_reason_to_end_is_the_reason():
    assert ended_by(failing(0, Ending.LOST), before=Ending.HANDED_OVER) is Ending.HANDED_OVER


def test_a_part_that_fails_five_times_in_a_row_is_the_reader_s_end_with_its_error():
    assert ended_by(failing(4, Ending.IDLE)) is Ending.IDLE
    with pytest.raises(ValueError, match="failure 5"):
        ended_by(failing(5))


def test_a_reader_that_ends_already_ends_for_that_reason_whatever_fails_then():
    assert ended_by(failing(5), before=Ending.HANDED_OVER) is Ending.HANDED_OVER
