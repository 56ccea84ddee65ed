"""What the form for a log learns from the host of its queue, in words of the active language."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from django.http import HttpRequest, JsonResponse
from django.utils.translation import gettext, ngettext

from django_logtail.amounts import size_in_words
from django_logtail.audit.acting import actor_of
from django_logtail.audit.recorder import keeps_records
from django_logtail.audit.viewings import record_action
from django_logtail.conf import QUEUE_NAME, conf
from django_logtail.registering.asking import Preview, Suggest, Told, ask_or_look
from django_logtail.registry.asked import may_ask
from django_logtail.registry.form import ENCODINGS
from django_logtail.registry.listed import since, worded


def answered(request: HttpRequest) -> JsonResponse:
    """The answer to a form's question. The caller has checked that the user may register or change logs."""
    if not may_ask(request.user):
        return JsonResponse({"error": "too-many-questions"}, status=429)
    queue = request.GET.get("queue", "").strip() or conf.QUEUE
    if not re.fullmatch(QUEUE_NAME, queue):
        return JsonResponse({"error": "bad-queue"}, status=400)
    if request.GET.get("ask") == "preview":
        path, encoding, follow = (
            request.GET.get(name, "").strip() for name in ("path", "encoding", "follow")
        )
        if not keeps_records():
            return JsonResponse({"error": "not-recorded"}, status=503)
        shown = _preview(ask_or_look(queue, Preview(path, encoding, follow)), queue, encoding)
        if shown["lines"]:
            address = str(request.META.get("REMOTE_ADDR", ""))
            record_action("preview", actor_of(request, "admin", address), {"path": path, "queue": queue})
        return JsonResponse(shown)
    told = ask_or_look(queue, Suggest(request.GET.get("prefix", "")))
    paths = told.found.get("paths")
    return JsonResponse({"paths": paths if isinstance(paths, list) else []})


def _preview(told: Told, queue: str, asked: str) -> dict[str, Any]:
    """`path` and `encoding`: sentences to show below these fields; `detected`: another encoding to offer, or ""."""
    found = told.found
    seen = _mapping(found.get("seen"))
    lines = found.get("lines")
    text = [line for line in lines if isinstance(line, str)] if isinstance(lines, (list, tuple)) else []
    detected = _mapping(found.get("detected"))
    other = str(detected.get("encoding", ""))
    is_same = not other or _same(other, asked)
    return {
        "lines": text,
        "path": _seen(told, queue, seen),
        "encoding": " ".join(filter(None, [_decoding(found, asked, is_same), _looks_like(detected)])),
        "detected": "" if is_same or detected.get("sign") == "ascii" else other,
        "name": _named(other),
    }


def _seen(told: Told, queue: str, seen: Mapping[str, Any]) -> str:
    """Where the file was looked for, and what was seen of it."""
    count, name = seen.get("count"), str(seen.get("name", ""))
    if count == 0:
        said = gettext("%(host)s: no file matches yet.") % {"host": told.host}
    elif reason := str(seen.get("reason", "")):
        said = gettext("%(host)s: %(reason)s.") % {"host": told.host, "reason": worded(reason)}
    elif isinstance(size := seen.get("size"), int) and isinstance(written := seen.get("written"), float):
        facts = {"host": told.host, "size": size_in_words(size), "time": since(written)[0]}
        said = gettext("%(host)s: %(size)s, last written %(time)s.") % facts
        if isinstance(count, int) and name:
            matching = ngettext(
                "%(count)d file matches, %(name)s.",
                "%(count)d files match, of which %(name)s is the newest.",
                count,
            )
            said = f"{said} {matching % {'count': count, 'name': name}}"
    else:
        said = ""
    if told.is_reader:
        return said
    mute = gettext("No worker answers for queue “%(queue)s”; this is what the web server’s own host sees.")
    return f"{mute % {'queue': queue}} {said}"


def _decoding(found: Mapping[str, Any], asked: str, is_same: bool) -> str:
    """How far the chosen encoding fits, if it is another than the detected one."""
    counted = _mapping(found.get("decoding"))
    if is_same or not asked or not isinstance(counted.get("lines"), int) or not counted["lines"]:
        return ""
    said = gettext("As %(encoding)s, %(decoding)s of %(lines)s lines decode.")
    return said % {"encoding": _named(asked), "decoding": counted.get("decoding"), "lines": counted["lines"]}


def _looks_like(detected: Mapping[str, Any]) -> str:
    encoding = _named(str(detected.get("encoding", "")))
    match detected.get("sign"):
        case "bom":
            return gettext("Looks like %(encoding)s: it begins with a byte order mark.") % {
                "encoding": encoding
            }
        case "zeros":
            return gettext("Looks like %(encoding)s: every other byte is zero.") % {"encoding": encoding}
        case "ascii":
            return gettext("The last lines are plain ASCII, which UTF-8 includes.")
        case _ if not encoding:
            return ""
        case _:
            said = gettext("Looks like %(encoding)s: %(decoding)s of %(lines)s lines beyond ASCII decode.")
            facts = {"decoding": detected.get("decoding"), "lines": detected.get("lines")}
            return said % {"encoding": encoding, **facts}


def _same(one: str, other: str) -> bool:
    return one.lower().replace("_", "-") == other.lower().replace("_", "-")


def _named(encoding: str) -> str:
    return ENCODINGS.get(encoding.lower(), encoding)


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}
