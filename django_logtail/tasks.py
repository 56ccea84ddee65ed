"""The Dramatiq actors: one runs a reader, which ends in an orderly way when its worker shuts down, and one answers
questions about the files of its host.

`rundramatiq` discovers this module. Never import it before the apps are loaded: dramatiq would create a default broker.
"""

from __future__ import annotations

import asyncio
import contextlib
import functools
import logging
import math
import random
import socket
import threading
import time
from collections.abc import Iterator
from typing import Any, Final

import dramatiq
from dramatiq.brokers.redis import RedisBroker

from django_logtail.conf import conf
from django_logtail.control import ControlUnavailable
from django_logtail.control.connection import mend_client_of, waits_in
from django_logtail.control.layer import LayerMailboxes
from django_logtail.control.process import control, in_thread
from django_logtail.control.wire import Malformed, ignored
from django_logtail.reader import Reader, reader_of
from django_logtail.reader.bells import Bells
from django_logtail.reader.lifetime import Ending
from django_logtail.reader.wake_ups import Load, Serving, Verdict, new_wake_up
from django_logtail.registering import asking
from django_logtail.registering.members import refresh
from django_logtail.timing import Supervisor, run_to_end

logger = logging.getLogger(__name__)

#: Seconds for which a worker takes nothing from a queue after passing on a wake-up: idle workers that hear no bell
#: fetch once a second.
PASS_ON_SECONDS: Final = 1.2
#: Seconds, up to twice as many, for which a worker holds another project's wake-up before putting it back.
PUT_BACK_SECONDS: Final = 0.15
#: Seconds between checks for a better-placed worker, and between leaving to one twice because it has the files.
LOOK_SECONDS: Final = 3.0
ONCE_SECONDS: Final = 600.0
#: Seconds between two requests for the members of a queue's patterns.
MEMBERS_SECONDS: Final = 2.0
#: Milliseconds after which a worker drops such a request, and for which it may look.
MEMBERS_AGE_MS: Final = 10_000


class _Running:
    """The readers of this process, by queue, for the shutdown hook, which runs in another thread."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.readers: dict[str, tuple[asyncio.AbstractEventLoop, Reader]] = {}
        self.is_shutting_down = False
        #: This process's worker; None until it boots.
        self.worker: Any = None
        #: None until a worker boots, as in a host's tests: then any process reads when asked.
        self.serving: Serving | None = None
        self.load: Load | None = None
        #: None without a worker, or if its broker isn't Redis.
        self.bells: Bells | None = None
        #: By queue, when a reader of this process last left it to another host.
        self.left_at: dict[str, float] = {}
        #: By queue, the broker's id of the last message that asked for members.
        self.asked_for: dict[str, str] = {}


_running = _Running()


def _queues_read() -> list[str]:
    with _running.lock:
        return list(_running.readers)


class ReaderMiddleware(dramatiq.Middleware):
    """Makes a worker serve the queues it is given, and hand over when it shuts down."""

    def before_worker_boot(self, broker: Any, worker: Any) -> None:
        mend_client_of(broker)
        _running.worker = worker
        # A worker consumes only queues that an actor is declared on, and ours is declared on LOGTAIL["QUEUE"]: other
        # queues on the command line (`--queues web-2`) would silently not be served.
        named = getattr(worker, "consumer_whitelist", None)
        for queue in named or ():
            broker.declare_queue(queue)
        if conf.READER == "dramatiq" and not _is_gevent():
            _running.load = Load(worker.worker_threads)
            _running.serving = Serving(
                control, named, broker.get_declared_queues, _running.load, _queues_read
            )
            _running.serving.start()
            if isinstance(broker, RedisBroker):
                _running.bells = Bells(control, {conf.QUEUE, *(named or ())})
                _running.bells.attach(broker)
                _running.bells.start()

    def before_process_message(self, broker: Any, message: Any) -> None:
        if _running.load is not None:
            _running.load.begin(message.message_id)

    def after_process_message(
        self, broker: Any, message: Any, *, result: Any = None, exception: Any = None
    ) -> None:
        if _running.load is not None:
            _running.load.end(message.message_id)

    def after_skip_message(self, broker: Any, message: Any) -> None:
        self.after_process_message(broker, message)

    def before_worker_shutdown(self, broker: Any, worker: Any) -> None:
        with _running.lock:
            _running.is_shutting_down = True
            readers = dict(_running.readers)
        if _running.serving is not None:
            _running.serving.stop()
        if _running.bells is not None:
            _running.bells.stop()
        for queue, (loop, reader) in readers.items():
            # During shutdown a worker keeps fetching until its last actor ends: it would fetch its own hand-over.
            consumer = getattr(worker, "consumers", {}).get(queue)
            if consumer is not None:
                consumer.stop()
            loop.call_soon_threadsafe(reader.leave)


def ask_for_members(queue: str) -> None:
    """Have the worker of `queue` look for members of its patterns, unless it has yet to do so.

    Blocks, and raises what the broker raises.
    """
    if not control().take_turn(queue, MEMBERS_SECONDS):
        return
    broker = dramatiq.get_broker()
    mend_client_of(broker)
    broker.declare_queue(queue)
    if waits_in(broker, queue, _running.asked_for.get(queue, "")):
        return  # no worker is free: another would only queue up behind it
    sent = _put_look(refresh_members, queue)
    _running.asked_for[queue] = str(sent.options.get("redis_message_id", ""))


async def send_wake_up(queue: str) -> None:
    """Enqueue a run of the reader. In a thread: brokers block, and their middleware may use the database."""
    await asyncio.get_running_loop().run_in_executor(None, _enqueue, queue)


def _enqueue(queue: str, not_on: str = "") -> None:
    broker = dramatiq.get_broker()
    mend_client_of(broker)
    broker.declare_queue(queue)
    if waits_in(broker, queue, control().waiting(queue)):
        return  # nobody has taken the last one: another would only queue up behind it
    waiting = _put(queue, new_wake_up(control(), queue, not_on), 0)
    _ring(queue)
    control().set_waiting(queue, waiting)


def _ring(queue: str) -> None:
    """Make idle workers fetch at once; without that, they do so within a second."""
    with contextlib.suppress(ControlUnavailable):
        control().ring(queue)


def _put(queue: str, text: str, passed_on: int) -> str:
    """Enqueue a wake-up; return the broker's id of it."""
    message = read_logs.message(queue, text, passed_on)
    sent = dramatiq.get_broker().enqueue(message.copy(queue_name=queue))
    return str(sent.options.get("redis_message_id", ""))


def _is_for_us(queue: str, text: str, passed_on: int) -> bool:
    """Whether this worker is the one to answer a wake-up; if another is, it has been put back."""
    if _running.serving is None:
        return True
    verdict = _running.serving.verdict(queue, text, passed_on)
    if verdict is Verdict.PUT_BACK:
        time.sleep(PUT_BACK_SECONDS * (1 + random.random()))  # noqa: S311 - no secret
        _put(queue, text, passed_on + 1)
    elif verdict is Verdict.PASS_ON:
        with _fetching_nothing(queue):
            try:
                if not waits_in(dramatiq.get_broker(), queue, control().waiting(queue)):
                    control().set_waiting(queue, _put(queue, text, passed_on + 1))
                    _ring(queue)
            except ControlUnavailable as error:
                logger.info("a wake-up for queue %s may be lost: Redis: %s", queue, error)
            time.sleep(PASS_ON_SECONDS)
    return verdict is Verdict.READ


def _put_look(actor: Any, queue: str, *arguments: object) -> Any:
    """Enqueue a task that looks at files of the queue's host; return the message."""
    sent = dramatiq.get_broker().enqueue(actor.message(queue, *arguments).copy(queue_name=queue))
    _ring(queue)
    return sent


def _is_ours_to_look(actor: Any, queue: str, passed_on: int, *arguments: object) -> bool:
    """Whether this worker is on the host that the task is about; if another may be, it has been put back.

    The name of the queue isn't proof: anyone who can write to the broker can put a task into another queue.
    """
    if _running.serving is None:
        return True
    verdict = _running.serving.verdict_on_look(queue, passed_on)
    if verdict is Verdict.PASS_ON:
        with _fetching_nothing(queue):
            _put_look(actor, queue, *arguments, passed_on + 1)
            time.sleep(PASS_ON_SECONDS)
    return verdict is Verdict.READ


@contextlib.contextmanager
def _fetching_nothing(queue: str) -> Iterator[None]:
    """Leave the queue to other workers: this one would fetch again at once what it has put back."""
    consumer = getattr(_running.worker, "consumers", {}).get(queue)
    if consumer is not None:
        consumer.pause()
    try:
        yield
    finally:
        if consumer is not None:
            consumer.resume()


async def _leave_to_others(queue: str, reader: Reader, serving: Serving) -> None:
    """Make the reader leave as soon as another worker is better placed. Only for a worker that doesn't name the
    queue.
    """
    while True:
        await asyncio.sleep(LOOK_SECONDS)
        left_at = _running.left_at.get(queue, -math.inf)
        is_tried = time.monotonic() - left_at < ONCE_SECONDS
        missing = [] if is_tried else [flow.want.log for flow in reader.flows if flow.state[0] == "missing"]
        try:
            host = await in_thread(serving.better_host, queue, missing)
        except ControlUnavailable:
            continue
        if host:
            logger.info("reader on queue %s: left to the worker on %s", queue, host)
            _running.left_at[queue] = time.monotonic()
            reader.leave()
            return


async def _hand_over(queue: str) -> None:
    """Wake another reader; preferably on another host."""
    await asyncio.get_running_loop().run_in_executor(None, _enqueue, queue, socket.gethostname())


async def _run(queue: str) -> Ending:
    reader = reader_of(queue, control(), LayerMailboxes(), _hand_over)
    mine = (asyncio.get_running_loop(), reader)
    with _running.lock:
        _, other = _running.readers.get(queue, (None, None))
        # One that is already ending may take a while, and doesn't keep others from reading.
        if _running.is_shutting_down or (other is not None and not other.is_ending):
            return Ending.LOST
        _running.readers[queue] = mine
    serving = _running.serving
    leaving = None
    if serving is not None and not serving.is_named_for(queue):
        leave = functools.partial(_leave_to_others, queue, reader, serving)
        leaving = Supervisor(f"worker for queue {queue}").keep("leaving it to another worker", leave)
    try:
        return await reader.run()
    finally:
        if leaving is not None:
            leaving.cancel()
        with _running.lock:
            if _running.readers.get(queue) is mine:
                del _running.readers[queue]


def _is_gevent() -> bool:
    try:
        from gevent import monkey
    except ImportError:
        return False
    return bool(monkey.is_module_patched("threading"))


def _members_options() -> dict[str, Any]:
    """Options for a look that will soon be asked for again."""
    wanted = {"max_retries": 0, "max_age": MEMBERS_AGE_MS, "time_limit": MEMBERS_AGE_MS}
    return {name: value for name, value in wanted.items() if name in dramatiq.get_broker().actor_options}


def _actor_options() -> dict[str, Any]:
    """Options for a run that lasts as long as anyone watches.

    The default time limit of 10 minutes would raise inside our event loop; the default of 20 retries would start
    readers that nobody needs. An option is left out if the host has removed its middleware, because Dramatiq would
    raise.
    """
    wanted = {"max_retries": 0, "time_limit": float("inf")}
    known = dramatiq.get_broker().actor_options
    return {name: value for name, value in wanted.items() if name in known}


@dramatiq.actor(actor_name="logtail_read_logs", queue_name=conf.QUEUE, **_actor_options())
def read_logs(queue: str, wake_up: str = "", passed_on: int = 0) -> None:
    """Read every wanted log of `queue` until nothing is wanted. Returns at once if another reader does so.

    `wake_up` says who sent it and when; `passed_on`, how many workers have passed it on.
    """
    if _is_gevent():
        logger.error(
            "the reader needs worker threads and can't run under gevent; "
            "run a separate worker: rundramatiq --queues %s --processes 1 --threads 2",
            queue,
        )
        return
    if not (isinstance(queue, str) and isinstance(wake_up, str) and isinstance(passed_on, int)):
        ignored.add(
            "a wake-up", Malformed("its arguments are of other types")
        )  # anyone may be able to write to a broker
        return
    if conf.READER != "dramatiq":
        logger.error(
            'queue %s: LOGTAIL["READER"] is %r in the settings of this worker, so it reads nothing; '
            "give it the settings of the web processes",
            queue,
            conf.READER,
        )
        return
    if _is_for_us(queue, wake_up, passed_on):
        run_to_end(_run(queue))


@dramatiq.actor(actor_name=asking.ACTOR, queue_name=conf.QUEUE, **_actor_options())
def look(queue: str, question: str, passed_on: int = 0) -> None:
    """Answer a question about files of this host; see `registering.asking`. Takes 2 s at most."""
    if not (isinstance(queue, str) and isinstance(question, str) and isinstance(passed_on, int)):
        ignored.add("a question", Malformed("its arguments are of other types"))
        return
    if conf.READER == "dramatiq":
        try:
            if _is_ours_to_look(look, queue, passed_on, question):
                asking.answer(queue, question)
        except ControlUnavailable as error:
            logger.info("a question to queue %s has no answer: Redis: %s", queue, error)


@dramatiq.actor(actor_name="logtail_members", queue_name=conf.QUEUE, **_members_options())
def refresh_members(queue: str, passed_on: int = 0) -> None:
    """Make the members of the queue's patterns match the files of this host. Reads no file."""
    if not (isinstance(queue, str) and isinstance(passed_on, int)):
        ignored.add("a request for members", Malformed("its arguments are of other types"))
        return
    if conf.READER == "dramatiq":
        try:
            if _is_ours_to_look(refresh_members, queue, passed_on):
                refresh(queue)
        except ControlUnavailable as error:
            logger.info("the members of queue %s are looked up later: Redis: %s", queue, error)


dramatiq.get_broker().add_middleware(ReaderMiddleware())
