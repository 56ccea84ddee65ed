"""Refused attempts: one record for each person, log and right a minute, with how many there were."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import Final

from django_logtail.audit import records
from django_logtail.audit.recorder import Recorder, recorder_here
from django_logtail.audit.records import Subject

#: Seconds for which further attempts are only counted.
COUNT_SECONDS: Final = 60.0
#: Kinds of attempts that are counted at a time; further ones are recorded one by one.
MOST_COUNTED: Final = 1_000


@dataclass(slots=True)
class _Counted:
    began_at: float
    count: int = 0


class Refusals:
    """Used from several threads. An `Open` of the recorder, which lets it record counts when they are due."""

    def __init__(self) -> None:
        self._counted: dict[tuple[Subject, str], _Counted] = {}
        self._lock = threading.Lock()

    def note(self, recorder: Recorder, subject: Subject, what: str) -> None:
        """`what`: the right that was missing."""
        now = recorder.clock()
        recorder.enter("refusals", _Due(self, recorder))
        with self._lock:
            known = self._counted.get((subject, what))
            if known is not None and now - known.began_at < COUNT_SECONDS:
                known.count += 1
                return
            if known is None and len(self._counted) < MOST_COUNTED:
                self._counted[subject, what] = _Counted(now)
        recorder.put(records.event("refused", subject, now, {"what": what}))

    def told(self, recorder: Recorder, now: float, *, all_of_them: bool = False) -> None:
        """Record what was counted for long enough, and forget it."""
        with self._lock:
            due = [
                (key, one)
                for key, one in self._counted.items()
                if all_of_them or now - one.began_at >= COUNT_SECONDS
            ]
            for key, _ in due:
                del self._counted[key]
        for (subject, what), one in due:
            if one.count:
                detail = {"what": what, "more": one.count, "seconds": round(now - one.began_at)}
                recorder.put(records.event("refused", subject, now, detail))


class _Due:
    """What the recorder asks now and then."""

    def __init__(self, refusals: Refusals, recorder: Recorder) -> None:
        self._refusals = refusals
        self._recorder = recorder

    def progress(self, now: float) -> None:
        return None

    def expire(self, now: float) -> None:
        self._refusals.told(self._recorder, now)

    def close(self, outcome: str) -> None:
        self._refusals.told(self._recorder, self._recorder.clock(), all_of_them=True)


refusals: Final = Refusals()


def record_refusal(subject: Subject, what: str = "view") -> None:
    """Somebody asked for a log that exists, and was refused."""
    recorder = recorder_here()
    if recorder is not None:
        refusals.note(recorder, subject, what)
