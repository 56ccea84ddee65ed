"""Every key of the `LOGTAIL` settings dict, one block each.

Keys are read on access, so `override_settings` works. A wrong value raises `ImproperlyConfigured` that names the key,
what was seen and what was expected; the system checks turn that into a message with an id.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
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


@dataclass
class Setting(Generic[Value]):
    """One key of the dict, and all there is to know of it; `docs/reference/settings.md` is made from this.

    `takes` makes the value of what is written, or raises `ValueError` with what was expected; it may have `limits`.
    `unit`: what the value is, in a word or two. `why`: what it is for, in sentences. `more`: what else users should
    know, with links of the reference. `read_in`: the modules that ask for it, but for those that only report.
    """

    default: Any
    takes: Callable[[object], Value]
    unit: str
    why: str
    read_in: tuple[str, ...]
    more: str = ""
    name: str = field(default="", init=False)

    @property
    def limits(self) -> str:
        """Between what and what, in words; "" where `unit` says it all."""
        return getattr(self.takes, "limits", "")

    def __set_name__(self, owner: type, name: str) -> None:
        self.name = name

    @overload
    def __get__(self, conf: None, owner: type) -> Setting[Value]: ...
    @overload
    def __get__(self, conf: object, owner: type) -> Value: ...
    def __get__(self, conf: object | None, owner: type) -> Setting[Value] | Value:
        if conf is None:
            return self
        value = declared().get(self.name, self.default)
        try:
            return self.takes(value)
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


@dataclass(frozen=True)
class Whole:
    """A whole number between two, both of which it may be."""

    least: int
    most: int

    @property
    def limits(self) -> str:
        return f"{self.least:,} to {self.most:,}"

    def __call__(self, value: object) -> int:
        if isinstance(value, bool) or not isinstance(value, int) or not self.least <= value <= self.most:
            raise ValueError(f"expected a whole number from {self.least} to {self.most}")
        return value


@dataclass(frozen=True)
class OneOf:
    """One of some words."""

    choices: tuple[str, ...]

    def __call__(self, value: object) -> str:
        if value not in self.choices:
            raise ValueError("expected " + " or ".join(repr(choice) for choice in self.choices))
        return str(value)


class Conf:
    """The keys, in the order of the reference. Use the module's `conf`."""

    ROOTS = Setting(
        default=(),
        takes=_paths,
        unit="absolute paths",
        why="Only files inside these directories are ever opened, whatever a log's row says. Empty: none.",
        read_in=("models", "page/files", "reader", "reader/sources"),
    )
    LOGS = Setting(
        default={},
        takes=_mapping,
        unit="slug -> path, or dict of a log's fields",
        why="Logs declared in settings; kept in step with the registry at migrate and by logtail_sync.",
        read_in=("declared",),
    )
    READER = Setting(
        default="local",
        takes=OneOf(("local", "dramatiq")),
        unit='"local" or "dramatiq"',
        why="Where files are read: in the web process itself, which needs no Redis and no worker, or by an actor "
        "in a worker on the host that has the files.",
        read_in=(
            "control/process",
            "declared",
            "models",
            "relay/here",
            "stop_flag",
            "tasks",
            "viewing/spending",
        ),
    )
    QUEUE = Setting(
        default="logtail",
        takes=_queue_name,
        unit="Dramatiq queue name",
        why="The queue of logs that name none, and the one this host's worker serves.",
        read_in=("control/in_redis", "declared", "models", "page/files", "stop_flag", "tasks"),
    )
    REDIS_URL = Setting(
        default=None,
        takes=_redis_url,
        unit="URL",
        why="Where wants and leases live. Unset: the Dramatiq broker's own Redis client.",
        read_in=("control/connection",),
    )
    NAMESPACE = Setting(
        default=None,
        takes=_namespace,
        unit="1 to 32 letters, digits, - and _",
        why="Stands in every key in Redis and every mailbox, so that projects that share a Redis keep apart. "
        "Unset: made from the last of SECRET_KEY_FALLBACKS, or from SECRET_KEY.",
        more="Set it before you rotate `SECRET_KEY`: [](../howto/redis.md) says how.",
        read_in=(
            "control/in_redis",
            "control/keys",
            "control/layer",
            "control/messages",
            "control/wire",
            "reader/wake_ups",
        ),
    )
    CHANNEL_LAYER = Setting(
        default="default",
        takes=_text,
        unit="alias in CHANNEL_LAYERS",
        why="The layer whose configuration the mailboxes use; an instance of its own is made from it.",
        read_in=("control/layer",),
    )
    ACCESS_POLICY = Setting(
        default="django_logtail.access.AccessPolicy",
        takes=_text,
        unit="dotted path",
        why="The class that decides who may see which log.",
        read_in=("access",),
    )
    FRAME_ANCESTORS = Setting(
        default=(),
        takes=_frame_ancestors,
        unit="sources as in a Content-Security-Policy",
        why="Whose pages may show the logs' page in a frame. Empty: what Django's X_FRAME_OPTIONS says, which is "
        "nobody's unless you set it.",
        more="See [Show the logs' page in a frame](../howto/embed.md#the-logs-page-in-a-frame).",
        read_in=("viewing/browsing",),
    )
    BACKLOG_LINES = Setting(
        default=500,
        takes=Whole(0, 10_000),
        unit="lines",
        why="Shown on joining: some screens of context, one batch on the wire.",
        read_in=("page/config", "views"),
    )
    MAX_VIEWERS_PER_USER = Setting(
        default=16,
        takes=Whole(1, 10_000),
        unit="open logs",
        why="One person's tabs and panes; a forgotten script cannot take the server.",
        more="A download counts as one for as long as it runs.",
        read_in=("viewing/admission", "viewing/newcomers"),
    )
    MAX_VIEWERS_PER_PROCESS = Setting(
        default=2_000,
        takes=Whole(1, 100_000),
        unit="viewers",
        why="About 27 KiB of memory each.",
        read_in=("viewing/admission",),
    )
    MAX_NEW_SOCKETS = Setting(
        default=512,
        takes=Whole(1, 100_000),
        unit="sockets",
        why="Sockets of one process whose client has not yet said who it is; the next one is refused before it "
        "is accepted, and a page tries again.",
        more="A client has 10 s for that, and a page needs some milliseconds. Made-up sessions can take all of "
        "these places. So when they are taken, in all or for an address, a handshake's session is looked up, "
        "for 1 s at most, and who has signed in is let in all the same: up to twice as many sockets in all, "
        "and `MAX_VIEWERS_PER_USER` of one user.",
        read_in=("viewing/newcomers",),
    )
    MAX_NEW_SOCKETS_PER_ADDRESS = Setting(
        default=64,
        takes=Whole(1, 100_000),
        unit="sockets",
        why="The same from one address, as the ASGI server tells it: behind a proxy, have the server take it "
        "from the proxy's header.",
        more="Otherwise the proxy's own address is that of everybody, and a site with very many viewers wants a "
        "higher number here. Of IPv6, a network (/64) counts as one address, for one machine has all of it.",
        read_in=("viewing/newcomers",),
    )
    MAX_DOWNLOADS_PER_USER = Setting(
        default=4,
        takes=Whole(1, 10_000),
        unit="downloads",
        why="Each is an open log as well.",
        more="The next one is answered 429, before its first byte.",
        read_in=("viewing/admission",),
    )
    MAX_SEARCHES_PER_USER = Setting(
        default=4,
        takes=Whole(1, 1_000),
        unit="searches at once",
        why="Each reads a whole file. Somebody else can always search.",
        read_in=("reader/limits", "viewing/requests"),
    )
    RUNTIME_DIR = Setting(
        default=None,
        takes=_directory,
        unit="absolute path",
        why="Where the web processes of a host count together what one user has at a time, by locks on a file in "
        "a directory of their own. Unset: beside temporary files.",
        more="Set it to a directory of your service where its processes have temporary directories of their own "
        "(`PrivateTmp` in systemd); processes that do not share it count apart. Installations with different "
        "databases count apart, also with the same `SECRET_KEY`. The file stays empty, the locks of a "
        "process end with it, and where no such file can be made each process counts for itself and says so "
        "once.",
        read_in=("viewing/slots",),
    )
    RANGES_PER_SECOND_PER_USER = Setting(
        default=40,
        takes=Whole(1, 100_000),
        unit="requests a second",
        why="Earlier lines and gaps that one user is answered by one web process; more wait their turn.",
        read_in=("viewing/spending",),
    )
    ANSWER_PROCESSOR_PERCENT_PER_USER = Setting(
        default=15,
        takes=Whole(1, 100),
        unit="percent of one processor",
        why="What one web process spends to answer one user's ranges and searches and to send their downloads, "
        "at most half of a processor for all users; one second's worth may be saved up. The others' pages "
        "wait meanwhile.",
        more="One reader spends as much to find and read what is asked for, apart from searches.",
        read_in=("viewing/spending", "reader/limits"),
    )
    READ_BYTES_PER_SECOND = Setting(
        default=200_000_000,
        takes=Whole(100_000, 10**12),
        unit="bytes a second",
        why="What one reader reads of all its logs: a viewer must never hurt the host it looks at.",
        more="What a limit holds back is read a moment later, and viewers are told which limit it is. Earlier "
        "lines, gaps and downloads are taken from it too, but not from the limit of one log.",
        read_in=("reader/limits",),
    )
    READ_BYTES_PER_SECOND_PER_LOG = Setting(
        default=100_000_000,
        takes=Whole(100_000, 10**12),
        unit="bytes a second",
        why="What one reader reads for each web process that watches a log.",
        read_in=("reader/limits",),
    )
    MAX_LOGS_PER_READER = Setting(
        default=2_000,
        takes=Whole(1, 100_000),
        unit="watched logs",
        why="Each costs a descriptor, a change notification and some kilobytes; web processes count each for "
        "itself.",
        more="Who opens one more is told so.",
        read_in=("reader/limits",),
    )
    MAX_OPEN_FILES = Setting(
        default=8_000,
        takes=Whole(10, 1_000_000),
        unit="descriptors",
        why="Rotated files are held until they are read to their end; past this no further log is opened.",
        read_in=("reader/limits",),
    )
    MAX_HISTORY_JOBS = Setting(
        default=4,
        takes=Whole(1, 64),
        unit="reads at once",
        why="Earlier lines, gaps and searches that one reader reads at the same time; others wait their turn.",
        more="A search takes its turn for 50 ms at a time, so that a long one holds up nobody.",
        read_in=("reader/limits",),
    )
    SEARCH_BYTES_PER_SECOND = Setting(
        default=500_000_000,
        takes=Whole(1_000_000, 10**12),
        unit="bytes a second",
        why="What all searches of one reader read together, apart from what it reads to follow logs; one "
        "second's worth may be saved up.",
        more="A search that is held up by it says so, with the name of this key.",
        read_in=("reader/limits",),
    )
    SEARCH_PROCESSOR_PERCENT = Setting(
        default=50,
        takes=Whole(1, 1_000),
        unit="percent of one processor",
        why="What all searches of one reader take, in turn by user; one second's worth may be saved up, so that "
        "only long ones notice.",
        more="A search that is held up by it says so, with the name of this key.",
        read_in=("reader/limits",),
    )
    HISTORY_BYTES_PER_SECOND_PER_USER = Setting(
        default=50_000_000,
        takes=Whole(100_000, 10**12),
        unit="bytes a second",
        why="What one reader reads of files for one user's earlier lines, gaps and downloads; one second's worth "
        "may be saved up.",
        read_in=("reader/limits",),
    )


conf = Conf()

#: All of them, by name.
SETTINGS: Mapping[str, Setting[Any]] = {
    name: key for name, key in vars(Conf).items() if isinstance(key, Setting)
}
