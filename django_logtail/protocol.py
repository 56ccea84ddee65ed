"""The messages that viewers and servers exchange, version 1. Independent of Django and Channels.

`docs/reference/protocol.md` describes them for people who write a client.
Everything a client sends is hostile until `decode_client_message` has returned it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Any, TypeAlias

from django_logtail.place import Place

PROTOCOL_VERSION = 1

#: Bytes of log text in one batch. 64 KiB gives the best throughput on the core channel layer, and is safe on pubsub.
MAX_BATCH_BYTES = 64 * 1024
#: Bytes of one client message; the longest legal one (a search) is below it.
MAX_CLIENT_MESSAGE_BYTES = 8 * 1024
#: Bytes of one client message that a server should accept, if this can be set: more than any legal one, so that a
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
#: The letters of levels: error, warning, information, debug, other.
LEVELS = "EWIDO"
#: How the value of a field may be compared.
OPERATORS = (":", ">", ">=", "<", "<=")
#: Characters of a file's id.
MAX_FILE_CHARACTERS = 200
#: Offsets above this lose precision in a browser's numbers.
MAX_OFFSET = 2**53 - 1


class CloseCode(IntEnum):
    """Why we closed a socket. The last message before it says what the client can do."""

    BAD_MESSAGE = 4400
    SIGNED_OUT = 4401
    NO_ACCESS = 4403
    NO_SUCH_LOG = 4404
    TOO_MANY_MESSAGES = 4408
    TOO_MANY_VIEWERS = 4409
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
    """The client has everything before `offset` of `file` in its store."""

    place: Place


@dataclass(frozen=True, slots=True)
class Hold:
    """The viewer is looking elsewhere: send no more until released."""


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
class SearchFrom:
    """The lines of a generation, from `start` on, that contain `pattern`, or match it with `regex`.

    `terms` are further conditions: `{"text"}`, or `{"field", "is", "value"}` and maybe `"exact"`; each may be `"not"`.
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
class Cancel:
    """The client no longer wants the answer to `request`."""

    request: int


@dataclass(frozen=True, slots=True)
class Stop:
    """Stop watching, and stop reading the file if nobody else watches."""


ClientMessage: TypeAlias = Hello | Ack | Hold | Release | Range | RangeBefore | SearchFrom | Cancel | Stop


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
        case "search":
            terms = _terms(fields)
            pattern = "" if terms and "pattern" not in fields else _text(fields, "pattern")
            if len(pattern) > MAX_PATTERN_CHARACTERS:
                raise BadMessage(f"'pattern' has over {MAX_PATTERN_CHARACTERS} characters")
            said = [str(term.get(name, "")) for term in terms for name in ("text", "field", "value")]
            if len(pattern) + sum(map(len, said)) > MAX_PATTERN_CHARACTERS:
                raise BadMessage(f"'pattern' and 'terms' have over {MAX_PATTERN_CHARACTERS} characters")
            return SearchFrom(
                _whole(fields, "request"),
                Place(_file(fields), _whole({"start": 0, **fields}, "start")),
                pattern,
                _flag(fields, "regex"),
                _flag(fields, "case"),
                terms,
                _levels(fields),
            )
        case "cancel":
            return Cancel(_whole(fields, "request"))
        case "stop":
            return Stop()
        case seen:
            raise BadMessage(f"unknown type {str(seen)[:40]!r}")


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
        request: int | None = None,
    ) -> Frame:
        """A binary frame: the raw bytes [start.offset, start.offset + len(data)) of a generation."""
        fields: dict[str, object] = {
            "file": start.file,
            "start": start.offset,
            "end": start.offset + len(data),
        }
        if partial:
            fields["partial"] = True
        if late:
            fields["late"] = True
        if request is not None:
            fields["request"] = request
        return cls("batch", fields, data)

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


def _whole(fields: Mapping[str, object], name: str, most: int = MAX_OFFSET) -> int:
    value = fields.get(name)
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= most:
        raise BadMessage(f"{name!r} is not a whole number from 0 to {most}")
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
    if not isinstance(term, dict) or ("text" in term) is ("field" in term):
        raise BadMessage("a term is an object with either 'text' or 'field'")
    found: dict[str, str | bool] = {}
    if "text" in term:
        found["text"] = _text(term, "text")
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
