"""A handler for Django's `LOGGING` that gives a project without log files a log to watch. Imports no framework.

`SpoolHandler.emit` formats a record and puts it into a queue. A thread, started by the first record of each process,
writes the queue to the `Spool` that all processes of the host share.
"""

from __future__ import annotations

import logging
import os
import queue
import sys
import threading
import time
import weakref
from collections import Counter
from pathlib import Path
from typing import Any

from django_logtail.spool import NAME, Spool

#: A layout that `formats` understands; it names the process, because all of them write to one log.
FORMAT = "%(asctime)s %(levelname)s [%(process)d] %(name)s: %(message)s"
#: The rest of a longer entry is cut off.
MAX_ENTRY_BYTES = 256 * 1024
#: Memory for entries that are not yet written: about 20,000 ordinary lines.
MAX_QUEUE_BYTES = 4 * 1024 * 1024
#: The longest wait for the last entries when a process ends.
FLUSH_SECONDS = 2.0

#: What an entry needs in memory besides its bytes.
_OVERHEAD_BYTES = 64
#: Entries joined at once, which other threads of the process wait for: microseconds.
_BATCH_ENTRIES = 1_000
#: Pause between batches, so that a busy process writes a hundred times a second and not for each line.
_PAUSE_SECONDS = 0.01
_RETRY_SECONDS = 1.0
_ADVICE = (
    "Make sure that its directory exists, that this process may write there, and that the disk isn't full. "
    "Until then, entries wait in memory; those that don't fit are dropped and counted in the log"
)

_open_handlers: weakref.WeakSet[SpoolHandler] = weakref.WeakSet()


def spool_paths() -> list[Path]:
    """The files that this process's handlers write to."""
    return sorted({handler.path for handler in _open_handlers})


class SpoolHandler(logging.Handler):
    """Writes to `application.log` in `directory`, and keeps the newest `files` files of `max_bytes` each.

    Logging never waits for the file. An entry that can't be written is dropped, and a line in the log says how many
    are missing. Records of django_logtail itself are left out: following a log must not add lines to it.
    """

    def __init__(
        self, directory: str | os.PathLike[str], *, max_bytes: int = 16 * 1024 * 1024, files: int = 4
    ) -> None:
        if not Path(directory).is_absolute():
            raise ValueError(f"directory is {os.fspath(directory)!r}; expected an absolute path")
        if max_bytes < MAX_QUEUE_BYTES:  # a batch may be as large
            raise ValueError(f"max_bytes is {max_bytes!r}; expected at least {MAX_QUEUE_BYTES}")
        if files < 2:
            raise ValueError(f"files is {files!r}; expected at least 2")
        super().__init__()
        self.path = Path(directory) / NAME
        self.formatter = logging.Formatter(FORMAT)
        self._spool = Spool(self.path, max_bytes=max_bytes, files=files)
        self._is_closed = False
        self._begin()
        _open_handlers.add(self)

    def _begin(self) -> None:
        """Start with an empty queue, also in a forked child: the parent has the thread, and writes what it holds."""
        # Held for moments, and never while formatting or writing; `logging.shutdown` holds `lock` while it flushes.
        self._guard = threading.RLock()
        self._entries: list[bytes] = []
        self._bytes = 0
        #: Why entries were dropped since the last batch -> how many.
        self._dropped: Counter[str] = Counter()
        #: Records that the file neither has nor counts as dropped.
        self._unwritten = 0
        #: Why writing fails at the moment; "": it doesn't.
        self._trouble = ""
        self._thread: threading.Thread | None = None
        # Unlike an Event, it can be used by a signal handler that logs while it is being used.
        self._wake: queue.SimpleQueue[None] = queue.SimpleQueue()

    # Called by logging, in any thread: no file is touched but in `flush` and `close`.

    def handle(self, record: logging.LogRecord) -> Any:
        """As in `logging.Handler`, but no thread waits while another one formats."""
        kept = self.filter(record)
        if kept:
            self.emit(kept if isinstance(kept, logging.LogRecord) else record)
        return kept

    def emit(self, record: logging.LogRecord) -> None:
        if record.name.partition(".")[0] == "django_logtail":
            return
        try:
            self._put(
                _entry(self.format(record)), self._trouble or "they came faster than they could be written"
            )
        except Exception as error:  # noqa: BLE001 - arguments and formatters are the project's
            place = f"{record.filename}:{record.lineno}"
            self._put(None, f"they could not be formatted: {type(error).__name__} at {place}")

    def flush(self) -> None:
        """Wait until everything is written, but not for long."""
        deadline = time.monotonic() + FLUSH_SECONDS
        while self._unwritten and self._thread is not None and time.monotonic() < deadline:
            time.sleep(0.002)

    def close(self) -> None:
        """Write what is left, but not for long. Later records are ignored."""
        self.flush()
        _open_handlers.discard(self)
        super().close()
        if self._is_closed:
            return
        self._is_closed = True
        self._wake.put(None)
        if self._thread is None:  # none can be started while the interpreter ends
            self._write_queue()
        if self._unwritten:
            _complain(
                f"{self._unwritten} entries could not be written to {self.path} before the process ended"
            )

    def _put(self, entry: bytes | None, reason: str) -> None:
        """Queue the entry, or count it as dropped."""
        with self._guard:
            if self._is_closed:
                return
            if not self._entries and not self._dropped:
                self._wake.put(None)
            self._unwritten += 1
            if entry is None or self._bytes + len(entry) + _OVERHEAD_BYTES > MAX_QUEUE_BYTES:
                self._dropped[reason] += 1
            else:
                self._entries.append(entry)
                self._bytes += len(entry) + _OVERHEAD_BYTES
            if self._thread is None:
                self._start_thread()

    def _start_thread(self) -> None:
        self._thread = threading.Thread(target=self._run, name="logtail-spool", daemon=True)
        try:
            self._thread.start()
        except RuntimeError:  # too many threads, or the interpreter is ending: the next record tries again
            self._thread = None
            return
        process = sys.modules.get("multiprocessing.process")
        if process is not None and process.parent_process() is not None:
            from multiprocessing.util import Finalize

            Finalize(None, self.flush, exitpriority=0)  # such children may end without `logging.shutdown`

    # The thread.

    def _run(self) -> None:
        while not self._is_closed:
            self._wake.get()
            self._write_queue()
            time.sleep(_PAUSE_SECONDS)

    def _write_queue(self) -> None:
        with self._guard:
            entries, self._entries = self._entries, []
            dropped, self._dropped = self._dropped, Counter()
            self._bytes = 0
        while entries:
            batch = entries[:_BATCH_ENTRIES]
            del entries[:_BATCH_ENTRIES]
            if not self._write(b"".join(batch), len(batch)):
                return
        # The queue was full, so what was dropped comes after everything in it.
        for reason, count in dropped.items():
            if not self._write(self._entry_of_dropped(count, reason), count):
                return

    def _write(self, batch: bytes, count: int) -> bool:
        """Try until it is written, or the handler is closed."""
        while not self._is_written(batch):
            if self._is_closed:
                return False
            time.sleep(_RETRY_SECONDS)
        with self._guard:
            self._unwritten -= count
        return True

    def _is_written(self, batch: bytes) -> bool:
        try:
            self._spool.append(batch)
        except OSError as error:
            if not self._trouble:
                _complain(f"{self.path} can't be written: {error.strerror}. {_ADVICE}")
            self._trouble = f"the file could not be written: {error.strerror}"
            return False
        self._trouble = ""
        return True

    def _entry_of_dropped(self, count: int, reason: str) -> bytes:
        text = f"Entries dropped here: {count} ({reason})"
        record = logging.LogRecord(__name__, logging.WARNING, __file__, 0, text, None, None)
        try:
            self.filter(record)  # a filter may add what the formatter needs
            return _entry(self.format(record))
        except Exception:  # noqa: BLE001 - as in emit
            return _entry(logging.Formatter(FORMAT).format(record))


def _entry(text: str) -> bytes:
    data = text.encode("utf-8", "backslashreplace")
    if len(data) > MAX_ENTRY_BYTES:
        kept = data[:MAX_ENTRY_BYTES].decode("utf-8", "ignore").encode()
        data = kept + f" … [cut off: {len(data) - len(kept)} bytes]".encode()
    return data + b"\n"


def _complain(text: str) -> None:
    """On standard error: the log is what can't be written."""
    if sys.stderr is not None:
        print(f"django_logtail: {text}.", file=sys.stderr, flush=True)  # noqa: T201


def _after_fork() -> None:
    for handler in list(_open_handlers):
        handler._spool.abandon()
        handler._begin()


os.register_at_fork(after_in_child=_after_fork)
