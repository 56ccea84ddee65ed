"""Which feed a viewer joins, what it is sent, and what is left when everybody has gone."""

import asyncio
import inspect
import json

import pytest

from django_logtail.place import Place
from django_logtail.protocol import decode_batch
from django_logtail.relay.feeds import Feeds
from django_logtail.relay.liveness import Readers
from django_logtail.relay.posting import Wants
from tests.viewing.seat import Reader
from tests.virtual_time import run_virtually

KIB = 1024


class Stage:
    def __init__(self):
        self.wants = Wants("p")
        self.readers = Readers()
        self.time = 50.0
        self.feeds = Feeds(self.wants, self.readers, lambda: self.time)

    def join(self, log="1", queue="web-1", lines=10, resume=None, **more):
        return self.feeds.join(log, queue, lines=lines, resume=resume, path="/x.log", **more)

    def fill(self, viewer, count=5, offset=0):
        """So many lines of two bytes."""
        reader = Reader(viewer.feed)
        reader.starts(offset)
        for _ in range(count):
            reader.sends(b"x\n")
        return reader


def frames(viewer):
    """What the viewer is sent now."""
    sent = [frame.encoded for frame, _ in viewer.frames()]
    return [decode_batch(frame) if isinstance(frame, bytes) else json.loads(frame) for frame in sent]


def data_of(found):
    return b"".join(frame[1] for frame in found if isinstance(frame, tuple))


def places(viewer):
    return [place for _, place in viewer.frames()]


@pytest.fixture
def on_stage():
    def play(scene):
        async def run():
            stage = Stage()
            found = scene(stage)
            return await found if inspect.isawaitable(found) else found

        return run_virtually(run())

    return play


def test_two_viewers_of_a_log_share_a_feed_and_one_of_another_log_has_another(on_stage):
    def scene(stage):
        first, second, other = stage.join(), stage.join(), stage.join("2")
        return first.feed is second.feed, first.feed is other.feed, list(stage.wants.by_member)

    assert on_stage(scene) == (True, False, ["p|1|", "p|2|"])


@pytest.mark.parametrize(("lines", "shared"), [(10, True), (11, False)])
def test_who_wants_more_lines_than_are_on_their_way_gets_a_feed_of_their_own(on_stage, lines, shared):
    def scene(stage):
        first = stage.join(lines=10)
        second = stage.join(lines=lines)
        return second.feed is first.feed, second.feed.lines

    assert on_stage(scene) == (shared, 10 if shared else 11)


@pytest.mark.parametrize(
    "other",
    [{"revision": "r2"}, {"queue": "web-2"}],
    ids=["another state of the entry", "another queue"],
)
@pytest.mark.parametrize("is_filled", [True, False])
def test_who_was_let_in_for_something_else_shares_nothing(on_stage, other, is_filled):
    def scene(stage):
        first = stage.join(revision="r1")
        if is_filled:
            stage.fill(first)
        second = stage.join(**{"revision": "r1", **other})
        return second.feed is first.feed, frames(second)

    assert on_stage(scene) == (False, [])


def test_a_newcomer_gets_as_many_lines_as_asked_for_out_of_the_ring(on_stage):
    def scene(stage):
        first = stage.join()
        stage.fill(first, 5)
        second = stage.join(lines=2)
        return second.feed is first.feed, frames(second)

    is_shared, [started, *batches] = on_stage(scene)

    assert is_shared
    assert (started["kind"], started["offset"], started["resumed"]) == ("started", 6, False)
    assert [(header["start"], data) for header, data in batches] == [(6, b"x\nx\n")]


@pytest.mark.parametrize(
    ("sent", "partial", "state", "size", "is_shared"),
    [
        (b"old\n", b"", "reading", 4, True),
        (b"old\nlong", b"", "reading", 8, True),
        (b"old\n", b"begun", "reading", 9, False),
        (b"old\n", b"", "reading", 5, False),  # a byte is still to come
        (b"old\n", b"", "reading", None, False),
        (b"old\n", b"", "missing", 4, False),
    ],
    ids=["at the end", "cut in a line", "unfinished line", "behind", "unknown size", "not read"],
)
def test_who_wants_no_lines_gets_only_what_is_written_after_they_came(
    on_stage, sent, partial, state, size, is_shared
):
    def scene(stage):
        first = stage.join()
        reader = Reader(first.feed)
        reader.starts()
        reader.sends(sent)
        if partial:
            reader.sends(partial, partial=True)
        reader.beats(state, size=size)
        second = stage.join(lines=0)
        return second.feed is first.feed, second.feed.want("box").position, data_of(frames(second))

    assert on_stage(scene) == (is_shared, Place("f", len(sent)) if is_shared else None, b"")


@pytest.mark.parametrize(
    ("size", "more", "is_shared"),
    [
        (4, b"new\n", True),
        (5, b"", False),
        (5, b"n", True),
        (5, b"new\n", True),
        (3, b"", False),
        (3, b"new\n", False),
    ],
    ids=["all", "a byte is to come", "which has come", "and more", "another file", "which is behind"],
)
def test_bytes_that_came_after_the_heartbeat_leave_nothing_to_come(on_stage, size, more, is_shared):
    def scene(stage):
        reader = Reader(stage.join().feed)
        reader.starts()
        reader.sends(b"old\n")
        reader.beats("reading", size=size)
        if more:
            reader.sends(more)
        second = stage.join(lines=0)
        before = data_of(frames(second))
        if is_shared:
            reader.sends(b"later\n")
        return second.feed.flow == "", before, data_of(frames(second))

    assert on_stage(scene) == (is_shared, b"", b"later\n" if is_shared else b"")


def test_the_size_of_one_file_says_nothing_of_the_next(on_stage):
    def scene(stage):
        reader = Reader(stage.join().feed)
        reader.starts()
        reader.sends(b"old\n")
        reader.beats("reading", size=4)
        reader.moves("g", 6)
        in_next = stage.join(lines=0).feed.flow == ""
        reader.beats("reading", size=6)
        return in_next, stage.join(lines=0).feed.flow == ""

    assert on_stage(scene) == (False, True)


@pytest.mark.parametrize(
    ("lines", "begins", "partial", "is_shared"),
    [(0, True, b"", True), (1, True, b"", False), (0, True, b"begun", False)],
    ids=["at the end", "with a line", "unfinished line"],
)
def test_a_feed_that_has_just_begun_at_the_end_is_shared_before_its_first_heartbeat(
    on_stage, lines, begins, partial, is_shared
):
    def scene(stage):
        reader = Reader(stage.join(lines=lines).feed)
        reader.starts(100)
        if partial:
            reader.sends(partial, partial=True)
        early = stage.join(lines=0)
        reader.beats("missing", size=None)
        late = stage.join(lines=0)
        found = frames(early)
        return early.feed.flow == "", late.feed.flow == "", [said["offset"] for said in found], data_of(found)

    assert on_stage(scene) == (is_shared, False, [100] if is_shared else [], b"")


def test_who_resumed_before_the_end_shares_nothing_with_who_wants_no_lines(on_stage):
    def scene(stage):
        Reader(stage.join(lines=0, resume=Place("f", 50)).feed).starts(50)
        return stage.join(lines=0).feed.flow == ""

    assert on_stage(scene) is False


def test_who_resumes_in_the_ring_goes_on_there_and_who_is_at_its_end_gets_nothing_yet(on_stage):
    def scene(stage):
        stage.fill(stage.join(), 5)
        inside, end = stage.join(resume=Place("f", 3)), stage.join(resume=Place("f", 10))
        return frames(inside), frames(end)

    [started, *batches], at_end = on_stage(scene)

    assert (started["kind"], started["offset"], started["resumed"]) == ("started", 3, True)
    assert [(header["start"], data) for header, data in batches] == [
        (3, b"\n"),
        (4, b"x\nx\nx\n"),
    ]
    assert [(said["kind"], said["offset"]) for said in at_end] == [("started", 10)]


@pytest.mark.parametrize("place", [Place("f", 11), Place("another", 2)])
def test_who_resumes_elsewhere_gets_a_feed_of_their_own_from_there(on_stage, place):
    def scene(stage):
        first = stage.join()
        stage.fill(first, 5)
        second = stage.join(resume=place)
        return second.feed is first.feed, second.feed.want("box").position

    assert on_stage(scene) == (False, place)


def test_who_has_come_to_where_the_shared_ring_is_joins_it_and_the_own_want_goes(on_stage):
    def scene(stage):
        stage.fill(stage.join(), 5, offset=100)
        own = stage.join(lines=500)
        reader = Reader(own.feed)
        reader.starts(98)
        reader.sends(b"x\nx\n")
        stage.feeds.share(own)  # not taken yet
        before = own.feed.flow != "", sorted(member[:4] for member in stage.wants.by_member)
        first = data_of(frames(own))
        stage.feeds.share(own)
        after = own.feed.flow, list(stage.wants.by_member)
        return before, first, after, data_of(frames(own))

    assert on_stage(scene) == ((True, ["p|1|", "p|1|"]), b"x\nx\n", ("", ["p|1|"]), b"x\n" * 4)


@pytest.mark.parametrize("leaves", [False, True])
def test_who_is_ahead_of_the_shared_ring_is_woken_when_it_has_got_further(on_stage, leaves):
    def scene(stage):
        shared = stage.fill(stage.join(), 1, offset=100)
        own, other = stage.join(lines=500), stage.join(lines=600)
        for viewer in (own, other):
            reader = Reader(viewer.feed)
            reader.starts(100)
            reader.sends(b"x\nx\n")
            frames(viewer)
            viewer.news.clear()
        stage.feeds.share(own)  # the other one doesn't ask to
        if leaves:
            stage.feeds.leave(own)
        shared.sends(b"x\n")
        woken = own.news.is_set(), other.news.is_set()
        if not leaves:
            stage.feeds.share(own)
        return woken, own.feed.flow == ""

    assert on_stage(scene) == ((not leaves, False), not leaves)


def test_who_is_behind_in_their_own_ring_joins_the_shared_one_where_that_has_come(on_stage):
    """In each round the own feed is read first, and the shared one's viewers are told later."""

    def scene(stage):
        shared = stage.fill(stage.join(), 1, offset=100)
        own = stage.join(lines=500)
        reader = Reader(own.feed)
        reader.starts(100)
        reader.sends(b"x\nx\n")
        first = data_of(frames(own))
        stage.feeds.share(own)
        ahead = own.feed.flow != ""
        shared.sends(b"x\n")
        reader.sends(b"y\n")
        stage.feeds.share(own)
        then = own.feed.flow == "", data_of(frames(own))
        shared.sends(b"y\nz\n")
        return first, ahead, then, data_of(frames(own))

    assert on_stage(scene) == (b"x\nx\n", True, (True, b""), b"y\nz\n")


@pytest.mark.parametrize("behind", ["in an item", "off the ring"])
def test_who_is_between_two_items_or_fell_off_the_ring_does_not_move(on_stage, behind):
    def scene(stage):
        stage.fill(stage.join(), 5, offset=100)
        own = stage.join(lines=500)
        reader = Reader(own.feed)
        reader.starts(100)
        reader.sends(b"x\n")
        frames(own)
        if behind == "in an item":
            own.cursor.skipped = 1
        else:
            own.feed.ring.first, own.cursor.number = 2, 1
        stage.feeds.share(own)
        return own.feed.flow != ""

    assert on_stage(scene)


def test_who_is_elsewhere_than_the_shared_ring_stays_with_their_own(on_stage):
    def scene(stage):
        stage.fill(stage.join(), 5, offset=100)
        own = stage.join(lines=500)
        reader = Reader(own.feed, file="older")
        reader.starts(100)
        reader.sends(b"x\n")
        frames(own)
        stage.feeds.share(own)
        return own.feed.flow != ""

    assert on_stage(scene)


def test_the_last_one_to_leave_takes_the_want_along_and_tells_that_nobody_waits_for_a_reader(on_stage):
    def scene(stage):
        first, second, other = stage.join(), stage.join(), stage.join("2")
        stage.feeds.leave(first)
        one_left = list(stage.wants.by_member)
        stage.feeds.leave(second)
        none_left = list(stage.wants.by_member), list(stage.feeds.by_member)
        missing = stage.readers.is_missing("web-1", 53.0)
        stage.feeds.leave(other)
        return one_left, none_left, missing, stage.readers.is_missing("web-1", 53.0)

    assert on_stage(scene) == (["p|1|", "p|2|"], (["p|2|"], ["p|2|"]), True, False)


@pytest.mark.parametrize(
    ("feeds", "each"),
    [
        (0, 4_194_304),
        (1, 4_194_304),
        (16, 4_194_304),
        (17, 3_947_580),
        (32, 2_097_152),
        (1023, 65_600),
        (1024, 65_536),
        (2000, 65_536),
    ],
)
def test_all_rings_of_a_process_keep_64_mib_and_each_between_64_kib_and_4_mib(on_stage, feeds, each):
    def scene(stage):
        for number in range(feeds):
            stage.join(str(number))
        return stage.feeds.ring_bytes()

    assert on_stage(scene) == each


def test_who_falls_off_the_ring_is_told_which_bytes_they_did_not_get(on_stage):
    async def scene(stage):
        slow, fast = stage.join(), stage.join()
        await asyncio.sleep(0)
        reader = Reader(slow.feed)
        reader.starts()
        frames(slow)
        for _ in range(80):
            reader.sends(b"x" * 64 * KIB)
            frames(fast)
        return frames(slow)

    [gap, *batches] = on_stage(scene)

    size = 64 * KIB
    assert gap == {"type": "gap", "file": "f", "start": 0, "end": 79 * size, "reason": "slow"}
    assert [(header["start"], len(data)) for header, data in batches] == [(79 * size, size)]


def test_a_gap_over_a_rotation_is_told_for_each_file(on_stage):
    async def scene(stage):
        slow, fast = stage.join(), stage.join()
        await asyncio.sleep(0)
        reader = Reader(slow.feed)
        reader.starts()
        reader.sends(b"one\n")
        frames(slow)
        for _ in range(40):
            reader.sends(b"x" * 64 * KIB)
            frames(fast)
        end = reader.at
        reader._event("rotated", Place("f", end), Place("g", 0), {"name": "app.log.1"})
        reader.file, reader.at = "g", 0
        for _ in range(80):
            reader.sends(b"y" * 64 * KIB)
            frames(fast)
        return end, frames(slow)

    end, [first, rotated, second, *batches] = on_stage(scene)

    assert (first["file"], first["start"], first["end"]) == ("f", 4, end)
    assert (rotated["kind"], rotated["file"], rotated["offset"]) == ("rotated", "g", 0)
    assert (second["file"], second["start"], second["end"]) == ("g", 0, 79 * 64 * KIB)
    assert len(batches) == 1


def test_the_place_after_each_frame_is_where_its_bytes_end(on_stage):
    def scene(stage):
        viewer = stage.join()
        reader = stage.fill(viewer, 2)
        reader.sends(b"begi", partial=True)
        return places(viewer)

    assert on_stage(scene) == [Place("f", 0), Place("f", 4), Place("f", 4)]


def test_the_beginning_of_a_line_is_shown_once(on_stage):
    def scene(stage):
        viewer = stage.join()
        reader = stage.fill(viewer, 1)
        reader.sends(b"begi", partial=True)
        return len(frames(viewer)), len(frames(viewer))

    assert on_stage(scene) == (3, 0)
