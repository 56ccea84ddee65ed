"""The kernel's reports of changed files reach the event loop at once, but not as often as writers write, and not
after the end.
"""

import asyncio
import os
from collections.abc import Iterator

import pytest

from django_logtail.reader.kernel_hints import Hints
from tests.virtual_time import run_virtually


class Followers:
    """A set whose event source is a pipe: readable while something is in it."""

    def __init__(self) -> None:
        self.read_end, self.write_end = os.pipe()
        os.set_blocking(self.read_end, False)
        self.has_source = True
        self.read = 0

    def fileno(self) -> int | None:
        return self.read_end if self.has_source else None

    def read_hints(self) -> set[str]:
        self.read += 1
        return set(os.read(self.read_end, 1024).decode())

    def change(self, keys: bytes = b"x") -> None:
        os.write(self.write_end, keys)


@pytest.fixture
def followers() -> Iterator[Followers]:
    followers = Followers()
    yield followers
    os.close(followers.read_end)
    os.close(followers.write_end)


def test_a_change_is_read_at_once_and_wakes_the_pump(followers: Followers) -> None:
    async def scene() -> tuple[int, bool, int, bool]:
        hinted = asyncio.Event()
        hints = Hints(followers, hinted, lambda key: False)  # type: ignore[arg-type]
        hints.watch()
        await asyncio.sleep(1)
        before = followers.read, hinted.is_set()
        followers.change()
        await asyncio.sleep(0.0001)
        hints.close()
        return (*before, followers.read, hinted.is_set())

    assert run_virtually(scene()) == (0, False, 1, True)


def test_changes_are_read_every_2_ms_at_most_and_none_is_left_unread(followers: Followers) -> None:
    async def scene() -> list[int]:
        hints = Hints(followers, asyncio.Event(), lambda key: False)  # type: ignore[arg-type]
        hints.watch()
        read = []
        for _ in range(10):
            followers.change()
            await asyncio.sleep(0.0005)
            read.append(followers.read)
        await asyncio.sleep(1)
        hints.close()
        with pytest.raises(BlockingIOError):
            os.read(followers.read_end, 1)
        return read

    assert run_virtually(scene()) in ([1, 1, 1, 1, 2, 2, 2, 2, 3, 3], [1, 1, 1, 1, 1, 2, 2, 2, 2, 3])


def test_nothing_is_read_after_closing_and_the_loop_no_longer_waits_for_it(followers: Followers) -> None:
    async def scene() -> tuple[int, bool]:
        hints = Hints(followers, asyncio.Event(), lambda key: False)  # type: ignore[arg-type]
        hints.watch()
        hints.close()
        followers.change()
        hints.watch()  # as a pause that was under way does
        await asyncio.sleep(1)
        return followers.read, asyncio.get_running_loop().remove_reader(followers.read_end)

    assert run_virtually(scene()) == (0, False)


def test_a_pause_that_ends_after_closing_does_not_begin_again(followers: Followers) -> None:
    async def scene() -> int:
        hints = Hints(followers, asyncio.Event(), lambda key: False)  # type: ignore[arg-type]
        hints.watch()
        followers.change()
        await asyncio.sleep(0.001)
        hints.close()
        followers.change()
        await asyncio.sleep(1)
        return followers.read

    assert run_virtually(scene()) == 1


def test_without_an_event_source_there_is_nothing_to_wait_for(followers: Followers) -> None:
    followers.has_source = False

    async def scene() -> bool:
        hints = Hints(followers, asyncio.Event(), lambda key: False)  # type: ignore[arg-type]
        hints.watch()
        hints.close()
        return asyncio.get_running_loop().remove_reader(followers.read_end)

    assert run_virtually(scene()) is False


@pytest.mark.parametrize(
    ("changed", "is_hinted"), [(b"a", False), (b"ab", False), (b"abx", True), (b"x", True)]
)
def test_changes_of_what_is_looked_at_by_its_round_wake_nobody(
    followers: Followers, changed: bytes, is_hinted: bool
) -> None:
    async def scene() -> tuple[int, bool]:
        hinted = asyncio.Event()
        hints = Hints(followers, hinted, lambda key: key in ("a", "b"))  # type: ignore[arg-type]
        hints.watch()
        followers.change(changed)
        await asyncio.sleep(0.001)
        hints.close()
        return followers.read, hinted.is_set()

    assert run_virtually(scene()) == (1, is_hinted)
