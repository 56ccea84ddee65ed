"""One log's path turned into one stream of bytes and events. Never sleeps; the caller passes the time.

Looking and reading are separate (`discovery`, `emission`), with the chain of segments between them: a slow consumer
delays bytes but not discovery, and one that lost something gets the same chain again.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from django_logtail.place import Place
from django_logtail.tailing.belonging import Belonging
from django_logtail.tailing.chain import Chain
from django_logtail.tailing.discovery import Discovery
from django_logtail.tailing.emission import Emission
from django_logtail.tailing.events import Batch, Event, Item, Kind, Start
from django_logtail.tailing.files.opening import Permit, permit_all
from django_logtail.tailing.files.system import System

#: Seconds between two regular looks: the most that a lost notification costs.
TICK_SECONDS = 1.0


class Follower:
    """Follows `path` from `start`. `permit` decides about each file opened, by its descriptor.

    Call `poll` on every hint that something changed, when `due` has come, and soon again while `has_more`. It never
    raises `OSError`: a problem becomes a state and an event.
    """

    def __init__(
        self,
        path: Path,
        start: Start,
        *,
        permit: Permit = permit_all,
        encoding: str = "utf-8",
        max_batch_bytes: int = 64 * 1024,
        belonging: Belonging | None = None,
        system: System | None = None,
    ) -> None:
        """Opens nothing yet. `path` is absolute. `belonging` decides about files next to it; by default, the naming
        rules decide.

        Raises `LookupError` for an encoding Python does not know.
        """
        system = system or System()
        self._name = str(path)
        #: When `poll` must be called even without a hint; None: at once.
        self.due: float | None = None
        #: Items emitted so far.
        self.emitted = 0
        self._closed = False
        self._system = system
        #: Device, inode, size and times of the file, if a look that finds them unchanged has nothing to do.
        self._rest: tuple[int, ...] | None = None
        self._chain = Chain(system, lambda generation: self._discovery.remember(generation))
        belonging = belonging or Belonging(path)
        #: Whether any name in the directory may become the log's.
        self.has_many_names = bool(belonging.matching)
        self._discovery = Discovery(belonging, start, permit, encoding, system, self._chain)
        self._emission = Emission(self._chain, self._discovery, encoding, max_batch_bytes, system)

    # Queries

    @property
    def path(self) -> Path:
        """Where the log's file is now; the given path, unless it is the newest of several."""
        return self._discovery.path

    @property
    def state(self) -> str:
        """One of "reading", "missing", "unreadable", "not-a-file", "refused"."""
        return self._discovery.state

    @property
    def reason(self) -> str:
        """Why it is not "reading": one of `reasons`; may be empty."""
        return self._discovery.reason

    @property
    def size(self) -> int | None:
        """The current file's size in bytes at the last look."""
        return self._discovery.size

    @property
    def has_more(self) -> bool:
        """Whether the last poll stopped at its budget."""
        return self._emission.has_more

    @property
    def position(self) -> Place | None:
        """The stream's place; None until there is a file."""
        return self._chain.position or self._discovery.wanted

    @property
    def sent(self) -> dict[str, int]:
        """Up to which byte each open generation was emitted, including late bytes of older ones."""
        return self._chain.sent()

    @property
    def revision(self) -> int:
        """Grows whenever the files or names to watch change."""
        return self._chain.revision + self._discovery.revision

    @property
    def is_remote(self) -> bool:
        """Whether the current file is on a file system that reports no changes."""
        return bool(self._chain.segments) and self._chain.last.generation.is_remote

    def descriptors(self) -> list[int]:
        """The open files, for watching."""
        return self._chain.descriptors()

    def descriptor_of(self, file: str) -> int | None:
        """The descriptor of a generation that is held, by its id; None if it is closed, or not held."""
        return self._chain.descriptor_of(file)

    def next_due(self, now: float) -> float:
        """`due`, as a time."""
        return now if self.due is None else self.due

    # Commands

    def mark(self, kind: Kind, reason: str) -> None:
        """Put DEGRADED or RESTORED into the stream; only the caller, which watches for changes, knows this."""
        self._discovery.notices.append((kind, {"reason": reason}))
        self.due = self._rest = None

    def rewind(self, position: Place, late: Mapping[str, int] | None = None) -> bool:
        """Emit again from `position`, along the same chain. False: that generation is no longer held.

        Then a new follower with `Resume` may still find it on the disk. `late` is how many bytes were already taken of
        older generations (in the form of `sent`), if less than was sent.
        """
        if not self._chain.rewind(position, late or {}):
            return False
        self._discovery.start_again(position)
        self._emission.start_again()
        self.due = self._rest = None
        return True

    def release(self, position: Place) -> None:
        """The consumer has everything before `position`: close what is only needed for a rewind."""
        self._chain.release(position)

    def close(self) -> None:
        """Close every file. The follower can't be used afterwards."""
        self._closed = True
        self._rest = None
        self._chain.close()

    @property
    def must_wait(self) -> bool:
        """Whether the last poll needed other files to decide something: poll again with `may_wait`."""
        return self._discovery.must_wait

    def poll(self, now: float, max_bytes: int = 256 * 1024, *, may_wait: bool = True) -> list[Batch | Event]:
        """What is new, in order: at most `max_bytes` bytes of text. `now` is from any monotonic clock.

        Without `may_wait` it opens nothing and lists no directory, which a slow disk may delay: see `must_wait`.
        """
        if self._closed:
            return []
        self._discovery.may_wait, self._discovery.must_wait = may_wait, False
        self._discovery.look(now)
        items, self._discovery.opening = self._discovery.opening, []
        if self._chain.segments:
            items += self._emission.emit(now, max_bytes)
            self._chain.retire(now, self._away_since())
        elif self._discovery.has_begun:
            items += self._placed_notices()
        self.due = self._next_due(now)
        self.emitted += len(items)
        self._rest = self._rests_on()
        return items

    def rests(self, now: float) -> bool:
        """Whether the file is exactly as the last poll left it, and all emitted; this then counts as the look that was
        due.

        Costs one stat, a third of a poll that finds nothing.
        """
        if self._rest is None:
            return False
        try:
            found = self._system.stat(self._name)
        except OSError:
            return False
        if self._rest != (found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns):
            return False
        self.due = now + TICK_SECONDS
        return True

    def _rests_on(self) -> tuple[int, ...] | None:
        discovery, segments = self._discovery, self._chain.segments
        if (
            self.has_many_names
            or len(segments) != 1
            or discovery.state != "reading"
            or discovery.due is not None
        ):
            return None
        if discovery.away_since is not None or discovery.failures or discovery.notices:
            return None
        rest = self._emission.rests_on
        return None if rest is None else (*segments[0].generation.inode_key, *rest)

    def _next_due(self, now: float) -> float:
        if self._emission.has_more:
            return now
        due = now + TICK_SECONDS
        for sooner in (self._discovery.due, self._emission.due):
            if sooner is not None and sooner < due:
                due = max(now, sooner)
        return due

    def _away_since(self) -> float | None:
        """Since when the last file has lacked its name, if all of it was emitted."""
        return self._discovery.away_since if self.state != "reading" and not self.has_more else None

    def _placed_notices(self) -> list[Item]:
        notices, self._discovery.notices = self._discovery.notices, []
        return [Event(kind, self.position, self.position, details) for kind, details in notices]
