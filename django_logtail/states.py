"""Every state of a log, and of a page that shows one, in one table.

The page gets the table with its configuration, and the words with `page.texts`; the admin, `logtail_status` and
`logtail_doctor` read it; `docs/reference` is checked against it. A new state needs a row here, its words in `locale`,
rows in the two tables of the reference, and code in a reader or relay that reports it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal

from django.utils.translation import gettext_lazy as _

Tone = Literal["", "ok", "caution", "danger"]


@dataclass(frozen=True, slots=True)
class PageState:
    """A page's state in a word or two: the `data-state` of `<log-tail>`.

    `words`: for people; "" if nothing is shown. `tone`: its colour. `dot`: the shape of the mark before the words,
    which tells states apart without colours. `is_plain_at_end`: the row at the log's end has neither.
    """

    name: str
    words: object
    meaning: str
    tone: Tone = ""
    dot: Literal["round", "square", "blinking"] = "round"
    is_plain_at_end: bool = False


@dataclass(frozen=True, slots=True)
class LogState:
    """The state of a log, as the `status` message reports it.

    `shown`: the `PageState` that a page shows for it, unless the page has a state of its own; `shown_before_any`: the
    one for a page that has seen no file yet. `words`: for the log alone, as in the admin; None: those of `shown`.
    `said_by_readers`: what readers call it, if different.

    `notice`, `end`: what a page shows above and below the lines; None: nothing, or the page's own words. They may use
    `{name}`, `{reason}` and `{queue}`; those `without_queue` are for people who may not see the queue. `actions`: the
    notice's buttons, by the names of their texts. `continues`: the notice promises that the page continues
    automatically. `notice_with_reason`: replaces the notice, for everyone, if `status` has a reason.

    `finding`, `mark`, `next_step`: what the doctor says about a log in this state, how bad that is, and what to do.
    `is_answer`: a reader reported it.
    """

    name: str
    meaning: str
    shown: str
    finding: str
    mark: Literal["ok", "note", "PROBLEM"]
    next_step: str = ""
    shown_before_any: str = ""
    words: object = None
    said_by_readers: tuple[str, ...] = ()
    is_answer: bool = True
    notice: object = None
    notice_without_queue: object = None
    notice_with_reason: object = None
    end: object = None
    end_without_queue: object = None
    actions: tuple[str, ...] = ()
    tone: Tone = ""
    continues: bool = False


PAGE_STATES: Final = (
    PageState("idle", "", "no log is chosen"),
    PageState("connecting", _("Connecting"), "no reader has reported reading the file yet", dot="blinking"),
    PageState(
        "live",
        _("Live"),
        "a reader is reading the file, and everything it found has arrived or is on its way",
        "ok",
    ),
    PageState(
        "behind",
        _("Behind"),
        "more than 1 MB is waiting for this viewer",
        "caution",
        is_plain_at_end=True,
    ),
    PageState(
        "history",
        _("Not live"),
        "the person is viewing an earlier part, through a link or until the page was full, and the server was asked "
        "to hold; or WebSockets are blocked and the lines were fetched over HTTP",
        dot="square",
        is_plain_at_end=True,
    ),
    PageState("paused", _("Paused"), "the page shows no new lines; reading continues", dot="square"),
    PageState(
        "stopped",
        _("Stopped"),
        "stopped by the person, or after 30 minutes in the background; reading for this page has ended",
        dot="square",
    ),
    PageState("ended", _("Ended by admin"), "stopped by an administrator", "danger", dot="square"),
    PageState(
        "reconnecting",
        _("Reconnecting"),
        "the connection was lost; the page retries and resumes at its byte",
        "caution",
        dot="blinking",
    ),
    PageState("offline", _("Offline"), "the browser reports no network", "caution"),
    PageState(
        "missing",
        _("File missing"),
        "the file does not exist now; the page continues when it reappears",
        "caution",
    ),
    PageState(
        "notyet",
        _("Waiting"),
        "there is no file yet; the page shows it when it appears",
    ),
    PageState(
        "unreadable",
        _("Unreadable"),
        "the file can't be read, or is not a regular file",
        "caution",
    ),
    PageState("stalled", _("File not responding"), "a read takes longer than 5 s", "caution"),
    PageState("noreader", _("No reader"), "no worker serves the log's queue", "caution"),
    PageState("denied", _("No access"), "access has ended; the page was cleared", "danger", dot="square"),
    PageState("signedout", _("Signed out"), "the session has ended; the page was cleared", "caution"),
    PageState("outdated", _("Reload needed"), "the page is older than the server", "caution", dot="square"),
    PageState("failed", _("Not connected"), "the page can't connect, and says why", "danger", dot="square"),
)

_NO_LINES: Final = _("No lines can arrive: {reason}. Resumes automatically when this is fixed.")
_NO_ANSWER: Final = "the reader reported nothing about it"

LOG_STATES: Final = (
    LogState(
        "waiting",
        "no answer from the reader yet",
        shown="connecting",
        said_by_readers=("opening", "changed"),
        is_answer=False,
        mark="PROBLEM",
        finding=_NO_ANSWER,
        next_step="Look at the worker's own log.",
    ),
    LogState(
        "live",
        "it is being read",
        shown="live",
        said_by_readers=("reading",),
        mark="ok",
        finding="{size} bytes",
    ),
    LogState(
        "missing",
        "the file does not exist; it is followed as soon as it appears",
        shown="missing",
        shown_before_any="notyet",
        notice=_("{name} no longer exists. If it reappears, this page continues automatically."),
        actions=("do.choose",),
        continues=True,
        end=_("Waiting for the file to reappear."),
        mark="note",
        finding="the file does not exist",
        next_step="It is followed as soon as it appears.",
    ),
    LogState(
        "unreadable",
        "the reader can't read it, or has no permission to",
        shown="unreadable",
        notice=_("{name} can't be read: {reason}."),
        actions=("do.choose",),
        end=_("Waiting for the file to become readable."),
        mark="PROBLEM",
        finding="{reason}",
        next_step="Give the reader's user permission to read the file.",
    ),
    LogState(
        "not-a-file",
        "the path names a directory, a FIFO, a device or a socket",
        shown="unreadable",
        notice=_("{name} is {what}, not a regular file."),
        actions=("do.choose",),
        end=_("Waiting for the file to reappear."),
        mark="PROBLEM",
        finding="{reason}, not a regular file",
        next_step="Correct the path.",
    ),
    LogState(
        "refused",
        "the file is outside the allowed roots, or the reader refuses it for another reason",
        shown="unreadable",
        notice=_("{name} is not allowed to be read: {reason}."),
        actions=("do.choose",),
        tone="danger",
        mark="PROBLEM",
        finding="{reason}",
        next_step='Correct the path: only files inside the directories of LOGTAIL["ROOTS"] on that host may be read.',
    ),
    LogState(
        "stalled",
        "a read takes longer than 5 s",
        shown="stalled",
        notice=_("{name} is not responding: its disk or network is slow."),
        end=_("Waiting for the file to respond."),
        mark="PROBLEM",
        finding="{reason}",
        next_step="Check whether its disk or file server responds.",
    ),
    LogState(
        "no-reader",
        "no worker serves the log's queue, or its reader's messages can't be used",
        shown="noreader",
        is_answer=False,
        notice=_("No reader is serving queue “{queue}”. Lines will appear when one starts."),
        notice_without_queue=_("No reader is serving this log. Lines will appear when one starts."),
        notice_with_reason=_NO_LINES,  # there is a reader, or was: starting one would be the wrong advice
        continues=True,
        end=_("Waiting for a reader on queue “{queue}”."),
        end_without_queue=_("Waiting for a reader."),
        mark="PROBLEM",
        finding=_NO_ANSWER,
        next_step="Look at the worker's own log.",
    ),
    LogState(
        "no-redis",
        "the web process can't reach Redis, or Redis refuses its commands",
        shown="noreader",
        is_answer=False,
        notice=_("The server can't reach Redis. Resumes automatically when Redis is back."),
        notice_with_reason=_NO_LINES,
        continues=True,
        end=_("Connecting…"),
        mark="PROBLEM",
        finding=_NO_ANSWER,
        next_step="Look at the worker's own log.",
    ),
    LogState(
        "stopped",
        "the stop flag is set",
        shown="ended",
        words=_("Stopped"),
        notice=_("This log was {reason}."),
        tone="danger",
        end=_("An administrator stopped this log."),
        mark="note",
        finding="the stop flag is set ({reason})",
        next_step="Reading continues once the flag is cleared.",
    ),
)

_BY_NAME: Final[Mapping[str, LogState]] = {state.name: state for state in LOG_STATES}
_SHOWN: Final[Mapping[str, PageState]] = {state.name: state for state in PAGE_STATES}
_AS_TOLD: Final[Mapping[str, str]] = {
    said: state.name for state in LOG_STATES for said in state.said_by_readers
}


def log_state(name: str) -> LogState | None:
    """The state of that name; None if only another release knows it."""
    return _BY_NAME.get(name)


def as_told(said: str) -> str:
    """The state that viewers see, for a reader's own word."""
    return _AS_TOLD.get(said, said)


def words_for(name: str) -> str:
    """The words for a log's state in the active language; an unknown state keeps its name."""
    state = _BY_NAME.get(name)
    if state is None:
        return name
    return str(_SHOWN[state.shown].words if state.words is None else state.words)


def tone_of(name: str) -> Tone:
    """The tone of a log's state; an unknown one asks for care."""
    state = _BY_NAME.get(name)
    return "caution" if state is None else _SHOWN[state.shown].tone


def texts() -> Iterator[tuple[str, object]]:
    """The texts that pages show about states, by the names that `for_page` gives them."""
    for page in PAGE_STATES:
        if page.words:
            yield f"state.{page.name}", page.words
    for log in LOG_STATES:
        for name, text in _texts_of(log).items():
            if text is not None:
                yield name, text


def for_page() -> dict[str, dict[str, Any]]:
    """The table as the page's scripts need it. It refers to texts by name."""
    return {
        "page": {state.name: _look(state) for state in PAGE_STATES},
        "log": {s.name: _row(s) for s in LOG_STATES},
    }


def _look(state: PageState) -> dict[str, Any]:
    return {"tone": state.tone, "dot": state.dot, "plain": state.is_plain_at_end}


def _row(state: LogState) -> dict[str, Any]:
    notice, notice_any, end, end_any, why = (name if text else "" for name, text in _texts_of(state).items())
    return {
        "shown": state.shown,
        "before": state.shown_before_any,
        "notice": [notice, notice_any or notice],
        "why": why,
        "end": [end, end_any or end],
        "actions": list(state.actions),
        "tone": state.tone,
        "continues": state.continues,
    }


def _texts_of(state: LogState) -> dict[str, object]:
    return {
        f"notice.log.{state.name}": state.notice,
        f"notice.log.{state.name}.any": state.notice_without_queue,
        f"tail.log.{state.name}": state.end,
        f"tail.log.{state.name}.any": state.end_without_queue,
        f"notice.log.{state.name}.why": state.notice_with_reason,
    }
