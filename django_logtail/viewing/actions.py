"""What viewers ask for, as it is recorded: searches, earlier lines and times, with what came of them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from django.contrib.auth import get_user_model

from django_logtail import protocol
from django_logtail.audit.patterns import sought
from django_logtail.audit.records import Subject
from django_logtail.audit.refusals import record_refusal
from django_logtail.audit.viewings import OpenAction, OpenViewing, begin_action, record_action
from django_logtail.models import Log
from django_logtail.rights import Right

#: Seconds for which further requests for earlier lines belong to the same action: scrolling makes many.
OLDER_SECONDS: Final = 60.0
#: The outcome of an action whose answer was not taken to its end.
BROKEN_OFF: Final = "broken-off"


def subject_of(log: Log, user: str, address: str, via: str) -> Subject:
    """The admitted user and the log."""
    return Subject(user, log.user_name, str(log.pk), log.slug, log.name, address, via)


def record_asked(asked: object, viewing: OpenViewing | None) -> OpenAction | None:
    """What a viewer asks for over the socket; the action that its answer ends, if it has one."""
    if viewing is None:
        return None
    match asked:
        case protocol.SearchFrom() | protocol.SearchAll():
            return begin_action("search", viewing.subject, conditions(asked), viewing)
        case protocol.Time(_, at):
            return begin_action("time", viewing.subject, {"to": at}, viewing)
        case protocol.Range(_, place) | protocol.RangeBefore(_, place):
            if viewing.is_new("older", OLDER_SECONDS):
                where = {"file": place.file, "offset": place.offset}
                record_action("older", viewing.subject, where, viewing)
        case _:  # nothing of a log's text: lists of files, counts of entries
            pass
    return None


def record_refused(user_id: str, slug: str, address: str, via: str) -> None:
    """A user may not see the log with this slug. If there is none, nothing is recorded: the slug is anybody's text.

    The same queries for every slug, so that their time tells nothing.
    """
    user = get_user_model()._default_manager.filter(pk=user_id).first()
    log = Log.objects.filter(slug=slug).first()
    if log is not None and user is not None:
        log.user_name = user.get_username()
        record_refusal(subject_of(log, user_id, address, via))


def record_not_allowed(viewing: OpenViewing | None, right: Right) -> None:
    """A viewer lacks the right to what they asked for."""
    if viewing is not None:
        record_refusal(viewing.subject, right.value)


def conditions(asked: protocol.SearchFrom | protocol.SearchAll) -> Mapping[str, Any]:
    """What is searched for, as the settings let it be recorded."""
    said = sought(asked.pattern, asked.regex, asked.case, asked.terms, asked.levels)
    if isinstance(asked, protocol.SearchAll):
        bounds = {"since": asked.after, "until": asked.before}
        said |= {name: moment for name, moment in bounds.items() if moment is not None}
    return said
