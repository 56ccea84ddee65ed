"""Every key of the `LOGTAIL` settings dict: its type, default, unit and why.

Keys are read on access, so `override_settings` works. A wrong value raises `ImproperlyConfigured` that names the key,
what was seen and what was expected; the system checks turn that into a message with an id.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Generic, TypeVar, overload
from urllib.parse import urlsplit

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

from django_logtail.signing import keys_for

Value = TypeVar("Value")

#: Dramatiq also takes dots; not here, because it marks its own delay and dead-letter queues with them.
QUEUE_NAME = r"[A-Za-z_][A-Za-z0-9_-]*"
_NAMESPACE = r"[A-Za-z0-9_-]{1,32}"
_REDIS_SCHEMES = ("redis://", "rediss://", "unix://")


class Key(Generic[Value]):
    """One key of the dict. `unit` and `why` feed the reference documentation."""

    def __init__(self, default: Any, parse: Callable[[object], Value], *, unit: str = "", why: str) -> None:
        self.default = default
        self.parse = parse
        self.unit = unit
        self.why = why
        self.name = ""

    def __set_name__(self, owner: type, name: str) -> None:
        self.name = name

    @overload
    def __get__(self, conf: None, owner: type) -> Key[Value]: ...
    @overload
    def __get__(self, conf: object, owner: type) -> Value: ...
    def __get__(self, conf: object | None, owner: type) -> Key[Value] | Value:
        if conf is None:
            return self
        value = declared().get(self.name, self.default)
        try:
            return self.parse(value)
        except (TypeError, ValueError) as error:
            raise ImproperlyConfigured(f'LOGTAIL["{self.name}"] is {value!r}; {error}') from None


def declared() -> Mapping[str, Any]:
    """The `LOGTAIL` dict of the host's settings, empty when there is none."""
    value = getattr(settings, "LOGTAIL", {})
    if not isinstance(value, Mapping):
        raise ImproperlyConfigured(f"LOGTAIL is {type(value).__name__}; expected a dict")
    return value


def _text(value: object) -> str:
    if not isinstance(value, str) or not value:
        raise ValueError("expected a text")
    return value


def _queue_name(value: object) -> str:
    if not isinstance(value, str) or not re.fullmatch(QUEUE_NAME, value):
        raise ValueError("expected letters, digits, '-' and '_', beginning with a letter or '_'")
    return value


def _namespace(value: object) -> str:
    if value is None:
        # Of the oldest key: while SECRET_KEY is rotated, processes before and after it agree on that one.
        return keys_for("namespace")[-1].hex()[:12]
    if not isinstance(value, str) or not re.fullmatch(_NAMESPACE, value):
        raise ValueError("expected 1 to 32 letters, digits, '-' and '_'")
    return value


def _redis_url(value: object) -> str | None:
    if value is None:
        return None
    try:
        if isinstance(value, str) and value.startswith(_REDIS_SCHEMES) and urlsplit(value).port != 0:
            return value
    except ValueError:  # what stands where a port should
        pass
    # Not with the value as other keys: it may hold a password.
    raise ImproperlyConfigured(
        'LOGTAIL["REDIS_URL"] is no URL of Redis; '
        "expected one like redis://:pass%2Fword@host:6379/0, rediss://host:6379/0 or unix:///run/redis.sock"
    )


def _paths(value: object) -> tuple[Path, ...]:
    # Nothing that can be read only once: a generator would be empty from the second time on.
    if not isinstance(value, (list, tuple, set, frozenset)):
        raise ValueError("expected a list of absolute paths")
    found = tuple(Path(item) for item in value)
    for path in found:
        if not path.is_absolute():
            raise ValueError(f"expected absolute paths, not {str(path)!r}")
    return found


def _frame_ancestors(value: object) -> tuple[str, ...]:
    if not isinstance(value, (list, tuple)) or not all(isinstance(item, str) for item in value):
        raise ValueError("expected a list of texts such as \"'self'\" and 'https://intranet.example.org'")
    if not all(re.fullmatch(r"[!-+\--:<-~]+", item) for item in value):
        raise ValueError("expected one source in each text, without spaces, ',' and ';'")
    return tuple(value)


def _directory(value: object) -> Path | None:
    if value is None:
        return None
    if not isinstance(value, (str, Path)) or not Path(value).is_absolute():
        raise ValueError("expected an absolute path")
    return Path(value)


def _mapping(value: object) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise ValueError("expected a dict of slug -> path or dict")
    return value


def _whole(least: int, most: int) -> Callable[[object], int]:
    def parse(value: object) -> int:
        if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
            raise ValueError(f"expected a whole number from {least} to {most}")
        return value

    return parse


def _one_of(*choices: str) -> Callable[[object], str]:
    def parse(value: object) -> str:
        if value not in choices:
            raise ValueError("expected " + " or ".join(repr(choice) for choice in choices))
        return str(value)

    return parse


class Conf:
    """The keys. Use the module's `conf`."""

    ROOTS = Key(
        (),
        _paths,
        unit="absolute paths",
        why="Only files inside these directories are ever opened, whatever a log's row says. Empty: none.",
    )
    LOGS = Key(
        {},
        _mapping,
        unit="slug -> path, or dict of a log's fields",
        why="Logs declared in settings; kept in step with the registry at migrate and by logtail_sync.",
    )
    READER = Key(
        "local",
        _one_of("local", "dramatiq"),
        unit='"local" or "dramatiq"',
        why="Where files are read: in the web process itself, which needs no Redis and no worker, or by an actor in a "
        "worker on the host that has the files.",
    )
    QUEUE = Key(
        "logtail",
        _queue_name,
        unit="Dramatiq queue name",
        why="The queue of logs that name none, and the one this host's worker serves.",
    )
    REDIS_URL = Key(
        None,
        _redis_url,
        unit="URL",
        why="Where wants and leases live. Unset: the Dramatiq broker's own Redis client.",
    )
    NAMESPACE = Key(
        None,
        _namespace,
        unit="1 to 32 letters, digits, - and _",
        why="Stands in every key in Redis and every mailbox, so that projects that share a Redis keep apart. Unset: "
        "made from the last of SECRET_KEY_FALLBACKS, or from SECRET_KEY.",
    )
    CHANNEL_LAYER = Key(
        "default",
        _text,
        unit="alias in CHANNEL_LAYERS",
        why="The layer whose configuration the mailboxes use; an instance of its own is made from it.",
    )
    ACCESS_POLICY = Key(
        "django_logtail.access.AccessPolicy",
        _text,
        unit="dotted path",
        why="The class that decides who may see which log.",
    )
    FRAME_ANCESTORS = Key(
        (),
        _frame_ancestors,
        unit="sources as in a Content-Security-Policy",
        why="Whose pages may show the logs' page in a frame. Empty: what Django's X_FRAME_OPTIONS says, which is "
        "nobody's unless you set it.",
    )
    BACKLOG_LINES = Key(
        500,
        _whole(0, 10_000),
        unit="lines",
        why="Shown on joining: some screens of context, one batch on the wire.",
    )
    MAX_VIEWERS_PER_USER = Key(
        16,
        _whole(1, 10_000),
        unit="open logs",
        why="One person's tabs and panes; a forgotten script cannot take the server.",
    )
    MAX_VIEWERS_PER_PROCESS = Key(
        2_000,
        _whole(1, 100_000),
        unit="viewers",
        why="About 27 KiB of memory each.",
    )
    MAX_NEW_SOCKETS = Key(
        512,
        _whole(1, 100_000),
        unit="sockets",
        why="Sockets of one process whose client has not yet said who it is; the next one is refused before it is "
        "accepted, and a page tries again.",
    )
    MAX_NEW_SOCKETS_PER_ADDRESS = Key(
        64,
        _whole(1, 100_000),
        unit="sockets",
        why="The same from one address, as the ASGI server tells it: behind a proxy, have the server take it from "
        "the proxy's header.",
    )
    MAX_DOWNLOADS_PER_USER = Key(
        4,
        _whole(1, 10_000),
        unit="downloads",
        why="Each is an open log as well.",
    )
    MAX_SEARCHES_PER_USER = Key(
        4,
        _whole(1, 1_000),
        unit="searches at once",
        why="Each reads a whole file. Somebody else can always search.",
    )
    RUNTIME_DIR = Key(
        None,
        _directory,
        unit="absolute path",
        why="Where the web processes of a host count together what one user has at a time, by locks on a file in a "
        "directory of their own. Unset: beside temporary files.",
    )
    RANGES_PER_SECOND_PER_USER = Key(
        40,
        _whole(1, 100_000),
        unit="requests a second",
        why="Earlier lines and gaps that one user is answered by one web process; more wait their turn.",
    )
    ANSWER_PROCESSOR_PERCENT_PER_USER = Key(
        15,
        _whole(1, 100),
        unit="percent of one processor",
        why="What one web process spends to answer one user's ranges and searches and to send their downloads, at most "
        "half of a processor for all users; one second's worth may be saved up. The others' pages wait meanwhile.",
    )
    READ_BYTES_PER_SECOND = Key(
        200_000_000,
        _whole(100_000, 10**12),
        unit="bytes a second",
        why="What one reader reads of all its logs: a viewer must never hurt the host it looks at.",
    )
    READ_BYTES_PER_SECOND_PER_LOG = Key(
        100_000_000,
        _whole(100_000, 10**12),
        unit="bytes a second",
        why="What one reader reads for each web process that watches a log.",
    )
    MAX_LOGS_PER_READER = Key(
        2_000,
        _whole(1, 100_000),
        unit="watched logs",
        why="Each costs a descriptor, a change notification and some kilobytes; web processes count each for itself.",
    )
    MAX_OPEN_FILES = Key(
        8_000,
        _whole(10, 1_000_000),
        unit="descriptors",
        why="Rotated files are held until they are read to their end; past this no further log is opened.",
    )
    MAX_HISTORY_JOBS = Key(
        4,
        _whole(1, 64),
        unit="reads at once",
        why="Earlier lines, gaps and searches that one reader reads at the same time; others wait their turn.",
    )
    SEARCH_BYTES_PER_SECOND = Key(
        500_000_000,
        _whole(1_000_000, 10**12),
        unit="bytes a second",
        why="What all searches of one reader read together, apart from what it reads to follow logs; one second's "
        "worth may be saved up.",
    )
    SEARCH_PROCESSOR_PERCENT = Key(
        50,
        _whole(1, 1_000),
        unit="percent of one processor",
        why="What all searches of one reader take, in turn by user; one second's worth may be saved up, so that only "
        "long ones notice.",
    )
    HISTORY_BYTES_PER_SECOND_PER_USER = Key(
        50_000_000,
        _whole(100_000, 10**12),
        unit="bytes a second",
        why="What one reader reads of files for one user's earlier lines, gaps and downloads; one second's worth may "
        "be saved up.",
    )


conf = Conf()
