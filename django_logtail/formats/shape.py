"""The fields of a line of JSON, logfmt or an access log, each as written. The page has the same in `shape.js`.

Numbers are kept as written, because the page's would be rounded beyond 2^53.
"""

from __future__ import annotations

import contextlib
import json
import re
from collections.abc import Iterable
from typing import Final, NamedTuple, NoReturn

from django_logtail.formats.detection import Formats
from django_logtail.formats.escapes import plain, unescaped
from django_logtail.formats.fields import LONG, SINGLE_QUOTED, is_deep
from django_logtail.formats.heads import Head, head_of
from django_logtail.formats.rows import requests

#: Fields of one line; a line with more is not parsed.
_MOST_FIELDS: Final = 5_000
_BLANKS = re.compile(r"[ \t]*")
_SCALAR = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?|true|false|null")
_KEY = re.compile(r"[A-Za-z0-9_.@/-]+")
_STRING = re.compile(r'"(?:[^"\\]|\\[\s\S])*"?')
_BARE = re.compile(r"[^ \t]*")
_ESCAPED = re.compile(r"\\(['\\])")
_WORD = re.compile(r"[^ ]+")
_LINE_END = re.compile(r"\r?\n\Z")
_REQUEST = re.compile(
    r"([A-Z][A-Z-]{1,15}) ([^\n\r\u2028\u2029]*?)(?: (HTTP/[0-9.]{1,5}|[12](?:\.[0-9])?))?\Z"
)
_ENTRY = re.compile(r'"(?:[^"\\]|\\[^\n\r\u2028\u2029])*"|\[[^\[\]]*\]|[^ ]+')
_DURATION = re.compile(r"(?:[0-9]+\.[0-9]+|[0-9]+(?:\.[0-9]+)?(?:[mun\u00b5\u03bc]?s|sec))\Z")
_NAMED_DURATION = re.compile(r"(?:rt|request_time|duration|took|time_taken|elapsed|latency)=(.+)\Z")
_SIZE = re.compile(r"(?:-|[0-9]+)\Z")
_PAIR = re.compile(r"([A-Za-z0-9_.@/-]{1,64})=(.+)\Z")
#: A request without quotation marks, as hypercorn and morgan write it.
_VERB = re.compile(r"(?:GET|HEAD|POST|PUT|PATCH|DELETE|OPTIONS|TRACE|CONNECT) +[/h*\"]")
#: Characters from a line's message on to search for a request.
_REQUEST_CHARACTERS: Final = 16_000
#: Characters of a line of JSON to parse, as in `fields`, and the depth of nested objects.
_MOST_CHARACTERS: Final = 2_000_000
_MOST_DEPTH: Final = 200


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


_DECODER = json.JSONDecoder(parse_constant=_no_constant, parse_int=str)


class Field(NamedTuple):
    """A field: its name, dotted if nested, and its value; for a string, without quotes."""

    name: str
    text: str


class _NotWhole(Exception):
    """Parsing would hide something."""


def fields_of(text: str, formats: Formats | None = None) -> list[Field] | None:
    """The fields of a line without escape sequences, in order; None for a line of another kind.

    `formats`: the log's formats; None: every format.
    """
    if not text.startswith("{") and not may_have_fields(text):
        return None
    if text.startswith("{") and not (formats and formats.is_given) and '"log"' not in text:
        # Any object is a line of JSON, and without that key it isn't from a container, so its head doesn't matter.
        with contextlib.suppress(_NotWhole):
            return _json_fields(text)
        return None
    head = head_of(text, formats)
    if head is None and not (formats and formats.is_given):
        head = head_of(text)
    if head is None:
        return _list_fields(text) if text[0] == "[" and not (formats and formats.is_given) else None
    try:
        if not head.wrapper:
            return _own_fields(text, head)
        return _fields_inside_json(text, formats) if text[0] == "{" else _fields_inside(text, head, formats)
    except _NotWhole:
        return None


def may_have_fields(text: str) -> bool:
    """Whether a line that doesn't begin with a brace may have fields."""
    return "=" in text or '"' in text or _VERB.search(text) is not None


def _own_fields(text: str, head: Head) -> list[Field] | None:
    match head.format:
        case "json":
            return _json_fields(text)
        case "logfmt":
            return _pairs(text)
        case "access" | "access-time":
            return _access_fields(text, head)
        case _:
            return _request_fields(text, head)


def _json_fields(text: str) -> list[Field]:
    """Raises `_NotWhole` if two fields have the same name."""
    fields: list[Field] = []
    if len(text) > LONG and is_deep(text):
        raise _NotWhole
    try:
        end = _object(text, _after(_BLANKS, text, 0), None, fields, 1)
    except (ValueError, IndexError, RecursionError):
        raise _NotWhole from None
    if _after(_BLANKS, text, end) < len(text) or len(text) > _MOST_CHARACTERS:
        raise _NotWhole
    return fields


def _list_fields(text: str) -> list[Field] | None:
    """The fields of a line of JSON that is a list, by their place in it; None for another line."""
    if len(text) > _MOST_CHARACTERS or (len(text) > LONG and is_deep(text)):
        return None
    fields: list[Field] = []
    try:
        at = _after(_BLANKS, text, 1)
        for number in range(_MOST_FIELDS):
            at = _after(_BLANKS, text, _value(text, at, str(number), fields, 1))
            if text[at] == "]":
                break
            if text[at] != ",":
                return None
            at = _after(_BLANKS, text, at + 1)
        else:
            return None
    except (ValueError, IndexError, RecursionError, _NotWhole):
        return None
    return fields if _after(_BLANKS, text, at + 1) == len(text) else None


def _object(text: str, begin: int, path: str | None, fields: list[Field], depth: int) -> int:
    if depth > _MOST_DEPTH:
        raise _NotWhole
    keys = set()
    at = _after(_BLANKS, text, begin + 1)
    if text[at] == "}":
        if path is not None:
            fields.append(Field(path, "{}"))
        return at + 1
    while True:
        if text[at] != '"' or len(fields) >= _MOST_FIELDS:
            raise _NotWhole
        key, at = _DECODER.raw_decode(text, at)
        if key in keys:
            raise _NotWhole
        keys.add(key)
        name = key if path is None else f"{path}.{key}"
        at = _after(_BLANKS, text, at)
        if text[at] != ":":
            raise _NotWhole
        at = _after(_BLANKS, text, _value(text, _after(_BLANKS, text, at + 1), name, fields, depth))
        if text[at] == "}":
            return at + 1
        if text[at] != ",":
            raise _NotWhole
        at = _after(_BLANKS, text, at + 1)


def _value(text: str, begin: int, name: str, fields: list[Field], depth: int) -> int:
    """Add the fields of a value that begins there; returns where it ends."""
    if text[begin] == "{":
        return _object(text, begin, name, fields, depth + 1)
    if text[begin] == '"':
        said, at = _DECODER.raw_decode(text, begin)
        fields.append(Field(name, unescaped(said)))
        return int(at)
    is_list = text[begin] == "["
    at = _DECODER.raw_decode(text, begin)[1] if is_list else _after(_SCALAR, text, begin)
    if at == begin:
        raise _NotWhole
    fields.append(Field(name, text[begin:at]))
    return int(at)


def _after(expression: re.Pattern[str], text: str, at: int) -> int:
    found = expression.match(text, at)
    return found.end() if found else at


def _said(quoted: str) -> str:
    """The content of a quoted string."""
    inner = quoted[1:-1]
    if "\\" not in inner:
        return inner
    try:
        return str(json.loads(quoted))
    except ValueError:
        return inner


def _pairs(text: str) -> list[Field]:
    fields: list[Field] = []
    at = _after(_BLANKS, text, 0)
    while at < len(text):
        if len(fields) >= _MOST_FIELDS:
            raise _NotWhole
        begin, at = at, _after(_KEY, text, at)
        if at == begin or text[at : at + 1] != "=":
            at = _after(_WORD, text, at)
        elif text[at + 1 : at + 2] == '"':
            key, opened = text[begin:at], at + 1
            at = _after(_STRING, text, opened)
            written = text[opened:at]
            is_ended = len(written) > 1 and written.endswith('"')
            fields.append(Field(key, unescaped(_said(written) if is_ended else written[1:])))
        elif single := SINGLE_QUOTED.match(text, at + 1):
            key, at = text[begin:at], single.end()
            fields.append(Field(key, unescaped(_ESCAPED.sub(r"\1", single[0][1:-1]))))
        else:
            key, opened = text[begin:at], at + 1
            at = _after(_BARE, text, opened)
            fields.append(Field(key, text[opened:at]))
        at = _after(_BLANKS, text, at)
    return fields


def _access_fields(text: str, head: Head) -> list[Field] | None:
    if head.time is None:
        return None
    opened = text.find('"', head.time[1])
    quoted = _STRING.match(text, opened) if opened >= 0 else None
    if quoted is None or not (len(quoted[0]) > 1 and quoted[0].endswith('"')):
        return None
    is_clf = head.format == "access"
    before = text[: head.time[0]] if is_clf else text[min(head.time[1] + 1, opened) : opened]
    hosts = [word for word in _WORD.findall(before) if not (is_clf and word == "[")]
    names = {3: ("address", "ident", "user")}.get(
        len(hosts), ("host", "address", "ident", "user") if len(hosts) > 3 else ("address", "user")
    )
    fields = [Field(name, host) for name, host in zip(names, hosts, strict=False)]
    fields.append(Field("time", text[slice(*head.time)]))
    fields += _request_line(quoted[0][1:-1])
    fields += _after_request(text[quoted.end() :])
    return fields


def _request_line(request: str) -> list[Field]:
    """`GET / HTTP/1.1`, or what a client sent in its place."""
    found = _REQUEST.match(request)
    if found is None:
        return [Field("request", request)]
    named = zip(("method", "path", "protocol"), found.groups(), strict=True)
    return [Field(name, value) for name, value in named if value is not None]


def _request_fields(text: str, head: Head) -> list[Field] | None:
    """The fields of a line with a head of its own, whose message is a request: that of uvicorn, for example."""
    part = text[head.message : head.message + _REQUEST_CHARACTERS]
    found = next(filter(None, (request.match(part) for request in requests())), None)
    if found is None or head.part:
        return None
    own = (("time", head.time), ("level", head.word), ("logger", head.source))
    spans = {name: span for name, span in own if span}
    said = {name: value for name, value in found.groupdict().items() if value is not None}
    spans |= {name: (head.message + found.start(name), head.message + found.end(name)) for name in said}
    fields: list[Field] = []
    for name, (begin, end) in sorted(spans.items(), key=lambda one: one[1]):
        what = text[begin:end]
        fields += _request_line(what) if name == "request" else [Field(name, what)]
    return fields + _after_request(part[found.end() :], {"status", *said} & {"status", "size", "duration"})


def _after_request(text: str, before: Iterable[str] = ()) -> list[Field]:
    """Status, size and whatever a server's own format appends; `before`: which of them are written before it."""
    fields: list[Field] = []
    seen = set(before)
    quoted = 0

    def add(name: str, value: str) -> None:
        if name not in seen:
            fields.append(Field(name, value))
        seen.add(name)

    for found in _ENTRY.finditer(text):
        entry = found[0]
        is_quoted = len(entry) > 1 and entry[0] == '"' and entry.endswith('"')
        inner = entry[1:-1] if is_quoted else entry
        if "status" not in seen:
            add("status", entry)
        elif len(seen) == 1 and not quoted and _SIZE.match(entry):
            add("size", entry)
        elif _DURATION.match(inner):
            add("duration", inner)
        elif named := _NAMED_DURATION.match(inner):
            add("duration", named[1])
        elif is_quoted and quoted < 2:
            fields.append(Field(("referer", "agent")[quoted], inner))
            quoted += 1
        elif pair := _PAIR.match(entry):
            fields.append(Field(pair[1], pair[2]))
        elif "a" <= entry[0] <= "z":
            seen.add("size")  # a number in a sentence is none: "GET /a 200 after 3 tries"
    return fields


def _within(wrapper: str, formats: Formats | None) -> Formats | None:
    for id in wrapper.split(">"):
        formats = formats.within(id) if formats else None
    return formats


def _fields_inside(text: str, head: Head, formats: Formats | None) -> list[Field] | None:
    """The fields of a line after a container's name, or after a syslog head."""
    if not head.inner or not text.endswith(head.inner):
        return None
    return fields_of(head.inner, _within(head.wrapper, formats))


def _fields_inside_json(text: str, formats: Formats | None) -> list[Field] | None:
    """The fields of a line that a container runtime wrapped in JSON, and of the JSON itself."""
    outer = _json_fields(text)
    log = next((field for field in outer if field.name == "log"), None)
    if log is None:
        return None
    inner = plain(_LINE_END.sub("", log.text))
    return [*(fields_of(inner, _within("docker", formats)) or ()), *outer]
