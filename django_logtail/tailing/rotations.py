"""Decides which siblings of a log were the log while nobody looked, and which are copies of what was read."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace
from pathlib import Path

from django_logtail.tailing.belonging import Belonging, Inode
from django_logtail.tailing.chain import MAX_AHEAD, Chain
from django_logtail.tailing.events import Kind
from django_logtail.tailing.files.generation import HEAD_BYTES, FileId, Generation, birth_or_none, proves
from django_logtail.tailing.files.opening import Opened, Permit, Trouble, open_log
from django_logtail.tailing.files.system import System, close_quietly
from django_logtail.tailing.files.unpacking import unpacked
from django_logtail.tailing.rotated_names import COMPRESSED
from django_logtail.tailing.siblings import MAX_ENTRIES, Rank, Sibling, siblings_of

#: Siblings whose head is remembered at the start.
MAX_KNOWN = 64
#: A rotation may be under way: names are listed until two lists agree, up to this many times and seconds.
MAX_LISTS = 20
MAX_LISTS_SECONDS = 0.5
#: Seconds for which later looks may still find the names at rest; after that, the times must suffice.
PATIENCE_SECONDS = 2.0
#: How often to look for what seems missing: a rotation may be moving it from one name to the next.
MAX_LOOKS = 4
#: How often to look for a file under another name.
MAX_OPENS = 5
#: A first number above this does not count rotations.
MAX_COUNT = 100
#: The clock that stamps files advances in steps of this length.
COARSE_NS = 50_000_000


class Unsettled(Exception):
    """Names change while being listed: a later look may prove what this one can't. Nothing was changed."""


@dataclass(frozen=True, slots=True)
class Known:
    """What we remember of a sibling, to tell whether a file with the same inode is the same file."""

    birth: int
    head: bytes
    written_ns: int
    number: int | None = None


@dataclass(frozen=True, slots=True)
class Unseen:
    """A generation that went unseen; `after_gap`: another one may have been between it and the one before."""

    sibling: Sibling
    generation: Generation
    after_gap: bool = False


@dataclass(frozen=True, slots=True)
class Between:
    """What was the log between two files, oldest first; `ends_in_gap`: followed by something unavailable."""

    unseen: list[Unseen]
    ends_in_gap: bool = False
    #: Bytes of the newest unseen files beyond those held open.
    left_out: int = 0

    @property
    def has_gap(self) -> bool:
        return self.ends_in_gap or any(each.after_gap for each in self.unseen)


class Siblings:
    """Remembers the siblings that existed, so that only later ones can be generations that went unseen.

    Never raises `OSError`: a sibling that can't be opened does not count.
    """

    def __init__(self, system: System, belonging: Belonging, permit: Permit) -> None:
        #: The log's names; `path` is that of its file now.
        self.belonging = belonging
        #: When the name was last seen to name the last file, by the clock of files.
        self.looked_ns = 0
        #: When the last file was last seen to hold the text that was read of it, by the same clock.
        self.proven_ns = 0
        self._since_ns = 0  # what happened to a sibling counts only from then on
        self._system = system
        self._permit = permit
        self._rank = Rank()
        self._bases: dict[Path, None] = {belonging.path: None}
        self._known: dict[Inode, Known] = {}
        self._set_aside: dict[Inode, Known] = {}  # forgotten until the next `between` succeeds
        self._is_whole = True
        self._is_settled = True  # the last list was of one moment
        self._patient_until: float | None = None
        self._first: int | None = None  # the lowest number that was ever seen

    def adopt(self, opened: Opened) -> Generation:
        """The generation of an opened file. Raises `OSError`; then the descriptor is the caller's."""
        generation = Generation(self._system, opened.descriptor, opened.stat)
        with contextlib.suppress(OSError):
            generation.name = self._system.name_of(opened.descriptor)
        return generation

    # Listing

    def listed(self, *generations: Generation | None, lists: int = MAX_LISTS) -> list[Sibling]:
        """The siblings of the log's name, and of the names that the generations had and have, oldest first."""
        self._bases = {self.belonging.path: None}
        for generation in generations:
            if generation is not None:
                self._look_beside(generation)
        found: dict[Inode, Sibling] = {}
        before: dict[Inode, Path] | None = None
        self._is_settled = True
        deadline = self._system.seconds() + MAX_LISTS_SECONDS
        for _ in range(lists):
            now = self._listed_once()
            paths = {inode: sibling.path for inode, sibling in now.items()}
            if before is not None and _is_one_moment(before, paths):
                return self._ranked(now.values())
            found.update(now)
            before = paths
            if self._system.seconds() > deadline:
                break
        self._is_settled = lists == 1
        return self._ranked(found.values())

    def _ranked(self, found: Collection[Sibling], own: Sibling | None = None) -> list[Sibling]:
        """Oldest first; those met before, and `own`, are older than the others."""
        has_looked = self.looked_ns > 0  # otherwise an unknown one may be older as well
        older = {each.inode for each in found if has_looked and (each is own or self._has_met(each))}
        if not self._is_settled:
            return self._rank.by_time(found)
        return self._rank.oldest_first(found, older)

    def _look_beside(self, generation: Generation) -> None:
        """List beside the name that a generation had too, and where rotation has moved it to by one of its names."""
        name = generation.name
        if name is not None and self.belonging.rotated(self.belonging.path, name.name) is None:
            self._bases[name] = None
        moved = self.name_now(generation)
        if moved is None:
            return
        for base in list(self._bases):
            if moved.parent != base.parent and self.belonging.rotated(base, moved.name) is not None:
                self._bases[moved.parent / base.name] = None

    def name_now(self, generation: Generation) -> Path | None:
        """Where a generation is now; None if it has no name, or its place is unknown."""
        if generation.descriptor is None:
            return None
        with contextlib.suppress(OSError):
            return self._system.name_of(generation.descriptor)
        return None

    def _listed_once(self) -> dict[Inode, Sibling]:
        with contextlib.suppress(OSError):
            scan = siblings_of(self._system, self.belonging, self._bases)
            self._is_whole = scan.is_whole
            return {sibling.inode: sibling for sibling in scan.found}
        return {}

    # Remembering

    def learn(self, current: Generation | None = None) -> None:
        """Remember which siblings exist now. Look at the name only after that."""
        listed = self.listed(current, lists=1)
        numbers = [each.rotated.number for each in listed if each.rotated.number is not None]
        self._first = min(numbers, default=self._first)
        for sibling in listed[:-MAX_KNOWN]:
            self._know(sibling, b"")
        for sibling in listed[-MAX_KNOWN:]:
            generation = self._open(sibling) if sibling.is_text else None
            self._know(sibling, generation.head if generation is not None else b"")
            if generation is not None:
                generation.close()

    def remember(self, generation: Generation) -> None:
        """Recognise an older generation once it is a sibling."""
        known = self._known.get(generation.inode_key)
        number = None if known is None else known.number
        head, written_ns = generation.head, 0
        if generation.descriptor is not None:
            with contextlib.suppress(OSError):
                head = self._system.pread(generation.descriptor, HEAD_BYTES, 0)  # it may have grown since
                written_ns = generation.stat().st_mtime_ns
        self._known[generation.inode_key] = Known(generation.birth, head, written_ns, number)

    def forget(self, generation: Generation) -> None:
        self._known.pop(generation.inode_key, None)

    def forget_all(self) -> None:
        """Forget all siblings until the next `between`: what came after an earlier place may have existed before this
        look. Those that did not come after it are known again then.
        """
        self._set_aside, self._known = {**self._set_aside, **self._known}, {}
        self.looked_ns, self.proven_ns, self._first = 0, 0, None

    def _know(self, sibling: Sibling, head: bytes) -> None:
        known = Known(sibling.birth, head, sibling.stat.st_mtime_ns, sibling.rotated.number)
        self._known[sibling.inode] = known

    def _has_met(self, sibling: Sibling) -> bool:
        """Whether this inode was there before; whether its text was is another question."""
        known = self._known.get(sibling.inode)
        return known is not None and (not known.birth or not sibling.birth or known.birth == sibling.birth)

    def _is_known(self, sibling: Sibling, generation: Generation) -> bool:
        """Whether this is text we knew before; its inode may have been reused, or rewritten, since."""
        if not self._has_met(sibling):
            return False
        known = self._known[sibling.inode]
        if known.head:
            return generation.head.startswith(known.head)
        return sibling.stat.st_mtime_ns == known.written_ns

    # What went unseen

    def between(
        self, chain: Chain, old: Generation | None, written_ns: int, new: Generation | None
    ) -> Between:
        """The opened files that were the log after `old`, which was last written as the log at `written_ns`, and before
        `new`.

        Raises `Unsettled` as long as a later look may decide better.
        """
        self._since_ns = self.looked_ns
        known, first = dict(self._known), self._first
        for looks_left in reversed(range(MAX_LOOKS)):
            found = self._between(chain, old, written_ns, new)
            is_proven = self._is_settled and not found.has_gap
            must_wait = not self._is_settled and self._has_patience()
            if is_proven or (not must_wait and not looks_left):
                self._patient_until = None
                self._known, self._set_aside = {**self._set_aside, **self._known}, {}
                return found
            for unseen in found.unseen:
                unseen.generation.close()
            self._known, self._first = dict(known), first
            if must_wait:
                raise Unsettled
        raise AssertionError("the last look returns or raises")

    def _has_patience(self) -> bool:
        now = self._system.seconds()
        if self._patient_until is None:
            self._patient_until = now + PATIENCE_SECONDS
        return now < self._patient_until

    def _between(
        self, chain: Chain, old: Generation | None, written_ns: int, new: Generation | None
    ) -> Between:
        """A single attempt of `between`.

        The evidence is a name that rotation gives, a file that did not exist at the last look, and times after that
        look. `old` None: whatever came since `learn`.
        """
        listed = self.listed(new, old)
        mine = self._own(old, listed, written_ns) if old is not None else None
        if mine is not None:
            self._learn_direction(mine, new, listed)
            listed = self._ranked(listed, mine)
        listed = self._until(new, listed)
        if mine is not None and mine not in listed:
            listed = [mine, *listed]
        if mine is not None:
            after, is_lost = self._after(listed, mine, written_ns), False
            self._know(mine, old.head if old is not None else b"")
        else:
            after = [each for each in listed if self._fits(each, written_ns)]
            is_lost = old is not None and self._may_have_been_more(old, after, listed)
        numbers = [each.rotated.number for each in listed if each.rotated.number is not None]
        has_gap = (bool(after) and not self._is_whole) or self._has_kin(old, chain, new, written_ns)
        found = self._opened(after, chain, new, mine, has_gap=has_gap, is_lost=is_lost)
        self._first = min([*numbers, self._first]) if self._first is not None else min(numbers, default=None)
        self._number(listed)
        return found

    def _learn_direction(self, mine: Sibling, new: Generation | None, listed: list[Sibling]) -> None:
        """The new file came after the old one: if it is rotated already, their numbers tell the direction."""
        later = next((each for each in listed if new is not None and each.inode == new.inode_key), None)
        if later is None or later is mine or not self._is_settled:
            return
        if mine.rotated.number is not None and later.rotated.number is not None:
            self._rank.direction = 1 if later.rotated.number > mine.rotated.number else -1

    def _own(self, old: Generation, listed: list[Sibling], written_ns: int) -> Sibling | None:
        """The old file itself among the siblings, or its compressed form."""
        mine = next((each for each in listed if each.inode == old.inode_key), None)
        if mine is not None or not self._has_no_name(old):
            return mine
        for each in listed:
            if (
                not each.is_text
                and not self._has_met(each)
                and self._is_compressed_form(each, old, written_ns)
            ):
                return each
        return None

    def _has_no_name(self, old: Generation) -> bool:
        with contextlib.suppress(OSError):
            return not old.is_open or not old.stat().st_nlink
        return False

    def _is_compressed_form(self, sibling: Sibling, old: Generation, written_ns: int) -> bool:
        """Whether it begins as the old file does; if it can't be unpacked here, whether it is as old."""
        with contextlib.suppress(OSError):
            opened = open_log(self._system, sibling.path, self._permit)
            if isinstance(opened, Trouble):
                return False
            try:
                head = unpacked(opened.descriptor, sibling.rotated.compression, HEAD_BYTES)
            finally:
                close_quietly(self._system, opened.descriptor)
            if head is not None:
                return bool(old.head) and head.startswith(old.head)
            written = old.stat().st_mtime_ns if old.is_open else written_ns
            return abs(sibling.stat.st_mtime_ns - written) < 1_000_000_000
        return False

    def _after(self, listed: list[Sibling], old: Sibling, written_ns: int) -> list[Sibling]:
        """The siblings newer than the old one: by name if the names are of one kind, otherwise by time."""
        alike = [each for each in listed if each.rotated.order is old.rotated.order]
        if len(alike) < len(listed):
            alike = self._ranked(alike, old)
        newer = {each.inode for each in alike[alike.index(old) + 1 :]}
        others = {each.inode for each in listed} - {each.inode for each in alike}
        return [
            each
            for each in listed
            if (each.inode in newer and self._is_recent(each))
            or (each.inode in others and self._fits(each, written_ns))
        ]

    def _is_recent(self, sibling: Sibling) -> bool:
        """Whether anything happened to it since the last look that proved the contrary: a rename, or its creation."""
        if self._system.wall_ns() < self._since_ns:
            return True  # the clock was set back
        return sibling.touched >= self._since_ns - COARSE_NS

    def _fits(self, sibling: Sibling, written_ns: int) -> bool:
        """Whether a sibling may have been the log since, judged by its times alone."""
        known = self._known.get(sibling.inode) if self._has_met(sibling) else None
        if known is not None and sibling.stat.st_mtime_ns == known.written_ns:
            return False
        return self._is_recent(sibling) and sibling.stat.st_mtime_ns >= written_ns

    def _may_have_been_more(self, old: Generation, after: list[Sibling], listed: list[Sibling]) -> bool:
        """Whether `old` was itself rotated away, and others after it may have been too: it has no name any more.

        Not when the files known before moved up by just as many numbers as there are new ones.
        """
        if not self._has_no_name(old):
            return False
        shifts = {
            each.rotated.number - known.number
            for each in listed
            if (known := self._known.get(each.inode)) is not None
            and each not in after
            and known.number is not None
            and each.rotated.number is not None
        }
        return shifts != {sum(not self._has_met(each) for each in after)}

    def _number(self, listed: Iterable[Sibling]) -> None:
        """Remember the numbers that known files have now."""
        for each in listed:
            if (known := self._known.get(each.inode)) is not None:
                self._known[each.inode] = replace(known, number=each.rotated.number)

    def _has_kin(self, old: Generation | None, chain: Chain, new: Generation | None, written_ns: int) -> bool:
        """Whether the old file, whose new name fits no rule, has newer siblings that differ only in a number.

        They may have been the log, or not: they are not read.
        """
        moved = self.name_now(old) if old is not None else None
        if moved is None or not any(letter.isdigit() for letter in moved.name):
            return False
        if any(self.belonging.rotated(base, moved.name) is not None for base in self._bases):
            return False
        alike = re.compile(re.sub(r"\d+", r"\\d+", re.escape(moved.name)))
        held = _held(chain, new)
        with contextlib.suppress(OSError):
            for name in self._system.names_in(moved.parent, MAX_ENTRIES):
                bare = next((name.removesuffix(end) for end in COMPRESSED if name.endswith(end)), name)
                if name == moved.name or not alike.fullmatch(bare):
                    continue
                with contextlib.suppress(OSError):
                    found = self._system.lstat(moved.parent / name)
                    inode = (found.st_dev, found.st_ino)
                    is_newer = (
                        found.st_mtime_ns >= written_ns and found.st_ctime_ns >= self.looked_ns - COARSE_NS
                    )
                    is_ours = not self.belonging.is_foreign(moved.parent / name, inode)
                    if is_newer and is_ours and inode not in held:
                        return True
        return False

    def _opened(
        self,
        after: list[Sibling],
        chain: Chain,
        current: Generation | None,
        mine: Sibling | None = None,
        *,
        has_gap: bool = False,
        is_lost: bool = False,
    ) -> Between:
        """The files of `after` that are readable and new, opened; `mine` is the sibling that they follow.

        `is_lost`: others may have come before the first of them, if any.
        """
        held = _held(chain, current)
        unseen: list[Unseen] = []
        left_out = 0
        number = mine.rotated.number if mine is not None else None
        for sibling in after:
            if mine is not None:  # counting needs a known place
                is_skipped = self._is_settled and _skips(number, sibling)
                has_gap, number = has_gap or is_skipped, sibling.rotated.number
            if sibling.inode in held or (not sibling.is_text and self._has_met(sibling)):
                continue
            generation = self._open(sibling) if sibling.is_text else None
            if generation is None:
                has_gap = True
                self._know(sibling, b"")
                continue
            if len(unseen) == MAX_AHEAD:
                left_out += sibling.stat.st_size
                generation.close()
                continue
            if not self._is_new(sibling, generation, chain):
                generation.close()
            elif not _is_measured(generation):
                has_gap = True
                generation.close()
            else:
                unseen.append(Unseen(sibling, generation, has_gap or is_lost))
                has_gap = is_lost = False
        is_end_seen = current is not None and any(each.inode == current.inode_key for each in after)
        has_gap = has_gap or (not is_end_seen and self._is_above_first(number))
        return Between(unseen, has_gap, left_out)

    def _is_above_first(self, number: int | None) -> bool:
        """Whether the newest sibling's number differs from the one that a rotation gives first, where that counts."""
        if number is None or self._rank.direction >= 0 or not self._is_settled:
            return False
        return 1 < number < MAX_COUNT if self._first is None else number > max(1, self._first)

    def _is_new(self, sibling: Sibling, generation: Generation, chain: Chain) -> bool:
        """Whether its text is unread."""
        is_known = self._is_known(sibling, generation)
        self._know(sibling, generation.head)
        return not is_known and not any(generation.is_copy_of(each.generation) for each in chain.segments)

    def _until(self, current: Generation | None, listed: list[Sibling]) -> list[Sibling]:
        """Leave out what is newer than the current file, in case that was itself renamed meanwhile."""
        if current is None:
            return listed
        at = next((at for at, each in enumerate(listed) if each.inode == current.inode_key), None)
        return listed if at is None else listed[: at + 1]

    # Copies

    def copy_of(self, old: Generation, chain: Chain) -> tuple[Sibling, Generation] | None:
        """The copy that copytruncate has made: with our head, and our anchor at our offset.

        Its inode may have existed before, and even be open: `cp` overwrites the file of that name.
        """
        if not old.anchor and not old.head:
            return None
        self._since_ns = self.proven_ns
        listed = self.listed(old)
        for sibling in reversed(listed):
            if sibling.inode == old.inode_key or not sibling.is_text or sibling.stat.st_size < old.anchor_at:
                continue
            generation = self._open(sibling)
            if generation is None:
                continue
            if self._holds(generation, old) and not self._is_old_text(sibling, generation):
                self._know(sibling, generation.head)
                self._number(listed)
                return sibling, generation
            generation.close()
        return None

    def _is_old_text(self, sibling: Sibling, generation: Generation) -> bool:
        """Whether this existed unchanged before the last look: then it is not a copy made since."""
        return self._is_known(sibling, generation) and not self._is_recent(sibling)

    def copies_after(self, copy: Sibling | None, chain: Chain, current: Generation) -> Between:
        """Copies that were made after this one: what the file held before it was emptied again; opened."""
        self._since_ns = self.proven_ns
        listed = self._until(current, self.listed(current))
        if copy is None:
            after = [each for each in listed if self._fits(each, 0) and each.is_text]
            return self._cut_away(self._opened(after, chain, current), current)
        at = next((at for at, each in enumerate(listed) if each.inode == copy.inode), None)
        if at is None:
            return Between([])
        after = self._after(listed, listed[at], copy.stat.st_mtime_ns)
        return self._cut_away(self._opened(after, chain, current), current)

    def _cut_away(self, found: Between, current: Generation) -> Between:
        """Leave out copies of what the current file still holds: it was copied, and not emptied."""
        kept = []
        for unseen in found.unseen:
            if self._is_still_in(unseen.generation, current):
                unseen.generation.close()
            else:
                kept.append(unseen)
        return replace(found, unseen=kept)

    def _is_still_in(self, copy: Generation, current: Generation) -> bool:
        """Whether the current file begins with all of the copy, judged by its head and its end."""
        assert copy.descriptor is not None
        if current.descriptor is None:
            return False
        with contextlib.suppress(OSError):
            size = copy.stat().st_size
            for start, length in (
                (0, min(size, HEAD_BYTES)),
                (max(0, size - HEAD_BYTES), min(size, HEAD_BYTES)),
            ):
                text = self._system.pread(copy.descriptor, length, start)
                if self._system.pread(current.descriptor, length, start) != text:
                    return False
            return True
        return False

    # Finding again

    def name_of(self, generation: Generation, new: Generation) -> str | None:
        """The sibling's name that a generation has now."""
        listed = self.listed(new, generation)
        return next((sibling.name for sibling in listed if sibling.inode == generation.inode_key), None)

    def wanted(self, file_id: FileId, offset: int, current: Generation | None) -> Generation | None:
        """The sibling that an id means: by inode, else the only one with that head (a copy)."""
        listed = [sibling for sibling in self.listed(current) if sibling.is_text]
        for sibling in listed:
            if sibling.stat.st_ino == file_id.inode:
                generation = self._open(sibling)
                if generation is not None and self._proves(generation, file_id, offset):
                    return generation
        copies = []
        for sibling in reversed(listed[-MAX_KNOWN:]):
            generation = self._open(sibling)
            if generation is not None and self._proves(generation, file_id, offset, copy=True):
                copies.append(generation)
        if len(copies) == 1:
            return copies[0]
        for generation in copies:
            generation.close()
        return None

    def _proves(self, generation: Generation, file_id: FileId, offset: int, *, copy: bool = False) -> bool:
        """Whether it is the wanted one; closes it if not."""
        assert generation.descriptor is not None
        with contextlib.suppress(OSError):
            if proves(self._system, generation.descriptor, file_id, offset, copy=copy):
                return True
        generation.close()
        return False

    def _holds(self, generation: Generation, old: Generation) -> bool:
        """Whether the sibling holds what was read of `old`."""
        assert generation.descriptor is not None
        start = old.anchor_at - len(old.anchor)
        with contextlib.suppress(OSError):
            anchor = self._system.pread(generation.descriptor, len(old.anchor), start)
            return generation.head.startswith(old.head) and anchor == old.anchor
        return False

    def _open(self, sibling: Sibling) -> Generation | None:
        """The sibling, whatever its name is by now: a rotation may be under way."""
        wanted: Sibling | None = sibling
        for _ in range(MAX_OPENS):
            if wanted is None:
                return None
            opened = open_log(self._system, wanted.path, self._permit)
            if isinstance(opened, Trouble):
                if opened.kind is not Kind.GONE:
                    return None
            elif self._is_it(opened, sibling):
                with contextlib.suppress(OSError):
                    return self.adopt(opened)
                close_quietly(self._system, opened.descriptor)
                return None
            else:
                close_quietly(self._system, opened.descriptor)
            wanted = self._listed_once().get(sibling.inode)
        return None

    def _is_it(self, opened: Opened, sibling: Sibling) -> bool:
        if (opened.stat.st_dev, opened.stat.st_ino) != sibling.inode:
            return False
        birth = birth_or_none(self._system, opened.descriptor)
        return not birth or not sibling.birth or birth == sibling.birth


def _held(chain: Chain, current: Generation | None) -> set[Inode]:
    return chain.inodes() | ({current.inode_key} if current is not None else set())


def _is_measured(generation: Generation) -> bool:
    """Whether its size can be read; then it is kept."""
    try:
        generation.proven_size = generation.stat().st_size
    except OSError:
        return False
    return True


def _is_one_moment(before: dict[Inode, Path], now: dict[Inode, Path]) -> bool:
    """Whether the names are stable, or only new ones appear: if numbers shift, no new name appears alone."""
    if not before:
        return not now
    return all(now.get(inode) == path for inode, path in before.items())


def _skips(number: int | None, sibling: Sibling) -> bool:
    """Whether another number lies between two that follow each other in time."""
    following = sibling.rotated.number
    return number is not None and following is not None and abs(following - number) > 1
