"""The messages that viewers and servers exchange, version 1. Independent of Django and Channels.

`docs/reference/protocol.md` describes them for people who write a client.
Everything a client sends is hostile until `decode_client_message` has returned it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Any, TypeAlias

from django_logtail.place import Place

PROTOCOL_VERSION = 1

#: Bytes of log text in one batch. 64 KiB gives the best throughput on the core channel layer, and is safe on pubsub.
MAX_BATCH_BYTES = 64 * 1024
#: Bytes of one client message; the longest valid one (a search) is below it.
MAX_CLIENT_MESSAGE_BYTES = 8 * 1024
#: Bytes of one client message that a server should accept, if this can be set: more than any valid one, so that a
#: client slightly over the limit learns what the limit is.
MOST_MESSAGE_BYTES = 64 * 1024
#: Client messages a second in the long run, and in one burst.
CLIENT_MESSAGES_PER_SECOND = 20
CLIENT_MESSAGE_BURST = 60
#: Seconds a client has for its first message.
HELLO_SECONDS = 10.0
#: Lines a client may request on joining, and in one `range`.
MAX_LINES = 10_000
#: Bytes in the answer to one `range`; the client requests more with another.
MAX_RANGE_BYTES = 1024 * 1024
#: Characters of the pattern of a `search`, in all its terms together, and how many terms it may have.
MAX_PATTERN_CHARACTERS = 1_000
MAX_SEARCH_TERMS = 20
#: Expressions of a `search`, its pattern included: each may take as much memory as RE2 allows for one.
MAX_SEARCH_EXPRESSIONS = 4
#: The letters of levels: error, warning, information, debug, other.
LEVELS = "EWIDO"
#: Which hits of a search over all files come first, and how many are sent at most.
ORDERS = ("newest", "oldest")
#: Hits of a search over all files that are sent; the others are counted.
MAX_HITS = 1_000
#: Logs whose hits one file may have.
MAX_LOGS = 200
#: What the routes take for a log's slug.
_SLUG = re.compile(r"[-a-zA-Z0-9_]+")
#: The forms of a file of hits.
HITS_FORMS = ("text", "ndjson")
#: How the value of a field may be compared.
OPERATORS = (":", ">", ">=", "<", "<=")
#: Columns of the answer to one `volume`.
MAX_COLUMNS = 400
#: Files in the answer to one `files`: the newest ones.
MAX_FILES = 1_000
#: Characters of a file's id.
MAX_FILE_CHARACTERS = 200
#: Offsets above this lose precision in a browser's numbers.
MAX_OFFSET = 2**53 - 1
#: The last moment that a browser's dates can hold, in milliseconds since the epoch.
MAX_MOMENT = 8_640_000_000_000_000


class CloseCode(IntEnum):
    """Why we closed a socket. The last message before it says what the client can do."""

    BAD_MESSAGE = 4400
    SIGNED_OUT = 4401
    NO_ACCESS = 4403
    NO_SUCH_LOG = 4404
    TOO_MANY_MESSAGES = 4408
    TOO_MANY_VIEWERS = 4409
    ENDED = 4410
    PROTOCOL_VERSION = 4426
    NO_READER = 4503


class BadMessage(ValueError):
    """A client sent something outside this protocol. The text names what was received and what was expected."""


@dataclass(frozen=True, slots=True)
class Hello:
    """The first message: a ticket, and how many last lines to send or where to continue."""

    protocol: int
    ticket: str
    lines: int
    resume: Place | None


@dataclass(frozen=True, slots=True)
class Ack:
    """The client has stored everything before `offset` of `file`."""

    place: Place


@dataclass(frozen=True, slots=True)
class Hold:
    """The viewer is looking elsewhere: send nothing until released."""


@dataclass(frozen=True, slots=True)
class Release:
    """Continue sending after a hold."""


@dataclass(frozen=True, slots=True)
class Range:
    """Bytes [start.offset, end) of a generation."""

    request: int
    start: Place
    end: int


@dataclass(frozen=True, slots=True)
class RangeBefore:
    """The `lines` lines that end at `before`."""

    request: int
    before: Place
    lines: int


@dataclass(frozen=True, slots=True)
class Files:
    """Which files the log has, older ones included."""

    request: int


@dataclass(frozen=True, slots=True)
class Time:
    """Where the first line at or after a moment is; `at`: milliseconds since the epoch."""

    request: int
    at: int


@dataclass(frozen=True, slots=True)
class Volume:
    """How many entries there are in each of `columns` equal parts of the time from `since` to `until`, by level.

    Both are milliseconds since the epoch; None: the log's begin or end.
    """

    request: int
    since: int | None
    until: int | None
    columns: int


@dataclass(frozen=True, slots=True)
class SearchFrom:
    """The lines of a generation, from `start` on, that contain `pattern`, or match it with `regex`.

    `terms` are further conditions: `{"text"}`, `{"regex"}`, or `{"field", "is", "value"}` and maybe `"exact"`; each may
    be `"not"`.
    `levels` are the letters of those that are wanted; "" for all.
    """

    request: int
    start: Place
    pattern: str
    regex: bool
    case: bool
    terms: tuple[Mapping[str, str | bool], ...] = ()
    levels: str = ""


@dataclass(frozen=True, slots=True)
class SearchAll:
    """The lines of all files of the log that meet the same conditions, in `order`.

    Only those between the places `since` and `until`, if given, or else from the moment `after` to the moment `before`,
    in milliseconds since the epoch. At most `limit` are sent; with `counts`, all are counted. With `heads`, only
    lines that begin an entry.
    """

    request: int
    order: str
    since: Place | None
    until: Place | None
    counts: bool
    pattern: str
    regex: bool
    case: bool
    terms: tuple[Mapping[str, str | bool], ...] = ()
    levels: str = ""
    limit: int = MAX_HITS
    heads: bool = False
    after: int | None = None
    before: int | None = None


@dataclass(frozen=True, slots=True)
class Cancel:
    """The client no longer wants the answer to `request`."""

    request: int


@dataclass(frozen=True, slots=True)
class Stop:
    """Stop watching, and stop reading the file if nobody else watches."""


ClientMessage: TypeAlias = (
    Hello
    | Ack
    | Hold
    | Release
    | Range
    | RangeBefore
    | Files
    | Time
    | Volume
    | SearchFrom
    | SearchAll
    | Cancel
    | Stop
)


def decode_client_message(text: str) -> ClientMessage:
    """The message in `text`. Raises `BadMessage` for anything else, and no other exception."""
    if len(text.encode("utf-8", "surrogatepass")) > MAX_CLIENT_MESSAGE_BYTES:
        raise BadMessage(f"message of over {MAX_CLIENT_MESSAGE_BYTES} bytes")
    try:
        fields = json.loads(text)
    except (ValueError, RecursionError):
        raise BadMessage("message is not JSON") from None
    if not isinstance(fields, dict):
        raise BadMessage("message is not a JSON object")
    match fields.get("type"):
        case "hello":
            return Hello(
                _whole(fields, "protocol", 1_000_000),
                _text(fields, "ticket"),
                _whole(fields, "lines", MAX_LINES),
                _place(fields["resume"]) if fields.get("resume") is not None else None,
            )
        case "ack":
            return Ack(_place(fields))
        case "hold":
            return Hold()
        case "release":
            return Release()
        case "range" if "before" in fields:
            return RangeBefore(
                _whole(fields, "request"),
                Place(_file(fields), _whole(fields, "before")),
                _whole(fields, "lines", MAX_LINES),
            )
        case "range":
            found = Range(
                _whole(fields, "request"),
                Place(_file(fields), _whole(fields, "start")),
                _whole(fields, "end"),
            )
            if found.end <= found.start.offset:
                raise BadMessage("'end' is not after 'start'")
            return found
        case "files":
            return Files(_whole(fields, "request"))
        case "time":
            return Time(_whole(fields, "request"), _whole(fields, "at", MAX_MOMENT))
        case "volume":
            return _volume(fields)
        case "search":
            return _search(fields)
        case "cancel":
            return Cancel(_whole(fields, "request"))
        case "stop":
            return Stop()
        case seen:
            raise BadMessage(f"unknown type {str(seen)[:40]!r}")


def _volume(fields: Mapping[str, Any]) -> Volume:
    since, until = _moments(fields, "from", "to")
    columns = _whole(fields, "columns", MAX_COLUMNS)
    if not columns:
        raise BadMessage("'columns' is 0")
    return Volume(_whole(fields, "request"), since, until, columns)


def _moments(fields: Mapping[str, Any], begin: str, end: str) -> tuple[int | None, int | None]:
    """Two moments in milliseconds since the epoch, each of which may be left out. Raises `BadMessage`."""
    since, until = (
        None if fields.get(name) is None else _whole(fields, name, MAX_MOMENT) for name in (begin, end)
    )
    if since is not None and until is not None and until <= since:
        raise BadMessage(f"{end!r} is not after {begin!r}")
    return since, until


def _search(fields: Mapping[str, Any]) -> SearchFrom | SearchAll:
    request = _whole(fields, "request")
    if "order" not in fields:
        conditions = decode_conditions(fields)
        start = Place(_file(fields), _whole({"start": 0, **fields}, "start"))
        return SearchFrom(request, start, *conditions)
    if fields["order"] not in ORDERS:
        raise BadMessage(f"'order' is not one of {', '.join(ORDERS)}")
    since, until = (None if fields.get(name) is None else _place(fields[name]) for name in ("from", "to"))
    after, before = _moments(fields, "since", "until")
    is_bounded = bool(fields.get("levels")) or any(end is not None for end in (since, until, after, before))
    conditions = decode_conditions(fields, is_bounded=is_bounded)
    limit = _whole({"limit": MAX_HITS, **fields}, "limit", MAX_HITS, least=1)
    counts = _flag({"count": True, **fields}, "count")
    heads = _flag(fields, "heads")
    return SearchAll(request, fields["order"], since, until, counts, *conditions, limit, heads, after, before)


def decode_conditions(
    fields: Mapping[str, Any], *, is_bounded: bool = False
) -> tuple[str, bool, bool, tuple[Mapping[str, str | bool], ...], str]:
    """What lines must meet: pattern, `regex`, `case`, terms and levels. Raises `BadMessage`.

    `is_bounded`: only some of the lines are asked for, so there may be no further condition.
    """
    terms = _terms(fields)
    levels = _levels(fields)
    is_enough = terms or is_bounded
    pattern = "" if is_enough and "pattern" not in fields else _text(fields, "pattern")
    if len(pattern) > MAX_PATTERN_CHARACTERS:
        raise BadMessage(f"'pattern' has over {MAX_PATTERN_CHARACTERS} characters")
    said = [str(term.get(name, "")) for term in terms for name in ("text", "regex", "field", "value")]
    if len(pattern) + sum(map(len, said)) > MAX_PATTERN_CHARACTERS:
        raise BadMessage(f"'pattern' and 'terms' have over {MAX_PATTERN_CHARACTERS} characters")
    regex = _flag(fields, "regex")
    if regex + sum("regex" in term for term in terms) > MAX_SEARCH_EXPRESSIONS:
        raise BadMessage(f"'pattern' and 'terms' have over {MAX_SEARCH_EXPRESSIONS} expressions")
    return pattern, regex, _flag(fields, "case"), terms, levels


def decode_hits_query(fields: Mapping[str, str]) -> tuple[str, SearchAll]:
    """The form of a file of hits and what to search for, according to a URL's query. Raises `BadMessage`."""
    form, asked = fields.get("form", "text"), fields.get("asked", "")
    if form not in HITS_FORMS:
        raise BadMessage(f"'form' is not one of {', '.join(HITS_FORMS)}")
    said = _object(asked.encode("utf-8", "surrogatepass"), "'asked'")
    found = _search({**said, "request": 0, "order": "oldest", "count": False, "limit": MAX_HITS})
    assert isinstance(found, SearchAll)
    return form, found


def decode_logs_query(slugs: Sequence[str]) -> list[str]:
    """The logs whose hits one file has, according to a URL's query. Raises `BadMessage`."""
    found = list(dict.fromkeys(slugs))
    if not found:
        raise BadMessage("'log' is missing")
    if len(found) > MAX_LOGS:
        raise BadMessage(f"over {MAX_LOGS} logs")
    # The file repeats the slug of a log that isn't there: as one line.
    if not all(_SLUG.fullmatch(slug) for slug in found):
        raise BadMessage("'log' is not a slug")
    return found


def decode_search(body: bytes) -> SearchAll:
    """The search over all files that the body of an HTTP request has. Raises `BadMessage`."""
    found = _search({"order": "newest", **_object(body, "the body"), "request": 0})
    assert isinstance(found, SearchAll)
    return found


def _object(said: bytes, what: str) -> dict[str, Any]:
    """The JSON object in it. `what`: what it is, for `BadMessage`."""
    if len(said) > MAX_CLIENT_MESSAGE_BYTES:
        raise BadMessage(f"{what} has over {MAX_CLIENT_MESSAGE_BYTES} bytes")
    try:
        found = json.loads(said.decode("utf-8", "surrogatepass"))
    except (ValueError, RecursionError):
        raise BadMessage(f"{what} is not JSON") from None
    if not isinstance(found, dict):
        raise BadMessage(f"{what} is not a JSON object")
    return found


def decode_lines_query(fields: Mapping[str, str], lines: int) -> tuple[int, Place | None]:
    """How many last lines (default: `lines`), and from which place, according to a URL's query.

    Raises `BadMessage`.
    """
    numbers: dict[str, object] = {
        name: int(value)
        for name in ("lines", "offset")
        if (value := fields.get(name, "")) and len(value) <= 16 and value.isascii() and value.isdigit()
    }
    if "lines" in fields:
        lines = _whole(numbers, "lines", MAX_LINES)
    if "file" not in fields and "offset" not in fields:
        return lines, None
    return lines, _place({**numbers, "file": fields.get("file")})


# Created once: with non-default arguments, `json.dumps` creates an encoder for each call.
_json = json.JSONEncoder(separators=(",", ":"), ensure_ascii=False).encode
_json_head = json.JSONEncoder(separators=(",", ":")).encode


@dataclass(slots=True)
class Frame:
    """One unit sent to a viewer: a message's kind and fields and, for a batch, the bytes they describe.

    Encoded only once, when first sent, however many viewers get it.
    """

    kind: str
    fields: Mapping[str, Any]
    #: None: sent as text.
    data: bytes | None = None
    #: What is made of it for those who see a log's host, and for others; None: nothing has to be changed.
    seen_as: dict[bool, Frame | None] | None = field(default=None, init=False, repr=False, compare=False)
    _encoded: bytes | str | None = field(default=None, init=False, repr=False, compare=False)

    @classmethod
    def message(cls, kind: str, /, **fields: object) -> Frame:
        """A text frame; fields that are None are left out."""
        return cls(kind, {name: value for name, value in fields.items() if value is not None})

    @classmethod
    def batch(
        cls,
        start: Place,
        data: bytes,
        *,
        partial: bool = False,
        late: bool = False,
        hidden: Sequence[Sequence[Any]] = (),
        request: int | None = None,
    ) -> Frame:
        """A binary frame: the bytes [start.offset, start.offset + len(data)) of a generation.

        `hidden`: what was replaced in them, each with its place in `data`, its length and its rule's name.
        """
        fields: dict[str, object] = {
            "file": start.file,
            "start": start.offset,
            "end": start.offset + len(data),
        }
        if partial:
            fields["partial"] = True
        if late:
            fields["late"] = True
        if hidden:
            fields["hidden"] = [list(one) for one in hidden]
        if request is not None:
            fields["request"] = request
        return cls("batch", fields, data)

    def after(self, skipped: int) -> Frame:
        """A batch without its first bytes."""
        assert self.data is not None
        fields = {**self.fields, "start": self.fields["start"] + skipped}
        if "hidden" in fields:
            hidden = [_cut(at - skipped, length, name) for at, length, name in fields["hidden"]]
            fields["hidden"] = [one for one in hidden if one[1] > 0]
        return Frame(self.kind, fields, self.data[skipped:])

    @property
    def encoded(self) -> bytes | str:
        """The encoded form: one JSON object, followed in a binary frame by a newline and the bytes."""
        if self._encoded is None:
            fields = {"type": self.kind, **self.fields}
            if self.data is None:
                self._encoded = _json(fields)
            else:
                self._encoded = _json_head(fields).encode() + b"\n" + self.data
        return self._encoded


def _cut(at: int, length: int, name: str) -> list[Any]:
    """What is left of something hidden that begins at `at`, which may be before the beginning."""
    return [max(0, at), length + min(0, at), name]


def place_fields(place: Place) -> dict[str, object]:
    """A place as a field of a message."""
    return {"file": place.file, "offset": place.offset}


def decode_batch(frame: bytes) -> tuple[dict[str, Any], bytes]:
    """The header and the bytes of a binary frame; for clients and tests. Raises `BadMessage`."""
    header, newline, data = frame.partition(b"\n")
    if not newline:
        raise BadMessage("frame without a header line")
    fields = json.loads(header)
    if fields["end"] - fields["start"] != len(data):
        raise BadMessage(f"header promises {fields['end'] - fields['start']} bytes, frame has {len(data)}")
    return fields, data


def _whole(fields: Mapping[str, object], name: str, most: int = MAX_OFFSET, *, least: int = 0) -> int:
    value = fields.get(name)
    if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
        raise BadMessage(f"{name!r} is not a whole number from {least} to {most}")
    return value


def _text(fields: Mapping[str, object], name: str) -> str:
    value = fields.get(name)
    if not isinstance(value, str) or not value:
        raise BadMessage(f"{name!r} is not a text")
    return value


def _terms(fields: Mapping[str, object]) -> tuple[Mapping[str, str | bool], ...]:
    value = fields.get("terms", [])
    if not isinstance(value, list) or len(value) > MAX_SEARCH_TERMS:
        raise BadMessage(f"'terms' is not a list of at most {MAX_SEARCH_TERMS}")
    return tuple(_term(term) for term in value)


def _term(term: object) -> Mapping[str, str | bool]:
    """With the fields that are known and set, and no others."""
    kinds = [name for name in ("text", "regex", "field") if isinstance(term, dict) and name in term]
    if not isinstance(term, dict) or len(kinds) != 1:
        raise BadMessage("a term is an object with one of 'text', 'regex' and 'field'")
    found: dict[str, str | bool] = {}
    if kinds != ["field"]:
        found[kinds[0]] = _text(term, kinds[0])
    else:
        found |= {"field": _text(term, "field"), "is": _text(term, "is")}
        if found["is"] not in OPERATORS:
            raise BadMessage(f"'is' is not one of {', '.join(OPERATORS)}")
        value = term.get("value")
        if not isinstance(value, str):
            raise BadMessage("'value' is not a text")
        found["value"] = value
    return found | {name: True for name in ("exact", "not") if _flag(term, name)}


def _levels(fields: Mapping[str, object]) -> str:
    value = fields.get("levels", "")
    if not isinstance(value, str) or not set(LEVELS).issuperset(value) or len(set(value)) < len(value):
        raise BadMessage(f"'levels' is not made of letters of {LEVELS!r}")
    return value


def _flag(fields: Mapping[str, object], name: str) -> bool:
    value = fields.get(name, False)
    if not isinstance(value, bool):
        raise BadMessage(f"{name!r} is not true or false")
    return value


def _place(value: object) -> Place:
    if not isinstance(value, dict):
        raise BadMessage("a place is an object with 'file' and 'offset'")
    return Place(_file(value), _whole(value, "offset"))


def _file(fields: Mapping[str, object]) -> str:
    """A file's id. It may be sent on, and a lone surrogate can't be encoded."""
    value = _text(fields, "file")
    if not (value.isascii() and value.isprintable() and len(value) <= MAX_FILE_CHARACTERS):
        raise BadMessage("'file' is not a file id")
    return value
