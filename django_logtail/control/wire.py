"""Encoding and decoding of messages between processes, which may have another version, or be hostile.

Decoding ignores unknown fields, and refuses messages that lack a field or have a newer version. A refused message never
ends a task: it is ignored, counted, and logged once.
"""

from __future__ import annotations

import dataclasses
import json
import logging
import threading
from collections import Counter
from collections.abc import Callable, Mapping
from operator import attrgetter
from typing import Any, Final, Generic, TypeVar, get_type_hints

from django_logtail.conf import conf
from django_logtail.control import VERSION
from django_logtail.control.wants import Sought
from django_logtail.place import Place
from django_logtail.signing import is_signed, signatures

logger = logging.getLogger(__name__)

Message = TypeVar("Message")


class Unreadable(Exception):
    """A message can't be used. The text says why."""

    #: How `Ignored` counts it.
    kind = "malformed"


class Malformed(Unreadable):
    """A field is missing or of another type; `fields` is what could be read."""

    def __init__(self, text: str, fields: Mapping[str, Any] | None = None) -> None:
        super().__init__(text)
        self.fields = fields or {}


class TooNew(Unreadable):
    """The version is newer than this process knows; `fields` is what could be read."""

    kind = "too new"

    def __init__(self, what: str, version: int, fields: Mapping[str, Any]) -> None:
        super().__init__(f"{what} has version {version}; this process knows {VERSION}")
        self.version = version
        self.fields = fields


class NotOurs(Unreadable):
    """The message isn't signed with a key of this project, or was signed for another use."""

    kind = "not ours"


class Ignored:
    """Counts what this process could not use, by kind. Logs each kind once."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._counts: Counter[str] = Counter()
        self._said: set[tuple[str, str]] = set()

    def add(self, what: str, error: Unreadable) -> None:
        with self._lock:
            self._counts[error.kind] += 1
            is_first = (what, error.kind) not in self._said
            self._said.add((what, error.kind))
        if is_first:
            logger.warning(
                "%s was ignored, and further ones like it will be ignored silently: %s", what, error
            )

    @property
    def counts(self) -> dict[str, int]:
        with self._lock:
            return dict(self._counts)


#: This process's own.
ignored = Ignored()


class Shape(Generic[Message]):
    """Writes and reads the fields of a dataclass by name, except `bytes`, which are sent separately.

    An optional place is written as `[file, offset]`. The one place that a message always has is written as two fields:
    `file`, and the offset under the place's own name.
    """

    def __init__(self, made_of: type[Message], what: str) -> None:
        self.made_of = made_of
        self.what = what
        hints = get_type_hints(made_of)
        self.has_data = False
        #: Each written field: its name, how to get, read and write its value, and its default.
        self._fields: list[
            tuple[str, Callable[[Any], Any], Callable[[Any], Any], Callable[[Any], list[Any]] | None, object]
        ] = []
        #: The name of the place that is written as two fields.
        self._place = ""
        for field in dataclasses.fields(made_of):  # type: ignore[arg-type]
            hint = hints[field.name]
            if hint is bytes:
                self.has_data = True
                continue
            name, default = field.name, _default(field)
            if hint is Place:
                self._place = name
                self._fields.append(("file", attrgetter(f"{name}.file"), _READERS[str], None, default))
                self._fields.append((name, attrgetter(f"{name}.offset"), _READERS[int], None, default))
                continue
            write = _written_place if hint == Place | None else None
            self._fields.append((name, attrgetter(name), _READERS[hint], write, default))

    def written(self, message: Message) -> dict[str, Any]:
        """The fields of the message; those equal to their defaults are left out."""
        fields: dict[str, Any] = {}
        for name, get, _, write, default in self._fields:
            value = get(message)
            if value != default:
                fields[name] = value if write is None or value is None else write(value)
        return fields

    def read(self, fields: Mapping[str, Any], **others: Any) -> Message:
        """The message with these fields. Raises `Malformed`."""
        for name, _, read, _, default in self._fields:
            value = fields.get(name, default)
            try:
                others[name] = value if value is default and default is not _NEEDED else read(value)
            except (TypeError, ValueError):
                seen = "missing" if name not in fields else repr(value)[:60]
                raise Malformed(f"{self.what}: {name!r} is {seen}", fields) from None
        if self._place:
            others[self._place] = Place(others.pop("file"), others[self._place])
        return self.made_of(**others)


#: Marks a field without a default; equals no value.
_NEEDED: Final = object()


def _default(field: dataclasses.Field[Any]) -> object:
    if field.default is not dataclasses.MISSING:
        return field.default
    if field.default_factory is not dataclasses.MISSING:
        return field.default_factory()
    return _NEEDED


def _of(*kinds: type) -> Callable[[Any], Any]:
    def read(value: Any) -> Any:
        if type(value) not in kinds:
            raise TypeError
        return value

    return read


def _place(value: Any) -> Place | None:
    if value is None:
        return None
    if type(value) is not list:  # from Python 3.12 on, slices are hashable, so a dict accepts one as a key
        raise TypeError
    file, offset = value[:2]
    if type(file) is not str or type(offset) is not int:
        raise TypeError
    return Place(file, offset)


def _written_place(place: Place) -> list[Any]:
    return [place.file, place.offset]


#: The readers of values, by type; they are strict, so that `True` isn't taken for a number.
_READERS: Final[dict[Any, Callable[[Any], Any]]] = {
    str: _of(str),
    int: _of(int),
    bool: _of(bool),
    float: _of(int, float),
    int | None: _of(int, type(None)),
    Place | None: _place,
    Sought | None: lambda sought: sought,
    Mapping[str, Any]: _of(dict),
    Mapping[str, int]: _of(dict),
    list[Any]: _of(list),
}

_encode = json.JSONEncoder(separators=(",", ":")).encode


def written_head(kind: str, fields: Mapping[str, Any]) -> str:
    return _encode({"v": VERSION, "is": kind, **fields})


def read_head(text: str | bytes, what: str) -> dict[str, Any]:
    """The fields of a head. Raises `Malformed` and `TooNew`."""
    try:
        fields: dict[str, Any] = json.loads(text)
        version = fields["v"]
    except (ValueError, TypeError, KeyError, RecursionError):
        raise Malformed(f"{what}: not a JSON object with a version") from None
    if type(version) is not int:
        raise Malformed(f"{what}: 'v' is {version!r}", fields)
    if version > VERSION:
        raise TooNew(what, version, fields)
    return fields


def signed_text(use: str, fields: Mapping[str, Any], *about: str) -> str:
    """A value for Redis: JSON, a newline, and its signatures, which are valid only for this use and subject."""
    head = written_head(use, fields)
    made = signatures(use, conf.NAMESPACE.encode(), *(part.encode() for part in about), head.encode())
    return head + "\n" + ",".join(signature.hex() for signature in made)


def read_text(use: str, text: str, *about: str) -> dict[str, Any]:
    """The fields of a signed text. Raises `Unreadable`."""
    head, _, found = text.partition("\n")
    try:
        made = [bytes.fromhex(signature) for signature in found.split(",") if signature]
    except ValueError:
        made = []
    if not is_signed(use, made, conf.NAMESPACE.encode(), *(part.encode() for part in about), head.encode()):
        raise NotOurs(f"{use}: its signature is not this project's, or was made for something else")
    return read_head(head, use)
