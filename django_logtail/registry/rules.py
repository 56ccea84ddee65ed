"""The page of rules that hide secrets: those of the settings, their state, and what they hide in a log or in lines."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from django.core.exceptions import ImproperlyConfigured
from django.http import HttpRequest
from django.utils.formats import number_format
from django.utils.translation import gettext, ngettext

from django_logtail.access import may, watchable
from django_logtail.amounts import size_in_words
from django_logtail.audit.acting import actor_of
from django_logtail.audit.recorder import keeps_records
from django_logtail.audit.registry import of_log
from django_logtail.audit.viewings import record_action
from django_logtail.conf import conf
from django_logtail.models import Follow, Log
from django_logtail.page.texts import TEXTS
from django_logtail.redaction.given import Given
from django_logtail.redaction.rules import RuleFailed
from django_logtail.redaction_rules import digest, tried_rule
from django_logtail.registering.asking import Told, Try, ask_or_look
from django_logtail.registering.tried import tried_on_text
from django_logtail.registry.asked import may_ask
from django_logtail.rights import Right
from django_logtail.tailing.reasons import in_full, reason

#: Characters of lines that somebody tries rules on.
MOST_CHARACTERS: Final = 100_000


@dataclass(frozen=True)
class Row:
    """A rule of the settings. `trouble`: why it can't be used, as a sentence; `is_idle`: it has nothing to find;
    `missing`: the slugs that it names and no log has.
    """

    given: Given
    logs: list[str]
    trouble: str = ""
    is_idle: bool = False
    missing: str = ""
    #: Of a trial: places that it hides, "" if it was not tried, and milliseconds of processor, alone.
    places: str = ""
    cost: str = ""


@dataclass(frozen=True)
class Tried:
    """What came of a trial. `said`: sentences; `trouble`: one, if there was no trial."""

    said: list[str]
    trouble: str = ""
    lines: Any = ()


def rules_page(request: HttpRequest) -> dict[str, Any]:
    """What the page shows. The caller has checked that the user may see the registry."""
    logs = logs_to_try(request.user)
    given = request.POST if request.method == "POST" else {}
    log = next((log for log in logs if str(log.pk) == given.get("log")), None)
    text = str(given.get("lines", ""))[:MOST_CHARACTERS]
    found: Mapping[str, Any] = {}
    tried = None
    if request.method == "POST":
        found, said = _found(request, log, text)
        tried = _tried(found, said)
    try:
        rules, trouble = [_row(one, logs, found) for one in conf.REDACT], ""
    except ImproperlyConfigured as error:
        rules, trouble = [], str(error)
    return {
        "rules": rules,
        "trouble": trouble,
        "logs": logs,
        "chosen": log,
        "lines": text,
        "tried": tried,
        "most_characters": MOST_CHARACTERS,
    }


def logs_to_try(user: Any) -> list[Log]:
    """The logs whose lines the user may see, also earlier ones; not those that are the newest of several files."""
    return [
        log for log in watchable(user).logs if log.follow != Follow.NEWEST and may(user, Right.HISTORY, log)
    ]


def _row(given: Given, logs: list[Log], found: Mapping[str, Any]) -> Row:
    tried = {name: (places, seconds) for name, places, seconds in found.get("rules", ())}
    names = {log.slug: log.name for log in logs}
    slugs = [names.get(slug, slug) for slug in sorted(given.logs or ())]
    missing = ", ".join(sorted(without_log(given)))
    try:
        is_idle = tried_rule(given) is None
    except RuleFailed as error:
        return Row(given, slugs, in_full(str(error), gettext))
    if given.name not in tried:
        return Row(given, slugs, "", is_idle, missing)
    places, seconds = tried[given.name]
    return Row(given, slugs, "", is_idle, missing, number_format(places), number_format(seconds * 1000, 1))


def without_log(given: Given) -> frozenset[str]:
    """The slugs that the rule names, of which there is no log."""
    named = given.logs or frozenset()
    return named - set(Log.objects.filter(slug__in=named).values_list("slug", flat=True))


def _found(request: HttpRequest, log: Log | None, text: str) -> tuple[Mapping[str, Any], list[str]]:
    """What a trial finds, and what is to be said about where. Lines of a log are asked for on its host."""
    if not may_ask(request.user):
        return {"reason": gettext("Too many trials. Wait a second.")}, []
    if text.strip():
        return tried_on_text(text, log), []
    if log is None:
        return {"reason": gettext("Choose a log, or paste some lines.")}, []
    if not keeps_records():
        return {"reason": reason("not-recorded")}, []
    address = str(request.META.get("REMOTE_ADDR", ""))
    actor = of_log(actor_of(request, "admin", address), log)
    told = ask_or_look(log.queue_name, Try(log.pk))
    record_action("preview", actor, {"path": str(log.file), "queue": log.queue_name})
    return told.found, _where(told, log)


def _where(told: Told, log: Log) -> list[str]:
    said = []
    if not told.is_reader:
        mute = gettext(
            "No worker answers for queue “%(queue)s”; this is what the web server’s own host sees."
        )
        said.append(mute % {"queue": log.queue_name})
    if told.found.get("digest", digest()) != digest():
        said.append(gettext("%(host)s has other rules than this web process.") % {"host": told.host})
    return said


def _tried(found: Mapping[str, Any], said: list[str]) -> Tried:
    if "size" not in found:
        why = str(found.get("reason") or reason("no-answer"))
        return Tried(said, in_full(why, gettext))
    count = sum(places for _, places in found["counts"])
    places = ngettext("%(count)s place hidden", "%(count)s places hidden", count) % {
        "count": number_format(count)
    }
    took = gettext("%(places)s in %(size)s, in %(time)s ms.") % {
        "places": places,
        "size": size_in_words(found["size"]),
        "time": number_format(found["seconds"] * 1000, 1),
    }
    lines = [[(text, rule and _shown_as(rule)) for text, rule in line] for line in found["lines"]]
    return Tried([took, *said], lines=lines)


def _shown_as(rule: str) -> str:
    """What the page shows in the place of what this rule hides."""
    return f"‹{TEXTS.get(f'hidden.{rule}', rule)}›"
