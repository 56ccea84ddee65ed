"""Every key of the `LOGTAIL` settings dict, one block each.

Keys are read on access, so `override_settings` works. An invalid value raises `ImproperlyConfigured`, which names the
key, the value and what was expected; the system checks turn that into a message with an id.
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

from django_logtail.redaction.given import given_rules
from django_logtail.signing import keys_for

Value = TypeVar("Value")

#: Dramatiq also accepts dots; we don't, because it marks its own delay and dead-letter queues with them.
QUEUE_NAME = r"[A-Za-z_][A-Za-z0-9_-]*"
_NAMESPACE = r"[A-Za-z0-9_-]{1,32}"
_REDIS_SCHEMES = ("redis://", "rediss://", "unix://")


@dataclass
class Setting(Generic[Value]):
    """One key of the dict, with everything about it; `docs/reference/settings.md` is generated from this.

    `takes` converts what is written to the value, or raises `ValueError` with what was expected; it may have `limits`.
    `unit`: what the value is, in a word or two. `why`: its purpose, in sentences. `more`: what else users should know,
    with links as in the reference. `read_in`: the modules that use it, except those that only report.
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
        """The range as a phrase; "" if `unit` says everything."""
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
    """The `LOGTAIL` dict of the host's settings; empty if there is none."""
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
        # From the oldest key: while SECRET_KEY is being rotated, old and new processes have that one in common.
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
    except ValueError:  # something else in place of the port
        pass
    # Unlike for other keys, without the value: it may contain a password.
    raise ImproperlyConfigured(
        'LOGTAIL["REDIS_URL"] is not a Redis URL; '
        "expected one like redis://:pass%2Fword@host:6379/0, rediss://host:6379/0 or unix:///run/redis.sock"
    )


def _paths(value: object) -> tuple[Path, ...]:
    # Not a generator, which would be empty the second time.
    if not isinstance(value, (list, tuple, set, frozenset)):
        raise ValueError("expected a list of absolute paths")
    found = tuple(Path(item) for item in value)
    for path in found:
        if not path.is_absolute():
            raise ValueError(f"expected absolute paths, not {str(path)!r}")
    return found


def _source_roots(value: object) -> tuple[Path, ...]:
    base = getattr(settings, "BASE_DIR", None)
    if not value and isinstance(base, (str, Path)) and Path(base).is_absolute():
        return (Path(base),)
    return _paths(value)


def _frame_ancestors(value: object) -> tuple[str, ...]:
    if not isinstance(value, (list, tuple)) or not all(isinstance(item, str) for item in value):
        raise ValueError("expected a list of texts such as \"'self'\" and 'https://intranet.example.org'")
    if not all(re.fullmatch(r"[!-+\--:<-~]+", item) for item in value):
        raise ValueError("expected one source in each text, without spaces, ',' and ';'")
    return tuple(value)


def _yes_or_no(value: object) -> bool:
    if not isinstance(value, bool):
        raise ValueError("expected True or False")
    return value


def _audit(value: object) -> bool | str:
    if isinstance(value, bool) or value == "required":
        return value
    raise ValueError("expected True, False or 'required'")


def _source_url(value: object) -> str | None:
    if value is None:
        return None
    wrong = ValueError(
        "expected an address with {path}, and {line} if lines have one, like "
        "'https://git.example/shop/blob/main/{path}#L{line}'"
    )
    if not isinstance(value, str) or "{path}" not in value:
        raise wrong
    filled = value.replace("{path}", "path").replace("{line}", "1")
    try:
        parts = urlsplit(filled)
        is_address = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:  # something else in place of a host or a port
        raise wrong from None
    # The administrator chooses the host, not a log; other placeholders would be left in the address.
    if not is_address or "{" in filled or "}" in filled or "{" in urlsplit(value).netloc:
        raise wrong
    if re.search(r"[\s\x00-\x1f\x7f\\]", value):
        raise wrong
    return value


#: Patterns of ids, and characters of one: a page tries each on every line that it draws.
MOST_ID_PATTERNS = 10
MOST_ID_CHARACTERS = 300


def _id_patterns(value: object) -> tuple[str, ...]:
    # Whether RE2 can read them is checked once, by a system check.
    if not isinstance(value, (list, tuple)) or not all(isinstance(item, str) and item for item in value):
        raise ValueError("expected a list of expressions, such as [r'\\bORD-[0-9]{6}\\b']")
    if len(value) > MOST_ID_PATTERNS:
        raise ValueError(f"expected at most {MOST_ID_PATTERNS} expressions")
    if any(len(item) > MOST_ID_CHARACTERS for item in value):
        raise ValueError(f"expected at most {MOST_ID_CHARACTERS} characters in each expression")
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
    """A whole number from `least` to `most`."""

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
    """One of the given words."""

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
        why="Only files inside these directories are ever opened, whatever a log's row says. If empty, no file is"
        " opened.",
        read_in=(
            "declared",
            "models",
            "offering",
            "page/files",
            "reader",
            "reader/sources",
            "registering/asking",
            "registering/files",
            "registering/members",
            "registering/offers",
            "registering/roots",
        ),
    )
    LOGS = Setting(
        default={},
        takes=_mapping,
        unit="slug -> path, or dict of a log's fields",
        why="Logs declared in settings; migrate and logtail_sync synchronise the registry with them.",
        read_in=("declared",),
    )
    READER = Setting(
        default="local",
        takes=OneOf(("local", "dramatiq")),
        unit='"local" or "dramatiq"',
        why="Where files are read: in the web process itself, which needs neither Redis nor a worker, or by an "
        "actor in a worker on the host that has the files.",
        read_in=(
            "control/nudging",
            "control/process",
            "declared",
            "models",
            "page/config",
            "page/members",
            "registering/asking",
            "registering/members",
            "registering/offers",
            "registry/form",
            "registry/listed",
            "relay/here",
            "spool_log",
            "stop_flag",
            "tasks",
            "viewing/rechecks",
            "viewing/signals",
            "viewing/spending",
            "viewing/tickets",
        ),
    )
    QUEUE = Setting(
        default="logtail",
        takes=_queue_name,
        unit="Dramatiq queue name",
        why="The queue of logs without one of their own, and the queue that this host's worker serves.",
        read_in=(
            "control/in_redis",
            "declared",
            "models",
            "page/files",
            "registering/offers",
            "registry/answers",
            "registry/form",
            "spool_log",
            "stop_flag",
            "tasks",
        ),
    )
    REDIS_URL = Setting(
        default=None,
        takes=_redis_url,
        unit="URL",
        why="Where wants and leases are stored. If unset, the Dramatiq broker's own Redis client is used.",
        read_in=("control/connection",),
    )
    NAMESPACE = Setting(
        default=None,
        takes=_namespace,
        unit="1 to 32 letters, digits, - and _",
        why="Part of every key in Redis and every mailbox, so that projects sharing a Redis stay separate. If "
        "unset, it is derived from the last of SECRET_KEY_FALLBACKS, or from SECRET_KEY.",
        more="Set it before you rotate `SECRET_KEY`; see [](../howto/redis.md).",
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
        why="The layer whose configuration the mailboxes use; the app creates its own instance of it.",
        read_in=("control/layer",),
    )
    ACCESS_POLICY = Setting(
        default="django_logtail.access.AccessPolicy",
        takes=_text,
        unit="dotted path",
        why="The class that decides who may see which log.",
        read_in=("access",),
    )
    AUDIT = Setting(
        default=False,
        takes=_audit,
        unit='True, False or "required"',
        why="Whether it is recorded who reads which log. People see that in the viewer. If required, nothing is shown "
        "while records can't be kept.",
        more="Records are personal data, so keeping them is your decision; see [](../howto/audit.md).",
        read_in=(
            "audit/admin",
            "audit/recorder",
            "audit/registry",
            "page/config",
            "viewing/admission",
            "views",
        ),
    )
    AUDIT_DIR = Setting(
        default=None,
        takes=_directory,
        unit="absolute path",
        why="Where records wait while the database doesn't take them. If unset, they wait in memory.",
        more="Use a directory of its own on a local disk that outlives restarts, such as `/var/lib/mysite/audit`. It's "
        "created if it's missing, and must be for the user of the web process alone (mode 0700). Each process keeps "
        "at most 256 MiB there.",
        read_in=("audit/recorder",),
    )
    AUDIT_PATTERNS = Setting(
        default="text",
        takes=OneOf(("text", "hash", "nothing")),
        unit='"text", "hash" or "nothing"',
        why="How records keep what somebody searched for: as it was typed, as a keyed hash, which is equal for equal "
        "patterns, or not at all.",
        more="People may search for a name or a number that should not be kept. The key comes from `SECRET_KEY`, so "
        "hashes from before a rotation can't be compared with later ones.",
        read_in=("audit/patterns",),
    )
    AUDIT_DAYS = Setting(
        default=180,
        takes=Whole(1, 36_500),
        unit="days",
        why="The age at which logtail_prune deletes records.",
        more="Nothing deletes them by itself: run [logtail_prune](commands.md#logtail_prune) every day.",
        read_in=("audit/retention",),
    )
    REDACT = Setting(
        default=(),
        takes=given_rules,
        unit="names of ready-made rules, and dicts",
        why="Rules that hide secrets in lines before they leave the reading host. If empty, nothing is hidden.",
        more="The reader applies them, and the web process must have the same: see [](../howto/redact.md).",
        read_in=("redaction_rules", "registry/rules"),
    )
    FRAME_ANCESTORS = Setting(
        default=(),
        takes=_frame_ancestors,
        unit="sources as in a Content-Security-Policy",
        why="Pages that may show the logs' page in a frame. If empty, Django's X_FRAME_OPTIONS applies, which "
        "allows none unless you set it.",
        more="See [Show the logs' page in a frame](../howto/embed.md#the-logs-page-in-a-frame).",
        read_in=("viewing/cross_site",),
    )
    LINKS = Setting(
        default=True,
        takes=_yes_or_no,
        unit="True or False",
        why="Whether http and https addresses in lines are links. People can turn them off for themselves.",
        more="A link opens in a new tab that learns nothing of the page "
        '(`rel="noopener noreferrer nofollow"`), and leads exactly where its text says.',
        read_in=("page/config",),
    )
    ID_PATTERNS = Setting(
        default=(),
        takes=_id_patterns,
        unit="up to 10 RE2 expressions of up to 300 characters",
        why="Further ids in lines that people can search all logs for, besides UUIDs, hexadecimal ids, and what a "
        "line names as a request, task or trace id.",
        more="If an expression has groups, the first one is the id: "
        '`[r"\\bORD-[0-9]{6}\\b", r"invoice=([A-Z0-9]+)"]`. Only the first 1,000 characters of a line are examined.',
        read_in=("page/config",),
    )
    SOURCE_URL = Setting(
        default=None,
        takes=_source_url,
        unit='address with {path} and {line}, like "https://git.example/shop/blob/main/{path}#L{line}"',
        why="Where the source of a traceback's frame is shown. If unset, frames are not links.",
        more="Only frames of the project are links; see [](../howto/source-links.md).",
        read_in=("page/config",),
    )
    SOURCE_ROOTS = Setting(
        default=(),
        takes=_source_roots,
        unit="absolute paths",
        why="Directories that hold the project's source, as they appear in tracebacks; the rest of a frame's path is "
        "{path}. If empty, the BASE_DIR setting is used.",
        more="The directory needn't exist on the web server's host: in a container it's often `/app`.",
        read_in=("page/config",),
    )
    BACKLOG_LINES = Setting(
        default=500,
        takes=Whole(0, 10_000),
        unit="lines",
        why="Lines shown on joining: a few screens of context, one batch on the wire.",
        read_in=("page/config", "views"),
    )
    IDLE_MINUTES = Setting(
        default=0,
        takes=Whole(0, 1_440),
        unit="minutes",
        why="After so long without a key, a click or a move of the pointer, a page stops watching, even if it is in "
        "sight, until somebody continues. With 0 it may stay; a tab in the background stops after half an hour anyway.",
        read_in=("page/config",),
    )
    MAX_VIEWERS_PER_USER = Setting(
        default=16,
        takes=Whole(1, 10_000),
        unit="open logs",
        why="Tabs and panes that one person can have open, so that a forgotten script can't take over the server.",
        more="A running download counts as one. Like all limits per user, it is counted over all web processes that "
        "share a Redis; with a local reader, over those of a host. See [](../howto/limits.md).",
        read_in=("viewing/limits", "viewing/newcomers", "viewing/spending"),
    )
    CONNECTS_PER_MINUTE_PER_USER = Setting(
        default=240,
        takes=Whole(1, 100_000),
        unit="sockets a minute",
        why="How often one person may open a log, so that a script that reconnects in a loop doesn't keep the "
        "server busy; a page connects once for each open log, and again when it loses the connection.",
        more="The minute begins with the first of them. Whoever is refused is told after how many seconds to try "
        "again, and a page then does so by itself.",
        read_in=("viewing/limits",),
    )
    BYTES_PER_DAY_PER_USER = Setting(
        default=0,
        takes=Whole(0, 10**15),
        unit="bytes a day",
        why="How much one person may be sent until midnight in the project's TIME_ZONE: lines, earlier lines, "
        "matches and downloads. With 0 there is no limit.",
        more="At the limit, open logs end, downloads break off, and nothing new is let in; a download that is larger "
        "than what is left is refused before its first byte. Each web process counts for a second before it tells the "
        "others, so several can exceed the limit by what they send in that time.",
        read_in=("viewing/limits", "viewing/usage"),
    )
    MAX_VIEWERS_PER_PROCESS = Setting(
        default=2_000,
        takes=Whole(1, 100_000),
        unit="viewers",
        why="Each viewer needs about 27 KiB of memory.",
        read_in=("viewing/admission",),
    )
    MAX_NEW_SOCKETS = Setting(
        default=512,
        takes=Whole(1, 100_000),
        unit="sockets",
        why="Sockets of one process whose client has not identified itself yet; further ones are refused before "
        "they are accepted, and a page tries again.",
        more="A client has 10 s to do so; a page needs a few milliseconds. Forged sessions can use up all of "
        "these places. When they are used up, in total or for an address, the handshake's session is "
        "looked up (for 1 s at most), and signed-in users are still admitted: up to twice as many sockets "
        "in total, and `MAX_VIEWERS_PER_USER` for each user.",
        read_in=("viewing/newcomers",),
    )
    MAX_NEW_SOCKETS_PER_ADDRESS = Setting(
        default=64,
        takes=Whole(1, 100_000),
        unit="sockets",
        why="The same for one address, as reported by the ASGI server: behind a proxy, have the server take it "
        "from the proxy's header.",
        more="Otherwise all clients share the proxy's address, and a site with very many viewers needs a higher "
        "number here. An IPv6 network (/64) counts as one address, because one machine usually has all of "
        "it.",
        read_in=("viewing/newcomers",),
    )
    MAX_FAILED_HANDSHAKES_PER_ADDRESS = Setting(
        default=10,
        takes=Whole(0, 100_000),
        unit="handshakes",
        why="How many handshakes of one address may fail, because a client sends no valid ticket within 10 s, before "
        "the next one has to wait: 1 s, twice as long after each further failure, and at most a minute.",
        more="Ten minutes after the last failure they are forgotten. Signed-in users of the address don't wait: their "
        "session is looked up, or known from an earlier socket, and their own failures count for themselves. Each web "
        "process counts separately, for the last 10,000 addresses that failed.",
        read_in=("viewing/backoff",),
    )
    MAX_DOWNLOADS_PER_USER = Setting(
        default=4,
        takes=Whole(1, 10_000),
        unit="downloads",
        why="Each also counts as an open log.",
        more="Further ones are refused with 429 before their first byte.",
        read_in=("viewing/limits",),
    )
    MAX_SEARCHES_PER_USER = Setting(
        default=4,
        takes=Whole(1, 1_000),
        unit="searches at once",
        why="Each reads a whole file. Other users can always search.",
        read_in=("reader/limits", "viewing/limits"),
    )
    RUNTIME_DIR = Setting(
        default=None,
        takes=_directory,
        unit="absolute path",
        why="Where the web processes of a host jointly count what each user has open, using locks on a file in a "
        "separate directory. If unset, it is created next to temporary files.",
        more="If your processes have separate temporary directories (`PrivateTmp` in systemd), set it to a "
        "directory of your service; processes that don't share it count separately. Installations with "
        "different databases count separately, even with the same `SECRET_KEY`. The file stays empty, and a"
        " process's locks end with it. If no such file can be created, each process counts on its own and "
        "logs that once.",
        read_in=("viewing/slots",),
    )
    RANGES_PER_SECOND_PER_USER = Setting(
        default=40,
        takes=Whole(1, 100_000),
        unit="requests a second",
        why="Requests for earlier lines and gaps that one web process answers per user; further ones wait their "
        "turn.",
        read_in=("viewing/spending",),
    )
    ANSWER_PROCESSOR_PERCENT_PER_USER = Setting(
        default=15,
        takes=Whole(1, 100),
        unit="percent of one processor",
        why="The most that one web process spends on one user's ranges, searches and downloads, with at most half a "
        "processor for all users together; up to one second's worth accumulates. Other users' pages wait "
        "meanwhile.",
        more="A reader may spend as much again to find and read what is requested, apart from searches.",
        read_in=("viewing/spending", "reader/limits"),
    )
    PROMPT_PROCESSOR_PERCENT = Setting(
        default=5,
        takes=Whole(0, 100),
        unit="percent of one processor",
        why="What one reader, and likewise each web process, may spend on sending every line at once. Above it, lines "
        "are collected for just as long "
        "as needed, at most 50 ms, so that a log that is written quickly costs no more.",
        more="The logs that are written divide it equally, so that one of them doesn't delay the others. With 0, lines "
        "are always collected for 50 ms.",
        read_in=("reader/limits", "relay/here"),
    )
    READ_BYTES_PER_SECOND = Setting(
        default=200_000_000,
        takes=Whole(100_000, 10**12),
        unit="bytes a second",
        why="The most that one reader reads from all its logs together, so that viewers never harm the host.",
        more="Whatever a limit holds back is read a moment later, and viewers are told which limit applies. "
        "Earlier lines, gaps and downloads count towards it too, but not towards the limit for one log.",
        read_in=("reader/limits",),
    )
    READ_BYTES_PER_SECOND_PER_LOG = Setting(
        default=100_000_000,
        takes=Whole(100_000, 10**12),
        unit="bytes a second",
        why="The most that one reader reads from a log for each web process that watches it.",
        read_in=("reader/limits",),
    )
    MAX_LOGS_PER_READER = Setting(
        default=2_000,
        takes=Whole(1, 100_000),
        unit="watched logs",
        why="Each needs a descriptor, a change notification and a few kilobytes; each web process counts "
        "separately.",
        more="Viewers of further logs see the reason.",
        read_in=("reader/limits",),
    )
    MAX_OPEN_FILES = Setting(
        default=8_000,
        takes=Whole(10, 1_000_000),
        unit="descriptors",
        why="Rotated files stay open until they are read to the end; at this limit no further log is opened.",
        more="The reader also keeps within what its process may open (`LimitNOFILE` in systemd, `ulimit -n` in a "
        "shell), and leaves a quarter of that, at most 256, for connections and older files.",
        read_in=("reader/limits",),
    )
    MAX_HISTORY_JOBS = Setting(
        default=4,
        takes=Whole(1, 64),
        unit="reads at once",
        why="Earlier lines, gaps and searches that one reader reads at the same time; further ones wait their "
        "turn.",
        more="A search runs for 50 ms at a time, so a long one holds up nobody.",
        read_in=("reader/limits",),
    )
    SEARCH_BYTES_PER_SECOND = Setting(
        default=500_000_000,
        takes=Whole(1_000_000, 10**12),
        unit="bytes a second",
        why="The most that all searches of one reader read together, besides following logs; up to one second's worth "
        "accumulates.",
        more="A search slowed by this limit says so; staff see the name of this key.",
        read_in=("reader/limits",),
    )
    SEARCH_PROCESSOR_PERCENT = Setting(
        default=50,
        takes=Whole(1, 1_000),
        unit="percent of one processor",
        why="The most that all searches of one reader use, shared by user; up to one second's worth accumulates, so "
        "only long searches are slowed.",
        more="A search slowed by this limit says so; staff see the name of this key.",
        read_in=("reader/limits",),
    )
    HISTORY_BYTES_PER_SECOND_PER_USER = Setting(
        default=50_000_000,
        takes=Whole(100_000, 10**12),
        unit="bytes a second",
        why="The most that one reader reads for one user's earlier lines, gaps and downloads; up to one second's worth "
        "accumulates.",
        read_in=("reader/limits",),
    )


conf = Conf()

#: All of them, by name.
SETTINGS: Mapping[str, Setting[Any]] = {
    name: key for name, key in vars(Conf).items() if isinstance(key, Setting)
}
