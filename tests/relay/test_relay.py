"""One process's relay on a virtual clock: what it posts and when, and what viewers are told."""

import asyncio
import itertools

import pytest

from django_logtail import relay as module
from django_logtail.control import ControlUnavailable, Posted, ReaderLease, ViewerFacts
from django_logtail.control.in_memory import MemoryControl
from django_logtail.control.mailboxes import MailboxUnavailable, MemoryMailboxes, WrongConnection
from django_logtail.control.messages import Beat, Garbled, Heartbeat, Nudge, Piece, Read
from django_logtail.place import Place
from django_logtail.relay import Relay, absence, viewer_list
from django_logtail.tailing.reasons import in_full
from django_logtail.timing import failures
from tests.viewing.seat import Reader
from tests.virtual_time import run_virtually

LEASE = ReaderLease("token", "web-1.example", 1, "9.9", mailbox="reader's")


class Redis(MemoryControl):
    """Remembers what it was asked, and when; `reader` holds the lease."""

    def __init__(self):
        super().__init__(now)
        self.holder = LEASE
        self.posts = []
        self.untils = []
        self.reported = []
        self.introduced = []
        self.error = None
        self.wake = False
        self.missing = ()

    def post(self, queue, wants, renewed, dropped):
        if self.error is not None:
            raise self.error
        self.posts.append((round(now(), 2), [want.member for want in wants], sorted(renewed), list(dropped)))
        self.untils += [(round(now()), want.member, want.original_until) for want in wants]
        missing, self.missing = self.missing, ()
        return Posted(self.holder, self.wake, missing)

    def report_viewers(self, process, viewers):
        self.reported.append((round(now(), 2), [viewer.user for viewer in viewers]))

    def introduce(self):
        self.introduced.append(round(now(), 2))
        return []


class Post(MemoryMailboxes):
    """Remembers what was sent, and how often connections were made anew."""

    def __init__(self):
        super().__init__()
        self.sent = []
        self.renewals = []
        self.has_layer = True
        self.error = None

    async def new(self):
        if not self.has_layer:
            raise MailboxUnavailable("no layer")
        return await super().new()

    async def send(self, mailbox, message):
        self.sent.append((mailbox, type(message)))

    async def receive(self, mailbox):
        if self.error is not None:
            error, self.error = self.error, None
            raise error
        return await super().receive(mailbox)

    async def renew(self):
        self.renewals.append(round(now(), 1))


def now():
    return asyncio.get_running_loop().time() - 1_000.0


class Stage:
    def __init__(self):
        self.redis = Redis()
        self.mailboxes = Post()
        self.woken = []
        self.relay = Relay(self.redis, self.mailboxes, self.wake, clock=now, wall=now)

    async def wake(self, queue):
        self.woken.append((round(now(), 2), queue))

    def join(self, log="1", queue="q"):
        return self.relay.feeds.join(log, queue, lines=10, resume=None)

    def beat(self, *viewers, token="token", queue="q", state="reading"):
        """A reader says that it lives, and how the viewers' logs are."""
        flows = {
            viewer.feed.member: Beat(1, viewer.feed.want("box").serial, 0, 5, state, "") for viewer in viewers
        }
        self.relay._take(Heartbeat(token, "web-1.example", queue, flows))

    async def live(self, seconds, *viewers):
        """A reader beats twice a second for so long."""
        until = now() + seconds
        while now() < until:
            self.beat(*viewers)
            await asyncio.sleep(min(0.5, max(0.001, until - now())))


@pytest.fixture
def on_stage(monkeypatch):
    async def here(function, *arguments, **keywords):
        return function(*arguments, **keywords)

    for where in (module, viewer_list, absence):
        monkeypatch.setattr(where, "in_thread", here)

    def play(scene):
        async def run():
            stage = Stage()
            stage.relay.start()
            await asyncio.sleep(0.001)
            try:
                return await scene(stage)
            finally:
                await stage.relay.close()

        return run_virtually(run())

    return play


def test_what_is_wanted_is_posted_at_once_and_the_reader_is_nudged(on_stage):
    async def scene(stage):
        viewer = stage.join()
        await asyncio.sleep(0.001)
        return [post[1:] for post in stage.redis.posts], stage.mailboxes.sent, viewer.feed.member, stage.woken

    posts, sent, member, woken = on_stage(scene)

    assert posts == [([member], [], [])]
    assert sent == [("reader's", Nudge)]
    assert woken == []


def test_a_want_is_renewed_every_5_s_while_its_reader_lives_and_nothing_else_is_said(on_stage):
    async def scene(stage):
        viewer = stage.join()
        await stage.live(16, viewer)
        return [(at, renewed) for at, _, renewed, _ in stage.redis.posts if renewed], len(
            stage.mailboxes.sent
        )

    renewals, nudges = on_stage(scene)

    assert [round(at) for at, _ in renewals] == [5, 10, 15]
    assert nudges == 1  # of the first post: to renew is nothing to look at


def test_while_nothing_is_heard_wants_are_posted_every_0_4_s(on_stage):
    async def scene(stage):
        stage.join()
        await asyncio.sleep(3.05)
        return [at for at, *_ in stage.redis.posts]

    times = on_stage(scene)

    assert times[0] == 0.0
    assert times[1] == pytest.approx(1.2, abs=0.02)
    assert [round(later - earlier, 1) for earlier, later in itertools.pairwise(times[1:])] == [0.4] * 4


def test_what_nobody_watches_any_more_is_taken_back_at_once(on_stage):
    async def scene(stage):
        viewer, other = stage.join(), stage.join("2")
        await asyncio.sleep(0.1)
        stage.relay.feeds.leave(viewer)
        await asyncio.sleep(0.001)
        return stage.redis.posts[-1][1:], viewer.feed.member, other.feed.member in stage.relay.wants.by_member

    posted, member, other_stays = on_stage(scene)

    assert posted == ([], [], [member])
    assert other_stays


def test_what_redis_does_not_have_any_more_is_posted_again(on_stage):
    async def scene(stage):
        viewer = stage.join()
        await stage.live(4, viewer)
        stage.redis.missing = (viewer.feed.member,)
        count = len(stage.redis.posts)
        await stage.live(2, viewer)
        return [post[1:3] for post in stage.redis.posts[count:]], viewer.feed.member

    posts, member = on_stage(scene)

    assert posts == [([], [member]), ([member], [])]


def test_a_wake_up_is_sent_when_redis_says_so(on_stage):
    async def scene(stage):
        stage.redis.holder, stage.redis.wake = None, True
        stage.join(queue="web-7")
        await asyncio.sleep(0.001)
        return stage.woken, stage.mailboxes.sent

    assert on_stage(scene) == ([(0.0, "web-7")], [])


@pytest.mark.parametrize(
    ("holder", "reason"),
    [
        (None, ""),
        (LEASE, "reason:unheard?"),
    ],
)
def test_viewers_are_told_after_3_s_that_nobody_reads_and_the_neighbours_of_another_queue_are_not(
    on_stage, holder, reason
):
    async def scene(stage):
        stage.redis.holder = holder
        viewer, other = stage.join(), stage.join("2", "other")
        states = []
        for _ in range(7):
            stage.beat(other, queue="other")
            states.append(viewer.feed.state)
            await asyncio.sleep(0.5)
        return states, viewer.feed.state, viewer.feed.reason, other.feed.state

    states, state, said, other = on_stage(scene)

    assert states == ["waiting"] * 7
    assert (state, said) == ("no-reader", reason)
    assert other == "live"


def test_after_5_s_of_hearing_nothing_of_a_reader_that_runs_it_is_received_anew(on_stage):
    async def scene(stage):
        stage.join()
        await asyncio.sleep(15)
        return stage.mailboxes.renewals

    renewals = on_stage(scene)

    first, second = renewals
    assert 8.2 <= first <= 8.9
    assert 5.0 <= second - first <= 5.5


def test_one_heartbeat_is_reason_enough_to_go_on_listening(on_stage):
    async def scene(stage):
        viewer = stage.join()
        await asyncio.sleep(7)
        stage.beat(viewer)
        await asyncio.sleep(7)
        return stage.mailboxes.renewals

    assert on_stage(scene) == []


def test_where_no_reader_runs_nothing_is_received_anew(on_stage):
    async def scene(stage):
        stage.redis.holder = None
        stage.join()
        await asyncio.sleep(15)
        return stage.mailboxes.renewals

    assert on_stage(scene) == []


def test_a_heartbeat_says_how_each_log_is_and_nothing_of_the_others(on_stage):
    async def scene(stage):
        viewer, other = stage.join(), stage.join("2")
        stage.beat(viewer, state="missing")
        return viewer.feed.state, viewer.feed.host, other.feed.state

    assert on_stage(scene) == ("missing", "web-1.example", "waiting")


def test_a_reader_of_the_past_says_nothing_any_more(on_stage):
    async def scene(stage):
        viewer = stage.join()
        stage.relay.readers.holds("q", "old", 0.0)
        stage.relay.readers.holds("q", "token", 0.0)
        stage.beat(viewer, token="old", state="missing")
        before = viewer.feed.state
        stage.beat(viewer, state="reading")
        return before, viewer.feed.state

    assert on_stage(scene) == ("waiting", "live")


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (ControlUnavailable("connection refused"), "reason:redis?error=connection+refused"),
        (ControlUnavailable("OOM command", is_answer=True), "reason:redis-refuses?error=OOM+command"),
        (
            ControlUnavailable("no.", "full", is_answer=True),
            "reason:redis-refuses?error=no&trouble=full",
        ),
    ],
)
def test_without_redis_viewers_are_told_and_it_is_tried_every_0_4_s_and_said_once(
    on_stage, error, reason, caplog
):
    async def scene(stage):
        viewer = stage.join()
        await asyncio.sleep(0.1)
        tries = []

        def post(*arguments):
            tries.append(now())
            raise error

        stage.redis.post = post
        stage.relay.wants.post_soon([viewer.feed.member])
        await asyncio.sleep(2.1)
        said = viewer.feed.state, viewer.feed.reason
        del stage.redis.post
        await stage.live(1, viewer)
        return said, len(tries), viewer.feed.state, stage.redis.posts[-1][1], viewer.feed.member

    (state, said), tries, after, posted, member = on_stage(scene)

    assert (state, said) == ("no-redis", reason)
    assert tries == 6
    assert after == "live"
    assert posted == [member]  # it is not forgotten
    assert len([words for words in caplog.messages if "can't be posted" in words]) == 1


def test_without_a_mailbox_nothing_is_posted_and_viewers_are_told(on_stage):
    async def scene(stage):
        stage.mailboxes.has_layer = False
        await stage.relay.close()
        stage.relay = Relay(stage.redis, stage.mailboxes, stage.wake, clock=now)
        stage.relay.start()
        viewer = stage.join()
        await asyncio.sleep(1.0)
        early = viewer.feed.state
        await asyncio.sleep(1.0)
        late = viewer.feed.state, viewer.feed.reason, len(stage.redis.posts)
        stage.mailboxes.has_layer = True
        await asyncio.sleep(1.0)
        return early, late, stage.redis.posts[0][1], viewer.feed.member

    early, late, posted, member = on_stage(scene)

    assert early == "waiting"
    assert late == ("no-redis", "reason:channel-layer?error=no+layer", 0)
    assert posted == [member]


def test_a_layer_whose_server_is_not_the_right_one_any_more_is_left_for_a_new_mailbox(on_stage):
    async def scene(stage):
        viewer = stage.join()
        await asyncio.sleep(0.1)
        before, count = stage.relay._inbox.mailbox, len(stage.redis.posts)
        stage.mailboxes.error = WrongConnection("demoted")
        await stage.mailboxes._boxes[before][1].put(Nudge())
        await asyncio.sleep(1)
        [post, *_] = stage.redis.posts[count:]
        return (
            before != stage.relay._inbox.mailbox,
            len(stage.mailboxes.renewals),
            post[1],
            viewer.feed.member,
        )

    is_another, renewals, posted, member = on_stage(scene)

    assert is_another
    assert renewals == 1
    assert posted == [member]


def test_another_server_of_redis_has_the_mailbox_made_anew_once_in_5_s(on_stage):
    async def scene(stage):
        viewer = stage.join()
        await stage.live(0.5, viewer)
        for _ in range(12):
            stage.redis.losses += 1
            stage.relay.wants.post_soon([viewer.feed.member])
            await stage.live(1, viewer)
        return stage.mailboxes.renewals

    renewals = on_stage(scene)

    assert len(renewals) == 3
    assert all(later - earlier >= 5 for earlier, later in itertools.pairwise(renewals))


def test_another_server_is_noticed_as_well_while_wants_cannot_be_posted(on_stage):
    async def scene(stage):
        stage.join()
        await asyncio.sleep(0.1)
        stage.redis.error = ControlUnavailable("demoted")
        stage.redis.losses += 1
        stage.relay.wants.post_soon(stage.relay.feeds.by_member)
        await asyncio.sleep(0.3)
        return stage.mailboxes.renewals

    assert len(on_stage(scene)) == 1


@pytest.mark.parametrize(("is_heard", "host"), [(True, "web-1.example"), (False, "its host")])
def test_a_message_that_cannot_be_read_at_all_is_that_of_the_host_which_was_heard(on_stage, is_heard, host):
    async def scene(stage):
        viewer = stage.join()
        if is_heard:
            stage.beat(viewer)
        stage.relay._take(Garbled(False, "odd", "", "", viewer.feed.member))
        return viewer.feed.reason

    assert in_full(on_stage(scene)).endswith(f"what the reader on {host} sends: odd")


@pytest.mark.parametrize(
    ("is_newer", "words"),
    [(True, "newer host=web-9"), (False, "garbled host=web-9 error=odd")],
)
def test_what_cannot_be_read_is_told_to_the_viewers_of_that_queue(on_stage, is_newer, words):
    async def scene(stage):
        viewer, other = stage.join(), stage.join("2", "other")
        stage.beat(other, queue="other")
        stage.relay._take(Garbled(is_newer, "odd", "web-9", "q", ""))
        return viewer.feed.state, viewer.feed.reason, other.feed.state

    state, said, other = on_stage(scene)

    assert state == "no-reader"
    assert all(word in said for word in words.split())
    assert other == "live"


def test_a_reader_of_another_version_is_told_for_3_s_after_it_was_last_met(on_stage):
    async def scene(stage):
        viewer = stage.join()
        await stage.live(0.1, viewer)
        stage.redis.holder = ReaderLease("token", "web-9", 1, "99.0", speaks=99)
        stage.relay.wants.post_soon([viewer.feed.member])
        await asyncio.sleep(0.001)
        stage.beat(viewer)
        told = viewer.feed.state, viewer.feed.reason
        stage.redis.holder = LEASE
        await stage.live(2.5, viewer)
        still = viewer.feed.state
        await stage.live(1, viewer)
        return told, still, viewer.feed.state

    (state, reason), still, after = on_stage(scene)

    assert state == "no-reader"
    assert "newer" in reason
    assert "web-9" in reason
    assert (still, after) == ("no-reader", "live")


def test_the_rate_of_a_log_is_measured_each_second(on_stage):
    async def scene(stage):
        viewer = stage.join()
        reader = Reader(viewer.feed)
        reader.starts()
        rates = []
        for _ in range(4):
            reader.sends(b"x" * 500)
            await stage.live(1.0, viewer)
            rates.append(viewer.status()["rate"])
        return rates

    assert on_stage(scene)[-1] == pytest.approx(500, rel=0.05)


def facts(session, user):
    return ViewerFacts(session, user, "1", 1.0, "192.0.2.1")


def test_who_watches_is_posted_soon_after_they_came_and_soon_after_they_went(on_stage):
    async def scene(stage):
        stage.relay.viewers.enter(facts("a", "7"))
        await asyncio.sleep(0.001)
        came = stage.redis.reported[-1][1]
        stage.relay.viewers.enter(facts("b", "8"))
        await asyncio.sleep(1.1)
        both = stage.redis.reported[-1][1]
        stage.relay.viewers.exit("a")
        await asyncio.sleep(1.1)
        one = stage.redis.reported[-1][1]
        stage.relay.viewers.exit("b")
        await asyncio.sleep(1.1)
        return came, both, one, stage.redis.reported[-1][1]

    assert on_stage(scene) == (["7"], ["7", "8"], ["8"], [])


def test_the_list_of_viewers_is_posted_again_before_it_lapses_and_an_empty_one_is_not(on_stage):
    async def scene(stage):
        await asyncio.sleep(60)
        empty = len(stage.redis.reported)
        stage.relay.viewers.enter(facts("a", "7"))
        await asyncio.sleep(60)
        return empty, [at for at, _ in stage.redis.reported]

    empty, times = on_stage(scene)

    assert empty == 0
    assert len(times) == 6
    assert all(later - earlier <= 11.1 for earlier, later in itertools.pairwise(times))  # it lives 30 s


def test_what_failed_is_posted_although_nobody_watches(on_stage):
    async def scene(stage):
        failures.add("relay: posting", ValueError("odd"))
        stage.relay.viewers._changed.set()
        await asyncio.sleep(25)
        return len(stage.redis.reported)

    assert on_stage(scene) == 3


def test_other_projects_on_this_redis_are_told_every_ten_minutes(on_stage):
    async def scene(stage):
        await asyncio.sleep(1250)
        return stage.redis.introduced

    assert on_stage(scene) == [0.0, 600.0, 1200.0]


def test_each_request_is_a_want_of_its_own(on_stage):
    async def scene(stage):
        one = stage.relay.request("1", "q", Place("f", 0), end=5, user="7", revision="r")
        two = stage.relay.request("1", "q", Place("f", 0), end=5)
        wants = one.want("box"), two.want("box")
        return wants[0].member != wants[1].member, wants[0].serial != wants[1].serial, wants[0]

    members, serials, want = on_stage(scene)

    assert members
    assert serials
    assert (want.mailbox, want.user, want.revision, want.end, want.credit) == ("box", "7", "r", 5, 0)


def test_who_sees_the_original_has_it_asked_for_a_minute_at_a_time_until_the_end(on_stage):
    async def scene(stage):
        neighbour = stage.join()
        viewer = stage.relay.feeds.join("1", "q", lines=10, resume=None, original_end=12.0 + 60)
        await stage.live(16, viewer, neighbour)
        stage.relay.feeds.leave(viewer)
        await stage.live(6, neighbour)
        untils = [(at, until) for at, member, until in stage.redis.untils if member == viewer.feed.member]
        others = {until for _, member, until in stage.redis.untils if member == neighbour.feed.member}
        return untils, others, stage.redis.posts[-1][1:]

    untils, others, last = on_stage(scene)

    assert untils == [(0, 60), (5, 65), (10, 70), (15, 72)]
    assert others == {0}
    assert last[0] == last[2] == []


def test_a_request_for_the_original_is_posted_anew_until_it_is_answered(on_stage):
    async def scene(stage):
        request = stage.relay.request("1", "q", Place("f", 0), end=5, original_end=100.0)
        plain = stage.relay.request("1", "q", Place("f", 0), end=5)
        await stage.live(6, stage.join("2"))
        asked = stage.relay.wants.by_member
        before = [asked[one.member].lapses for one in (request, plain)]
        request.take(Piece("token", request.member, 1, Place("f", 0), b"12"))
        during = request.lapses
        request.take(Read("token", request.member, 1, Place("f", 0), 5))
        untils = [(at, until) for at, member, until in stage.redis.untils if member == request.member]
        return untils, before, during, request.lapses

    assert on_stage(scene) == ([(0, 60), (5, 65)], [True, False], True, False)
