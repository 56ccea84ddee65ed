"""The Dramatiq actor that runs a reader, and what ends it well when its worker shuts down.

`rundramatiq` discovers this module. Never import it before the apps are loaded: dramatiq would make a default broker.
"""

from __future__ import annotations

import asyncio
import logging
import threading
from typing import Any

import dramatiq

from django_logtail.conf import conf
from django_logtail.control.connection import mend_client_of
from django_logtail.control.process import control
from django_logtail.mailboxes import LayerMailboxes
from django_logtail.reader import Reader, reader_of
from django_logtail.reader.parts import Ending
from django_logtail.timing import run_to_end

logger = logging.getLogger(__name__)


class _Running:
    """The readers of this process, by queue, for the shutdown hook that comes from another thread."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.readers: dict[str, tuple[asyncio.AbstractEventLoop, Reader]] = {}
        self.is_shutting_down = False


_running = _Running()


class ReaderMiddleware(dramatiq.Middleware):
    """Lets a worker serve the queues it is given, and hand over when it shuts down."""

    def before_worker_boot(self, broker: Any, worker: Any) -> None:
        mend_client_of(broker)
        # A worker consumes only queues that an actor was declared on, and ours is declared on LOGTAIL["QUEUE"]: a host
        # that is named on the command line (`--queues web-2`) would be served by nobody, without a word.
        for queue in getattr(worker, "consumer_whitelist", None) or ():
            broker.declare_queue(queue)

    def before_worker_shutdown(self, broker: Any, worker: Any) -> None:
        with _running.lock:
            _running.is_shutting_down = True
            readers = dict(_running.readers)
        for queue, (loop, reader) in readers.items():
            # A worker that shuts down goes on fetching until its last actor ends: it would fetch its own hand-over.
            consumer = getattr(worker, "consumers", {}).get(queue)
            if consumer is not None:
                consumer.stop()
            loop.call_soon_threadsafe(reader.leave)


async def send_wake_up(queue: str) -> None:
    """Enqueue a run of the reader. In a thread: brokers block, and their middleware may use the database."""
    await asyncio.get_running_loop().run_in_executor(None, _enqueue, queue)


def _enqueue(queue: str) -> None:
    broker = dramatiq.get_broker()
    mend_client_of(broker)
    broker.declare_queue(queue)
    message = read_logs.message(queue)
    broker.enqueue(message.copy(queue_name=queue))


async def _run(queue: str) -> Ending:
    reader = reader_of(queue, control(), LayerMailboxes(), send_wake_up)
    mine = (asyncio.get_running_loop(), reader)
    with _running.lock:
        _, other = _running.readers.get(queue, (None, None))
        # One that ends already may take a while, and keeps nobody from reading.
        if _running.is_shutting_down or (other is not None and not other.is_ending):
            return Ending.LOST
        _running.readers[queue] = mine
    try:
        return await reader.run()
    finally:
        with _running.lock:
            if _running.readers.get(queue) is mine:
                del _running.readers[queue]


def _is_gevent() -> bool:
    try:
        from gevent import monkey
    except ImportError:
        return False
    return bool(monkey.is_module_patched("threading"))


def _actor_options() -> dict[str, Any]:
    """Limits that fit a run which lasts as long as somebody watches.

    The default time limit of 10 minutes would raise inside our event loop; the default of 20 retries would start
    readers that nobody wants. An option whose middleware the host removed is left out: Dramatiq raises on it.
    """
    wanted = {"max_retries": 0, "time_limit": float("inf")}
    known = dramatiq.get_broker().actor_options
    return {name: value for name, value in wanted.items() if name in known}


@dramatiq.actor(actor_name="logtail_read_logs", queue_name=conf.QUEUE, **_actor_options())
def read_logs(queue: str) -> None:
    """Read every wanted log of `queue` until nothing is wanted. Returns at once when another reader does so."""
    if _is_gevent():
        logger.error(
            "the reader needs worker threads and cannot run under gevent; "
            "run a worker of its own: rundramatiq --queues %s --processes 1 --threads 2",
            queue,
        )
        return
    run_to_end(_run(queue))


dramatiq.get_broker().add_middleware(ReaderMiddleware())
