"""A process's place in one log: what it accepts, what it requests again, and the state it reports."""

from typing import Any

import pytest

from django_logtail.control.messages import Batch, Beat, Event, Read
from django_logtail.control.wants import Want
from django_logtail.place import Place
from django_logtail.relay.cursor import Cursor
from django_logtail.relay.feed import Feed
from django_logtail.relay.posting import Wants
from tests.virtual_time import run_virtually


class Stage:
    """A feed of log 1, a reader that sends to it, and one viewer."""

    def __init__(self, start: Place | None = None, lines: int = 10, ring_bytes: int = 4 * 2**20) -> None:
        self.wants = Wants("p")
        self.past: set[str] = set()
        self.time = 100.0
        self.feed = Feed(
            "1",
            ("web-1", "/var/log/app.log"),
            flow="",
            lines=lines,
            start=start,
            wants=self.wants,
            is_past=self.past.__contains__,
            ring_bytes=lambda: ring_bytes,
            clock=lambda: self.time,
            user="7",
            revision="r1",
        )
        self.wants.add(self.feed)
        self.wants.by_member["p|1|"] = self.feed
        self.number = 0
        self.token = "token"
        self.run = 1
        self.viewer = Cursor(self.feed.ring)
        self.feed.pace.join(self.viewer)
        self.posted()

    def posted(self) -> list[Want]:
        """What changed since the last time that it was asked for."""
        return [want for post in self.wants.posts("box", lambda queue: False) for want in post.wants]

    @property
    def want(self) -> Want:
        return self.feed.want("box")

    def batch(
        self, start: int, data: bytes, *, file: str = "a", number: int | None = None, **more: Any
    ) -> None:
        self.number = self.number + 1 if number is None else number
        self.feed.take(
            Batch(
                self.token, self.run, "p|1|", self.want.serial, self.number, Place(file, start), data, **more
            )
        )

    def event(self, kind: str, before: Place | None, after: Place | None, **details: Any) -> None:
        self.number += 1
        self.feed.take(
            Event(self.token, self.run, "p|1|", self.want.serial, self.number, kind, before, after, details)
        )

    def starts(self, offset: int = 0, file: str = "a") -> None:
        self.event("started", self.feed.ring.position, Place(file, offset), size=0, resumed=False)

    def restarts(self) -> None:
        """The reader answers a new serial."""
        self.number = 0

    @property
    def taken(self) -> bytes:
        ring = self.feed.ring
        return b"".join(ring.item(number).data for number in range(ring.first, ring.next))


@pytest.fixture
def on_stage():
    """Runs a scene."""

    def play(scene: Any, **options: Any) -> Any:
        async def run() -> Any:
            return scene(Stage(**options))

        return run_virtually(run())

    return play


def test_what_continues_is_taken_and_the_want_names_where_it_stands(on_stage):
    def scene(stage):
        stage.starts(5)
        stage.batch(5, b"one\n")
        stage.batch(9, b"two\n")
        return stage.taken, stage.want

    taken, want = on_stage(scene)

    assert taken == b"one\ntwo\n"
    assert (want.position, want.taken, want.late) == (Place("a", 13), 8, {})
    assert (want.process, want.log, want.flow, want.mailbox) == ("p", "1", "", "box")
    assert (want.lines, want.user, want.revision) == (10, "7", "r1")


@pytest.mark.parametrize(
    ("start", "file", "number"),
    [(10, "a", None), (8, "a", None), (9, "b", None), (9, "a", 4)],
    ids=["a hole", "an overlap", "another file", "a number is missing"],
)
def test_what_does_not_continue_is_asked_for_again_from_where_it_stands(on_stage, start, file, number):
    def scene(stage):
        stage.starts(5)
        stage.batch(5, b"one\n")
        serial = stage.want.serial
        stage.posted()
        stage.batch(start, b"two\n", file=file, number=number)
        return stage.taken, serial, stage.posted()

    taken, serial, posted = on_stage(scene)

    assert taken == b"one\n"
    [want] = posted
    assert want.serial > serial
    assert (want.position, want.taken) == (Place("a", 9), 0)


def test_what_came_once_is_not_taken_again_and_nothing_is_asked_for(on_stage):
    def scene(stage):
        stage.starts(0)
        stage.batch(0, b"one\n")
        stage.posted()
        stage.batch(0, b"one\n", number=2)
        return stage.taken, stage.posted()

    assert on_stage(scene) == (b"one\n", [])


def test_an_answer_to_a_want_of_before_is_passed_over(on_stage):
    def scene(stage):
        stage.starts(0)
        stage.feed.ask_again("a test")
        stage.posted()
        old = Batch("token", 1, "p|1|", stage.want.serial - 1, 2, Place("a", 0), b"one\n")
        stage.feed.take(old)
        stage.feed.take(Read("token", "p|1|", stage.want.serial, Place("a", 0), 4))
        return stage.taken, stage.posted()

    assert on_stage(scene) == (b"", [])


def test_another_reader_in_mid_stream_is_asked_to_begin_anew_and_one_of_the_past_is_not(on_stage):
    def scene(stage):
        stage.starts(0)
        stage.posted()
        stage.past.add("past")
        stage.token = "past"
        stage.batch(0, b"old\n", number=3)
        of_the_past = stage.posted()
        stage.token = "other"
        stage.batch(0, b"new\n", number=3)
        return stage.taken, of_the_past, len(stage.posted())

    assert on_stage(scene) == (b"", [], 1)


def test_a_rewind_to_where_it_stands_is_not_shown_and_another_start_is(on_stage):
    def scene(stage):
        stage.starts(0)
        stage.batch(0, b"one\n")
        stage.feed.ask_again("a test")
        stage.restarts()
        stage.event("started", Place("a", 4), Place("a", 4), size=4, resumed=True)
        same = stage.feed.ring.next
        stage.event("started", Place("a", 4), Place("b", 0), size=4, resumed=False)
        return same, stage.feed.ring.next, stage.feed.ring.position

    assert on_stage(scene) == (2, 3, Place("b", 0))


def test_the_beginning_of_a_line_moves_nothing_and_goes_when_the_line_is_whole(on_stage):
    def scene(stage):
        stage.starts(0)
        stage.batch(0, b"begi", is_partial=True)
        shown = stage.feed.ring.partial.data, stage.want.position, stage.want.taken
        stage.batch(0, b"begin\n")
        return shown, stage.feed.ring.partial, stage.taken

    assert on_stage(scene) == ((b"begi", Place("a", 0), 0), None, b"begin\n")


def test_late_bytes_of_an_older_file_are_taken_and_remembered_for_the_next_want(on_stage):
    def scene(stage):
        stage.starts(0)
        stage.batch(0, b"one\n")
        stage.event("rotated", Place("a", 4), Place("b", 0))
        stage.batch(0, b"new\n", file="b")
        before = dict(stage.want.late)
        stage.batch(4, b"late\n", is_late=True)
        return before, stage.want.late, stage.want.position, stage.want.taken

    assert on_stage(scene) == ({"a": 4}, {"a": 9}, Place("b", 4), 13)


@pytest.mark.parametrize(("count", "remembered"), [(8, 8), (9, 8), (20, 8)])
def test_as_many_older_files_are_remembered_as_a_follower_holds(on_stage, count, remembered):
    def scene(stage):
        stage.starts(0, "0")
        for number in range(count):
            stage.batch(0, b"x\n", file=str(number))
            stage.event("rotated", Place(str(number), 2), Place(str(number + 1), 0))
        stage.batch(0, b"x\n", file=str(count))
        return stage.want.late

    late = on_stage(scene)

    assert list(late) == [str(number) for number in range(count - remembered, count)]


def test_an_older_file_that_was_written_to_lately_is_remembered_longest(on_stage):
    def scene(stage):
        stage.starts(0, "0")
        for number in range(9):
            if number == 8:
                stage.batch(2, b"late\n", file="0", is_late=True)
            stage.batch(0, b"x\n", file=str(number))
            stage.event("rotated", Place(str(number), 2), Place(str(number + 1), 0))
        stage.batch(0, b"x\n", file="9")
        return stage.want.late

    late = on_stage(scene)

    assert late["0"] == 7
    assert "1" not in late
    assert "2" in late


@pytest.mark.parametrize(
    ("state", "shown"),
    [("reading", "live"), ("opening", "waiting"), ("changed", "waiting"), ("missing", "missing")],
)
def test_a_reader_s_own_words_are_told_as_viewers_know_them(on_stage, state, shown):
    def scene(stage):
        stage.feed.heard("token", "web-1.example", Beat(1, 0, 0, 77, state, "why"))
        return stage.feed.state, stage.feed.reason, stage.feed.size, stage.feed.host, stage.feed.is_outdated

    assert on_stage(scene) == (shown, "why", 77, "web-1.example", state == "changed")


def test_a_feed_that_has_heard_nothing_says_nothing_of_its_log(on_stage):
    def scene(stage):
        feed = stage.feed
        return feed.state, feed.reason, feed.is_outdated, feed.size, feed.host, feed.queue, feed.file

    assert on_stage(scene) == ("waiting", "", False, None, "", "web-1", ("web-1", "/var/log/app.log"))


def test_what_is_of_no_use_is_no_reader_whatever_it_says_of_itself(on_stage):
    def scene(stage):
        stage.feed.heard("token", "h", Beat(1, 0, 0, 77, "reading", ""), "the reader is newer")
        return stage.feed.state, stage.feed.reason

    assert on_stage(scene) == ("no-reader", "the reader is newer")


def test_viewers_are_woken_by_a_new_state_and_by_what_comes_and_by_nothing_else(on_stage):
    def scene(stage):
        woken = []

        def look():
            woken.append(stage.viewer.news.is_set())
            stage.viewer.news.clear()

        stage.viewer.news.clear()
        stage.feed.become("missing", "it was removed")
        look()
        stage.feed.become("missing", "it was removed")
        look()
        stage.feed.become("missing", "another reason")
        look()
        stage.starts(0)
        look()
        stage.batch(0, b"again\n", number=1)
        look()
        return woken

    assert on_stage(scene) == [True, False, True, True, False]


def test_a_last_item_that_two_heartbeats_name_and_that_never_came_is_asked_for(on_stage):
    def scene(stage):
        stage.starts(0)
        stage.posted()
        asked = []
        for number in (1, 2, 2, 2):
            stage.feed.heard("token", "h", Beat(1, stage.want.serial, number, 9, "reading", ""))
            asked.append(len(stage.posted()))
        return asked

    assert on_stage(scene) == [0, 0, 1, 0]


def test_a_status_says_how_far_its_viewer_is_behind_the_end_of_the_file(on_stage):
    def scene(stage):
        stage.starts(10)
        stage.batch(10, b"one\n")
        stage.feed.heard("token", "web-1.example", Beat(1, 1, 2, 100, "reading", ""))
        before = stage.feed.status(stage.viewer)
        list(stage.viewer.frames())
        after = stage.feed.status(stage.viewer)
        stage.feed.size = 3
        return before, after["behind"], stage.feed.status(stage.viewer)["behind"]

    before, after, smaller = on_stage(scene)

    assert before.pop("last_byte_at") is not None
    assert before == {
        "state": "live",
        "reason": None,
        "size": 100,
        "rate": 0,
        "behind": 90,
        "reader": {"host": "web-1.example", "queue": "web-1"},
    }
    assert (after, smaller) == (86, 0)


def test_before_anything_came_a_status_says_nothing_of_bytes(on_stage):
    def scene(stage):
        return stage.feed.status(stage.viewer)

    status = on_stage(scene)

    assert (status["state"], status["size"], status["behind"], status["last_byte_at"]) == (
        "waiting",
        None,
        0,
        None,
    )


def test_the_rate_is_of_the_last_seconds(on_stage):
    def scene(stage):
        stage.starts(0)
        rates, at = [], 0
        for second in range(8):
            stage.time = 100.0 + second
            stage.feed.measure(stage.time)
            rates.append(stage.feed.status(stage.viewer)["rate"])
            if second < 3:
                stage.batch(at, b"x" * 300)
                at += 300
        return rates

    assert on_stage(scene) == [0, 300, 300, 300, 200, 100, 0, 0]


@pytest.mark.parametrize(
    ("lines", "comes"), [(9, True), (10, True), (11, False)], ids=["fewer", "as many", "more"]
)
def test_a_newcomer_may_wait_for_lines_that_are_on_their_way(on_stage, lines, comes):
    def scene(stage):
        before = stage.feed.will_bring(lines)
        stage.starts(0)
        return before, stage.feed.will_bring(lines)

    assert on_stage(scene) == (comes, False)


@pytest.mark.parametrize("begun_with", [0, 1])
def test_who_wants_no_lines_waits_only_where_none_come(on_stage, begun_with):
    assert on_stage(lambda stage: stage.feed.will_bring(0), lines=begun_with) is (begun_with == 0)


def test_no_last_lines_are_on_their_way_where_somebody_resumed(on_stage):
    assert on_stage(lambda stage: stage.feed.will_bring(1), start=Place("a", 7)) is False


@pytest.mark.parametrize(
    ("ring_bytes", "credit"),
    [
        (65_536, 131_072),
        (262_144, 131_072),
        (262_146, 131_073),
        (4_194_304, 2_097_152),
        (8_388_608, 2_097_152),
    ],
)
def test_the_credit_is_half_a_ring_and_two_full_batches_at_least(on_stage, ring_bytes, credit):
    assert on_stage(lambda stage: stage.want.credit, ring_bytes=ring_bytes) == credit


def test_the_credit_is_2_mib_past_what_was_taken(on_stage):
    def scene(stage):
        credits = [stage.want.credit]
        stage.starts(0)
        stage.batch(0, b"x" * 2**20)
        credits.append(stage.want.credit)
        list(stage.viewer.frames())
        stage.feed.pace.stepped(stage.viewer)
        return [*credits, stage.want.credit]

    assert on_stage(scene) == [2 * 2**20, 2**20, 2 * 2**20]


def test_what_the_ring_may_not_keep_is_forgotten_once_it_was_sent(on_stage):
    def scene(stage):
        stage.starts(0)
        for number in range(20):
            stage.batch(number * 1000, b"x" * 1000)
        unsent = stage.feed.ring.first
        list(stage.viewer.frames())
        stage.feed.pace.stepped(stage.viewer)
        stage.batch(20_000, b"x" * 1000)
        return unsent, stage.feed.ring.next - stage.feed.ring.first

    unsent, kept = on_stage(scene, ring_bytes=5_000)

    assert unsent == 0
    assert kept == 3  # 1,000 bytes, the header of a batch, and what an item costs
