"""The files that a process logs to, whatever handlers write them."""

import logging
import logging.handlers
import queue
from collections.abc import Iterator
from pathlib import Path

import pytest

from django_logtail.handlers import SpoolHandler
from django_logtail.registering.logging_tree import log_files


@pytest.fixture
def logger() -> Iterator[logging.Logger]:
    """One of the process's loggers; the others, and pytest's own handlers, have none with a file."""
    found = logging.getLogger("tests.tree")
    yield found
    for handler in list(found.handlers):
        found.removeHandler(handler)
        handler.close()


def files(directory: Path) -> list[str]:
    return [path.name for path in log_files() if path.parent == directory]


def test_every_handler_of_a_file_counts(logger: logging.Logger, tmp_path: Path) -> None:
    class Concurrent(logging.Handler):
        """As concurrent-log-handler describes itself."""

        baseFilename = str(tmp_path / "concurrent.log")

    logger.addHandler(logging.FileHandler(tmp_path / "file.log", delay=True))
    logger.addHandler(logging.handlers.RotatingFileHandler(tmp_path / "rotating.log", delay=True))
    logger.addHandler(logging.handlers.TimedRotatingFileHandler(tmp_path / "timed.log", delay=True))
    logger.addHandler(logging.handlers.WatchedFileHandler(tmp_path / "watched.log", delay=True))
    logger.addHandler(Concurrent())

    assert files(tmp_path) == ["file.log", "rotating.log", "timed.log", "watched.log", "concurrent.log"]
    assert list(tmp_path.iterdir()) == []


def test_handlers_without_a_file_of_ones_own_do_not_count(logger: logging.Logger, tmp_path: Path) -> None:
    before = log_files()
    logger.addHandler(logging.StreamHandler())
    logger.addHandler(logging.FileHandler("/dev/null"))
    logger.addHandler(SpoolHandler(tmp_path))

    assert log_files() == before


def test_a_file_behind_other_handlers_counts_once(logger: logging.Logger, tmp_path: Path) -> None:
    memory = logging.handlers.MemoryHandler(10, target=logging.FileHandler(tmp_path / "a.log", delay=True))
    queued = logging.handlers.QueueHandler(queue.SimpleQueue())
    queued.listener = logging.handlers.QueueListener(
        queued.queue, logging.FileHandler(tmp_path / "b.log", delay=True)
    )
    for handler in (memory, memory, queued, logging.FileHandler(tmp_path / "b.log", delay=True)):
        logger.addHandler(handler)
    looping = logging.handlers.MemoryHandler(10)
    looping.setTarget(looping)
    logger.addHandler(looping)

    assert sorted(files(tmp_path)) == ["a.log", "b.log"]
    looping.setTarget(None)
