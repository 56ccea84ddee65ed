"""Whether readers answer, and what they report about each log."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Iterable
from typing import Final

from django_logtail.conf import conf
from django_logtail.control import Control, ControlUnavailable
from django_logtail.control.process import control
from django_logtail.models import Log
from django_logtail.operating.advice import next_step
from django_logtail.operating.doctor.findings import Finding, note, ok, problem
from django_logtail.relay import Relay
from django_logtail.relay.feed import Feed
from django_logtail.relay.here import new_relay
from django_logtail.remedies import DOCTOR, REMEDIES, id_of
from django_logtail.states import LOG_STATES, log_state
from django_logtail.tailing.reasons import code_of, detail_of, in_full

_SAME: Final = "Give web processes and workers the same settings."
#: Causes on another host, which its doctor finds.
_ELSEWHERE: Final = frozenset({"unheard", "unsent"})
#: States of a feed that no reader has answered yet.
_UNANSWERED = frozenset(state.name for state in LOG_STATES if not state.is_answer)


async def examine_readers(logs: Iterable[Log], seconds: float) -> list[Finding]:
    """Request every log as a viewer would, and see what its reader reports."""
    by_queue: dict[str, list[Log]] = {conf.QUEUE: []}
    for log in logs:
        by_queue.setdefault(log.queue_name, []).append(log)
    relay = new_relay()
    relay.start()
    # One nonexistent log per queue: requesting it shows whether a reader answers, and opens no file.
    viewers = [
        relay.feeds.join(str(-number), queue, lines=0, resume=None) for number, queue in enumerate(by_queue)
    ]
    asked = {queue: viewer.feed for queue, viewer in zip(by_queue, viewers, strict=True)}
    feeds: dict[int, Feed] = {}
    for log in logs:
        viewer = relay.feeds.join(str(log.pk), log.queue_name, lines=0, resume=None, revision=log.revision)
        viewers.append(viewer)
        feeds[log.pk] = viewer.feed
    deadline = time.monotonic() + seconds
    # Polled, because a feed notifies only its own viewers, and this watches many feeds.
    while _is_waiting([*asked.values(), *feeds.values()]) and time.monotonic() < deadline:  # noqa: ASYNC110
        await asyncio.sleep(0.05)
    findings = []
    for queue, feed in asked.items():
        findings.append(_answer(queue, feed, seconds))
        if feed.state not in _UNANSWERED:
            findings += [_state(log, feeds[log.pk]) for log in by_queue[queue]]
        elif by_queue[queue]:
            findings.append(
                note(f"queue {queue}: its {len(by_queue[queue])} log(s) were not examined", id="no-reader")
            )
    await _leave(relay, [viewer.feed for viewer in viewers])
    return findings


def _is_waiting(feeds: Iterable[Feed]) -> bool:
    return any(feed.state in _UNANSWERED for feed in feeds)


async def _leave(relay: Relay, feeds: list[Feed]) -> None:
    """Withdraw the wants, so that the reader closes the files now and not when they expire."""
    await relay.close()
    if conf.READER == "local":
        return
    posts: Control = control()
    for queue in {feed.queue for feed in feeds}:
        members = [feed.member for feed in feeds if feed.queue == queue]
        with contextlib.suppress(ControlUnavailable):  # they expire by themselves
            await asyncio.to_thread(posts.post, queue, [], [], members)


def _answer(queue: str, feed: Feed, seconds: float) -> Finding:
    if feed.state not in _UNANSWERED:
        return ok(f"queue {queue}: a reader answers on {feed.host}", "live")
    seen = in_full(feed.reason) if feed.reason else f"no reader answered within {seconds:g} s"
    code = code_of(feed.reason)
    id = id_of(code, detail_of(feed.reason, "trouble"), feed.state)
    if id not in REMEDIES:
        return problem(f"queue {queue}: {seen}", _SAME, code or feed.state)
    remedy = REMEDIES[id]
    if remedy.paste == DOCTOR and code not in _ELSEWHERE:
        return problem(f"queue {queue}: {seen}", "This worked a moment ago: run this command again.", id)
    return problem(f"queue {queue}: {seen}", str(remedy.text), id, remedy.paste.replace("{queue}", queue))


def _state(log: Log, feed: Feed) -> Finding:
    where, reason = f"log {log.slug}: {log.path} on {feed.host}", in_full(feed.reason)
    state = log_state(feed.state)
    if state is None:  # from a later release
        return problem(f"{where}: {feed.state}: {reason}", "Look at the worker's own log.", feed.state)
    seen = state.finding.format(reason=reason, size=feed.size or 0)
    if state.name == "missing" and log.follow:
        seen = "no file matches"
    code = code_of(feed.reason)
    remedy = REMEDIES.get(code)
    paste = "" if remedy is None else remedy.paste
    id = state.name if remedy is None else code
    return Finding(state.mark, f"{where}: {seen}", next_step(log, state, code), id, paste)
