"""Work on a log's files for one want, done a step at a time in threads."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Generator, Iterator, Mapping
from typing import Final

from django_logtail.control.wants import Want
from django_logtail.protocol import MAX_FILES
from django_logtail.reader.log_files import LoggedFile, log_files
from django_logtail.reader.sources import Source

#: Seconds of processor time that one step may take before other waiting work comes first.
STEP_SECONDS: Final = 0.05


class Steps:
    """Call `step` and `close` in threads; `close` comes after the current step."""

    def __init__(
        self,
        source: Source,
        want: Want,
        permit: Callable[[int], str | None],
        open_files: Mapping[tuple[int, int], str],
    ) -> None:
        self.is_done = False
        #: Bytes of text read or unpacked so far, which are charged.
        self.read = 0
        #: How many bytes of an archive's text are unpacked, and of about how many.
        self.unpacked = (0, 0)
        self._source = source
        self._want = want
        self._permit = source.permit(permit)
        self._open_files = open_files
        #: Oldest first.
        self._files: list[LoggedFile] = []
        self._steps = self._work()
        self._lock = threading.Lock()
        self._is_closed = False

    def _work(self) -> Generator[bool | None, None, None]:
        """All of it, with pauses; True ends the step early."""
        raise NotImplementedError

    def _pause(self) -> None:
        """Called after each step."""

    def _end(self) -> None:
        """Called once, when it is closed."""

    def step(self) -> None:
        """Work for STEP_SECONDS."""
        with self._lock:
            if self._is_closed:
                return
            until = time.thread_time() + STEP_SECONDS
            for is_enough in self._steps:
                if is_enough or time.thread_time() >= until:
                    break
            else:
                self.is_done = True
            self._pause()

    def close(self) -> None:
        """Close the files."""
        with self._lock:
            if self._is_closed:
                return
            self._is_closed = True
            self._steps.close()
            for file in self._files:
                file.close()
            self._end()

    def _unpack(self, file: LoggedFile) -> Iterator[None]:
        """Unpack a file to its end."""
        for _ in file.unpack(STEP_SECONDS):
            self.unpacked = file.unpacked
            yield

    def _find_files(self) -> Iterator[None]:
        for found in log_files(self._source, self._permit, self._open_files):
            if found is None:
                yield
                continue
            self._files.insert(0, found)
            if len(self._files) == MAX_FILES:
                return
