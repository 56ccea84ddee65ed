"""A viewer's life while it watches."""

import asyncio
import itertools
import json

import pytest
from django.db import DatabaseError

from django_logtail import protocol
from django_logtail.access import Refused
from django_logtail.models import Log
from django_logtail.place import Place
from django_logtail.protocol import CloseCode
from django_logtail.relay.requests import Request
from django_logtail.rights import Original, Right
from django_logtail.viewing.rechecks import Changed, RightLost
from django_logtail.viewing.requests import Answers
from django_logtail.viewing.session import Watching
from django_logtail.viewing.socket import End
from tests.viewing.seat import ROW, Seat, now, play

__all__ = ["play"]


class Lost:
    """A stay that ends at once."""

    def __init__(self, error: Exception) -> None:
        self.error = error

    async def until_lost(self) -> None:
        raise self.error


async def test_a_viewer_of_a_log_that_names_something_else_now_begins_anew():
    stay = Lost(Changed("this log's settings were changed"))

    with pytest.raises(End) as end:
        await Watching(None, Log(**ROW), "7", "", stay)._until_lost()

    assert (end.value.code, end.value.reason, end.value.may_retry) == (4503, "log-changed", True)


async def test_a_viewer_who_lost_access_is_told_so():
    stay = Lost(Refused(CloseCode.NO_ACCESS, "no-access", "Your access to this log has ended."))

    with pytest.raises(End) as end:
        await Watching(None, Log(**ROW), "7", "", stay)._until_lost()

    assert (end.value.code, end.value.reason, end.value.may_retry) == (4403, "no-access", False)


async def test_a_viewer_whose_access_cannot_be_looked_up_ends_with_what_the_database_said():
    with pytest.raises(DatabaseError, match="gone"):
        await Watching(None, Log(**ROW), "7", "", Lost(DatabaseError("gone")))._until_lost()


async def test_what_is_asked_for_while_access_cannot_be_looked_up_is_answered_so():
    async def admit():
        raise DatabaseError("gone")

    said = []

    async def send(frame):
        said.append(json.loads(frame.encoded))

    answers = Answers(None, "7", admit, send)

    await answers.begin(protocol.Range(7, Place("f", 0), 10))
    await asyncio.gather(*answers.tasks)

    assert said == [
        {
            "type": "error",
            "request": 7,
            "id": "unavailable",
            "text": "reason:unavailable?",
        }
    ]


async def test_an_answer_to_somebody_who_is_gone_ends_without_a_word():
    async def admit():
        raise DatabaseError("gone")

    async def send(frame):
        raise End(None)

    answers = Answers(None, "7", admit, send)

    await answers.begin(protocol.SearchFrom(7, Place("f", 0), "x", False, False))
    await asyncio.gather(*answers.tasks)

    assert answers.tasks == []


def test_the_first_word_says_what_is_watched_and_what_may_be_asked_for(play):
    async def scene(relay):
        seat = Seat(relay, sees_host=True)
        await seat.sits_down()
        return seat.sent[0]

    at, hello = play(scene)

    assert hello.pop("session").isalnum()
    assert hello.pop("can")[:2] == ["range", "search"]
    assert (at, hello) == (
        0.0,
        {
            "type": "hello",
            "protocol": 1,
            "log": "app",
            "name": "App",
            "encoding": "utf-8",
            "zone": "America/Chicago",
            "queue": "web-1",
        },
    )


def test_who_does_not_look_after_the_host_is_told_neither_queue_nor_host(play):
    async def scene(relay):
        seats = [Seat(relay), Seat(relay, sees_host=True)]
        for seat in seats:
            reader = await seat.sits_down()
        reader.starts()
        reader.beats("unreadable", "owned")
        await asyncio.sleep(2)
        return [
            (seat.messages("hello")[0].get("queue"), seat.messages("status")[-1].get("reader"))
            for seat in seats
        ]

    assert play(scene) == [(None, None), ("web-1", {"host": "web-1.example", "queue": "web-1"})]


def test_lines_go_out_as_they_come_and_in_their_order(play):
    async def scene(relay):
        seat = Seat(relay)
        reader = await seat.sits_down()
        reader.starts(5)
        for data in (b"one\n", b"two\n", b"three\n"):
            reader.sends(data)
            await asyncio.sleep(0)
        await asyncio.sleep(0.001)
        return seat.bytes, seat.messages("event")[0]["offset"]

    assert play(scene) == (b"one\ntwo\nthree\n", 5)


def test_a_state_is_told_when_it_changes_and_not_again(play):
    async def scene(relay):
        seat = Seat(relay)
        reader = await seat.sits_down()
        reader.starts()
        await asyncio.sleep(1)
        reader.beats("reading")
        await asyncio.sleep(5)
        reader.beats("missing", "it was removed")
        await asyncio.sleep(5)
        return [(status["state"], status.get("reason")) for status in seat.messages("status")]

    assert play(scene) == [("waiting", None), ("live", None), ("missing", "it was removed")]


def test_a_change_of_state_is_told_within_a_quarter_of_a_second_until_the_log_is_live(play):
    async def scene(relay):
        seat = Seat(relay)
        reader = await seat.sits_down()
        reader.starts()
        for second, state in ((3.1, "missing"), (7.1, "reading"), (12.1, "missing")):
            await asyncio.sleep(second - now())
            reader.beats(state)
        await asyncio.sleep(3)
        return seat.times("status")

    first, missing, live, missing_again = play(scene)

    assert first == 0.0
    assert 3.1 <= missing <= 3.35
    assert 7.1 <= live <= 7.35
    assert 12.1 <= missing_again <= 13.1


def test_something_is_said_every_20_s_although_nothing_happens(play):
    async def scene(relay):
        seat = Seat(relay)
        reader = await seat.sits_down()
        reader.starts()
        reader.beats()
        await asyncio.sleep(0.5)
        seat.acknowledges(0)
        await asyncio.sleep(65)
        return seat.times("status")

    times = play(scene)

    assert len(times) == 5
    assert all(20 <= later - earlier <= 21.1 for earlier, later in itertools.pairwise(times[1:]))


def test_what_was_sent_lately_is_as_good_as_a_status(play):
    async def scene(relay):
        seat = Seat(relay)
        reader = await seat.sits_down()
        reader.starts()
        reader.beats()
        await asyncio.sleep(1.1)
        seat.sent.clear()
        for _ in range(6):
            await asyncio.sleep(10)
            reader.tells("note", text="still here", level="info", at=1.0)
            seat.acknowledges(0)
            await asyncio.sleep(0.001)
        return len(seat.messages("event")), seat.messages("status")

    assert play(scene) == (6, [])


@pytest.mark.parametrize(("seconds", "watches"), [(29, True), (33, False)])
def test_a_client_that_acknowledges_nothing_for_30_s_is_ended(play, seconds, watches):
    async def scene(relay):
        seat = Seat(relay)
        reader = await seat.sits_down()
        reader.starts()
        reader.sends(b"a line\n")
        await asyncio.sleep(seconds)
        return seat.watches, None if seat.watches else await seat.end()

    watches_on, end = play(scene)

    assert watches_on is watches
    if not watches:
        assert (int(end.code), end.reason, end.may_retry) == (4408, "not-acknowledged", True)
        assert end.text == "Nothing was acknowledged for 30 s."


@pytest.mark.parametrize("does", ["acknowledges", "has nothing to acknowledge", "holds"])
def test_a_client_that_has_no_reason_to_acknowledge_watches_on(play, does):
    async def scene(relay):
        seat = Seat(relay)
        reader = await seat.sits_down()
        if does != "has nothing to acknowledge":
            reader.starts()
            reader.sends(b"a line\n")
        await asyncio.sleep(0.001)
        if does == "holds":
            seat.says("hold")
        for _ in range(10):
            await asyncio.sleep(20)
            if does == "acknowledges":
                seat.acknowledges(7)
        return seat.watches

    assert play(scene)


def test_no_more_than_256_kib_are_sent_ahead_of_what_is_acknowledged(play):
    async def scene(relay):
        seat = Seat(relay)
        reader = await seat.sits_down()
        reader.starts()
        for _ in range(10):
            reader.sends(b"x" * 65_535 + b"\n")
        await asyncio.sleep(0.001)
        before = len(seat.bytes)
        seat.acknowledges(65_536)
        await asyncio.sleep(0.001)
        after_one = len(seat.bytes)
        seat.acknowledges(before)
        await asyncio.sleep(0.001)
        return before, after_one, len(seat.bytes)

    # A batch has a header, so the fourth one goes past the limit, and nothing after it.
    assert play(scene) == (4 * 65_536, 5 * 65_536, 8 * 65_536)


def test_nothing_is_sent_to_who_holds_until_they_release(play):
    async def scene(relay):
        seat = Seat(relay)
        neighbour = Seat(relay)
        reader = await seat.sits_down()
        await neighbour.sits_down()
        reader.starts()
        await asyncio.sleep(0.001)
        seat.says("hold")
        await asyncio.sleep(0.001)
        reader.sends(b"one\n")
        await asyncio.sleep(5)
        reader.sends(b"two\n")
        await asyncio.sleep(5)
        held = seat.bytes, neighbour.bytes
        seat.says("release")
        await asyncio.sleep(0.001)
        return held, seat.bytes

    # The batch for which it was about to wait is the one that may still go out.
    held, released = play(scene)

    assert held[0] in (b"", b"one\n")
    assert held[1] == b"one\ntwo\n"
    assert released == b"one\ntwo\n"


def test_who_stops_is_told_that_they_did(play):
    async def scene(relay):
        seat = Seat(relay)
        await seat.sits_down()
        seat.says("stop")
        return await seat.end()

    end = play(scene)

    assert (end.code, end.reason, end.text, end.may_retry) == (
        1000,
        "stopped",
        "You stopped watching this log.",
        False,
    )


def test_a_second_hello_is_a_bad_message(play):
    async def scene(relay):
        seat = Seat(relay)
        await seat.sits_down()
        seat.says("hello", protocol=1, ticket="t", lines=1, resume=None)
        return await seat.end()

    assert str(play(scene)) == "a second 'hello'"


def test_a_client_that_is_gone_ends_without_a_code(play):
    async def scene(relay):
        seat = Seat(relay)
        await seat.sits_down()
        seat.goes()
        return await seat.end()

    assert play(scene).code is None


@pytest.mark.parametrize(("count", "watches"), [(60, True), (61, False)])
def test_acknowledgements_of_nothing_new_count_as_messages(play, count, watches):
    async def scene(relay):
        seat = Seat(relay)
        reader = await seat.sits_down()
        reader.starts()
        for _ in range(count):
            seat.acknowledges(0, file="another")
        await asyncio.sleep(0.001)
        return seat.watches, None if seat.watches else await seat.end()

    watches_on, end = play(scene)

    assert watches_on is watches
    if not watches:
        assert (int(end.code), end.reason, end.text, end.may_retry) == (
            4408,
            "too-many-messages",
            "More than 20 messages a second.",
            True,
        )


def test_acknowledgements_of_something_new_are_as_many_as_there_is_to_acknowledge(play):
    async def scene(relay):
        seat = Seat(relay)
        reader = await seat.sits_down()
        reader.starts()
        await asyncio.sleep(0.001)
        for number in range(1, 201):
            reader.sends(b"x")
            await asyncio.sleep(0)
            await asyncio.sleep(0)
            seat.acknowledges(number)
        await asyncio.sleep(0.01)
        return now() < 1, seat.watches

    assert play(scene) == (True, True)


def test_a_viewer_is_listed_while_it_watches_and_its_neighbour_stays(play):
    async def scene(relay):
        seat, neighbour = Seat(relay), Seat(relay, user="8", pk=2, slug="shop")
        await seat.sits_down()
        await neighbour.sits_down()
        both = [
            (facts.user, facts.log, facts.address, facts.since) for facts in relay.viewers.by_session.values()
        ]
        wanted = {member.split("|")[1] for member in relay.wants.by_member}
        seat.goes()
        await seat.end()
        left = [facts.user for facts in relay.viewers.by_session.values()]
        return both, wanted, left, {member.split("|")[1] for member in relay.wants.by_member}

    assert play(scene) == (
        [("7", "1", "192.0.2.7", 1_700_000_000.0), ("8", "2", "192.0.2.7", 1_700_000_000.0)],
        {"1", "2"},
        ["8"],
        {"2"},
    )


def test_the_last_viewer_of_a_log_takes_its_want_along_and_the_first_one_does_not(play):
    async def scene(relay):
        seats = [Seat(relay), Seat(relay)]
        for seat in seats:
            await seat.sits_down()
        left = []
        for seat in seats:
            left.append(len(relay.wants.by_member))
            seat.goes()
            await seat.end()
        return [*left, len(relay.wants.by_member)]

    assert play(scene) == [1, 1, 0]


def test_what_is_asked_for_is_answered_and_a_cancelled_request_is_wanted_no_more(play):
    async def scene(relay):
        seat = Seat(relay)
        reader = await seat.sits_down()
        reader.starts()
        seat.says("range", request=1, file="f", start=0, end=10)
        seat.says("range", request=2, file="f", start=0, end=10)
        await asyncio.sleep(0.01)
        asked = [wanted for wanted in relay.wants.by_member.values() if isinstance(wanted, Request)]
        seat.says("cancel", request=1)
        await asyncio.sleep(0.01)
        left = [wanted for wanted in relay.wants.by_member.values() if isinstance(wanted, Request)]
        return asked, left

    asked, left = play(scene)

    assert len(asked) == 2
    assert left == asked[1:]


@pytest.mark.parametrize(
    ("kind", "fields"),
    [
        ("range", {"file": "f", "start": 0, "end": 10}),
        ("range", {"file": "f", "before": 10, "lines": 1}),
        ("files", {}),
        ("time", {"at": 5}),
        ("volume", {"from": None, "to": None, "columns": 10}),
        ("search", {"file": "f", "pattern": "x"}),
        ("search", {"order": "newest", "pattern": "x"}),
    ],
)
def test_everything_that_may_be_asked_for_is_wanted_of_a_reader(play, kind, fields):
    async def scene(relay):
        seat = Seat(relay)
        reader = await seat.sits_down()
        reader.starts()
        seat.says(kind, request=1, **fields)
        await asyncio.sleep(0.01)
        return [wanted for wanted in relay.wants.by_member.values() if isinstance(wanted, Request)]

    assert len(play(scene)) == 1


def test_what_was_asked_for_ends_with_the_viewer(play):
    async def scene(relay):
        seat = Seat(relay)
        await seat.sits_down()
        seat.says("range", request=1, file="f", start=0, end=10)
        await asyncio.sleep(0.01)
        seat.goes()
        await seat.end()
        return list(relay.wants.by_member)

    assert play(scene) == []


def test_a_viewer_in_utf_16_begins_no_batch_after_a_newline_byte(play):
    async def scene(relay):
        first = Seat(relay, encoding="utf-16-le")
        reader = await first.sits_down(lines=1)
        reader.starts()
        for _ in range(20):
            reader.sends("x\n".encode("utf-16-le"))
        await Seat(relay, encoding="utf-16-le").sits_down(lines=1)
        return len(relay.feeds.by_member)

    assert play(scene) == 2  # one of its own


def test_who_resumes_is_given_what_follows_and_nothing_before(play):
    async def scene(relay):
        first, back = Seat(relay), Seat(relay)
        reader = await first.sits_down()
        reader.starts()
        reader.sends(b"one\n")
        reader.sends(b"two\n")
        await back.sits_down(resume=Place("f", 4))
        return back.bytes, back.messages("event")[0]

    data, started = play(scene)

    assert data == b"two\n"
    assert (started["kind"], started["file"], started["offset"], started["resumed"]) == (
        "started",
        "f",
        4,
        True,
    )


def test_who_may_not_see_earlier_lines_begins_with_what_is_written_wherever_they_were(play):
    async def scene(relay):
        first, newcomer, back = Seat(relay), *(Seat(relay, rights=[Right.VIEW]) for _ in range(2))
        reader = await first.sits_down()
        reader.starts()
        reader.sends(b"one\n")
        reader.beats(size=4)
        await newcomer.sits_down(lines=10)
        await back.sits_down(resume=Place("f", 0))
        reader.sends(b"two\n")
        await asyncio.sleep(1)
        hello = back.messages("hello")[0]
        return [seat.bytes for seat in (first, newcomer, back)], hello["can"]

    assert play(scene) == ([b"one\ntwo\n", b"two\n", b"two\n"], [])


def test_who_resumes_further_up_joins_the_others_once_they_have_come_so_far(play):
    async def scene(relay):
        first, back = Seat(relay), Seat(relay)
        shared = await first.sits_down()
        shared.starts(100)
        shared.sends(b"two\n")
        own = await back.sits_down(resume=Place("f", 96))
        apart = len(relay.feeds.by_member)
        own.at = 96
        own.sends(b"one\n")
        await asyncio.sleep(0.001)
        shared.sends(b"three\n")
        await asyncio.sleep(0.001)
        return apart, list(relay.feeds.by_member.values()) == [shared.feed], back.bytes, first.bytes

    assert play(scene) == (2, True, b"one\ntwo\nthree\n", b"two\nthree\n")


def test_access_is_looked_up_again_while_the_reader_knows_another_state_of_the_log(play):
    async def scene(relay):
        seat = Seat(relay)
        reader = await seat.sits_down()
        reader.starts()
        reader.beats("reading")
        await asyncio.sleep(4.9)
        before = list(seat.stay.asked)
        reader.beats("changed", "this log's settings were changed")
        await asyncio.sleep(6)
        reader.beats("reading")
        await asyncio.sleep(3)
        during = len(seat.stay.asked)
        await asyncio.sleep(10)
        return before, during, {seconds for _, seconds in seat.stay.asked}, len(seat.stay.asked), seat.watches

    before, during, seconds, after, watches = play(scene)

    assert before == []
    assert 3 <= during <= 7
    assert seconds == {0.2}
    assert after == during
    assert watches


@pytest.mark.parametrize(
    "outcome",
    [DatabaseError("gone"), Changed("entry"), Refused(CloseCode.NO_ACCESS, "no-access", "It has ended.")],
)
def test_only_the_decision_that_holds_ends_a_viewer_and_no_look_beside_it(play, outcome):
    async def scene(relay):
        seat = Seat(relay)
        reader = await seat.sits_down()
        reader.starts()
        seat.stay.outcome = outcome
        reader.beats("changed", "this log's settings were changed")
        await asyncio.sleep(3)
        return bool(seat.stay.asked), seat.watches

    assert play(scene) == (True, True)


def test_who_may_not_stay_is_ended_at_once_and_the_other_is_not(play):
    async def scene(relay):
        seat, neighbour = Seat(relay), Seat(relay, user="8")
        await seat.sits_down()
        await neighbour.sits_down()
        seat.stay.lost.set_exception(Refused(CloseCode.NO_ACCESS, "no-access", "Your access has ended."))
        end = await seat.end()
        return int(end.code), end.reason, neighbour.watches

    assert play(scene) == (4403, "no-access", True)


async def test_a_viewer_who_lost_the_right_to_the_original_may_come_back_without_it():
    with pytest.raises(End) as end:
        await Watching(None, Log(**ROW), "7", "", Lost(RightLost()))._until_lost()

    assert (end.value.code, end.value.reason, end.value.may_retry) == (1000, "original-over", True)


@pytest.mark.parametrize("rules", [[], ["email"]])
def test_a_viewer_is_told_whether_lines_are_redacted_and_never_sees_the_original_unasked(
    play, settings, rules
):
    settings.LOGTAIL = {"REDACT": rules}

    async def scene(relay):
        seat = Seat(relay)
        await seat.sits_down()
        [hello] = seat.messages("hello")
        wants = [feed.want("box").original_until for feed in relay.feeds.by_member.values()]
        return hello.get("redacted"), hello.get("original"), "original" in hello["can"], wants

    assert play(scene) == (True if rules else None, None, False, [0])


def test_the_original_is_shown_for_the_minutes_that_were_asked_for_and_beside_others(play, settings):
    settings.LOGTAIL = {"REDACT": ["email"]}

    async def scene(relay):
        seat, neighbour = Seat(relay, sees_host=False), Seat(relay, user="8")
        await neighbour.sits_down()
        seat.original = Original("order 48213", 5)
        reader = await seat.sits_down()
        wanted = {feed.member: feed.original_end for feed in relay.feeds.by_member.values()}
        await asyncio.sleep(299.9)
        assert seat.watches
        await asyncio.sleep(0.2)
        error = await seat.end()
        reader.starts()
        return seat.messages("hello")[0], wanted, error, neighbour.watches, list(relay.feeds.by_member)

    hello, wanted, error, neighbour_watches, left = play(scene)

    assert (hello["redacted"], hello["original"]) == (True, {"seconds": 300, "reason": "order 48213"})
    assert sorted(wanted.values()) == [0.0, 1_700_000_300.0]
    assert (error.code, error.reason, error.may_retry) == (1000, "original-over", True)
    assert neighbour_watches
    assert left == [member for member, end in wanted.items() if not end]


def test_what_is_requested_in_a_viewing_of_the_original_is_original_too(play, settings):
    settings.LOGTAIL = {"REDACT": ["email"]}

    async def scene(relay):
        seat, neighbour = Seat(relay), Seat(relay, user="8")
        seat.original = Original("order 48213", 5)
        for one in (seat, neighbour):
            await one.sits_down()
            one.says("range", request=1, file="f", start=0, end=9)
        await asyncio.sleep(0.01)
        requests = [wanted for wanted in relay.wants.by_member.values() if isinstance(wanted, Request)]
        return [bool(request.want("box").original_until) for request in requests]

    assert play(scene) == [True, False]
