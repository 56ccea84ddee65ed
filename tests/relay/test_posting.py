"""What must be posted: changes once, drops once, and everything on renewal."""

import asyncio

import pytest

from django_logtail.control.messages import Failed, Found, Nudge, Piece, Read
from django_logtail.control.wants import Want
from django_logtail.place import Place
from django_logtail.relay.posting import Wants
from django_logtail.relay.requests import Request
from tests.virtual_time import run_virtually


class Wanted:
    def __init__(self, member, queue="q", lapses=False):
        self.member = member
        self.queue = queue
        self.lapses = lapses

    def want(self, mailbox):
        process, log, flow = self.member.split("|")
        return Want(process, log, flow, mailbox, 1, 0)

    def take(self, message):
        raise AssertionError(message)


def posted(wants, *renewed):
    """By queue: what is new or changed, what is renewed, what is gone."""
    found = wants.posts("box", lambda queue: queue in renewed)
    return {
        post.queue: ([want.member for want in post.wants], sorted(post.renewed), post.gone) for post in found
    }


def test_what_is_wanted_is_posted_once_and_then_only_renewed():
    wants = Wants("p")
    wants.add(Wanted("p|1|"))

    assert posted(wants) == {"q": (["p|1|"], [], [])}
    assert posted(wants) == {}
    assert posted(wants, "q") == {"q": ([], ["p|1|"], [])}


def test_only_the_one_that_changed_is_posted_and_the_other_is_renewed():
    wants = Wants("p")
    for member in ("p|1|", "p|2|"):
        wants.add(Wanted(member))
    posted(wants)

    wants.post_soon(["p|2|", "p|3|"])

    assert posted(wants, "q") == {"q": (["p|2|"], ["p|1|"], [])}


def test_what_nobody_wants_any_more_is_said_once():
    wants = Wants("p")
    gone, stays = Wanted("p|1|"), Wanted("p|2|")
    wants.add(gone)
    wants.add(stays)
    posted(wants)

    wants.drop(gone)
    wants.drop(gone)

    assert posted(wants) == {"q": ([], [], ["p|1|"])}
    assert posted(wants) == {}


def test_who_comes_back_before_it_was_said_is_not_said_to_be_gone():
    wants = Wants("p")
    wants.add(Wanted("p|1|"))
    posted(wants)
    wants.drop(wants.by_member["p|1|"])

    wants.add(Wanted("p|1|"))

    assert posted(wants) == {"q": (["p|1|"], [], [])}


def test_each_queue_is_told_its_own():
    wants = Wants("p")
    wants.add(Wanted("p|1|", "web-1"))
    wants.add(Wanted("p|2|", "web-2"))
    mailboxes = [want.mailbox for post in wants.posts("box", lambda queue: False) for want in post.wants]

    wants.drop(wants.by_member["p|2|"])

    assert mailboxes == ["box", "box"]
    assert posted(wants, "web-1") == {"web-1": ([], ["p|1|"], []), "web-2": ([], [], ["p|2|"])}


def test_what_could_not_be_posted_is_posted_once_more():
    wants = Wants("p")
    for member in ("p|1|", "p|2|", "p|3|"):
        wants.add(Wanted(member))
    posted(wants)
    wants.post_soon(["p|1|", "p|2|"])
    wants.drop(wants.by_member["p|3|"])
    next(wants.posts("box", lambda queue: False))
    wants.drop(wants.by_member["p|2|"])  # while it is tried
    wants.put_back()

    [(changed, renewed, gone)] = posted(wants).values()
    assert (changed, renewed, sorted(gone)) == (["p|1|"], [], ["p|2|", "p|3|"])


@pytest.mark.parametrize("change", ["add", "drop", "post_soon"])
def test_who_posts_is_woken_by_a_change_and_only_by_one(change):
    async def scene():
        wants, loop = Wants("p"), asyncio.get_running_loop()
        wants.add(Wanted("p|1|"))
        await wants.wait_for_change(5)
        began = loop.time()
        await wants.wait_for_change(5)
        undisturbed = loop.time() - began
        does = {
            "add": lambda: wants.add(Wanted("p|2|")),
            "drop": lambda: wants.drop(wants.by_member["p|1|"]),
            "post_soon": lambda: wants.post_soon(["p|1|"]),
        }
        loop.call_later(1, does[change])
        began = loop.time()
        await wants.wait_for_change(5)
        return undisturbed, round(loop.time() - began, 3)

    assert run_virtually(scene()) == (5.0, 1.0)


def request_of(wants):
    return Request(wants, "q", Want("p", "1", "range-1", "", 1, 0, position=Place("f", 0), end=9))


def test_a_request_is_wanted_until_it_is_closed_with_the_mailbox_there_is_by_then():
    async def scene():
        wants = Wants("p")
        asked = request_of(wants)
        before = (
            list(wants.by_member),
            [want.mailbox for post in wants.posts("box", bool) for want in post.wants],
        )
        asked.close()
        asked.close()
        return before, list(wants.by_member), posted(wants)

    assert run_virtually(scene()) == (
        (["p|1|range-1"], ["box"]), [], {"q": ([], [], ["p|1|range-1"])},
    )  # fmt: skip


def test_a_reader_has_15_s_for_each_message_of_an_answer():
    async def scene():
        asked, loop = request_of(Wants("p")), asyncio.get_running_loop()
        loop.call_later(14.9, asked.take, Piece("t", asked.member, 1, Place("f", 0), b"x"))
        first = await asked.next()
        began = loop.time()
        with pytest.raises(asyncio.TimeoutError):
            await asked.next()
        return type(first), round(loop.time() - began, 3)

    assert run_virtually(scene()) == (Piece, 15.0)


def test_messages_are_given_in_their_order_and_those_that_are_no_answers_are_left_out():
    async def scene():
        asked = request_of(Wants("p"))
        for message in (
            Nudge(),
            Piece("t", asked.member, 1, Place("f", 0), b"x"),
            Read("t", asked.member, 1, Place("f", 0), 1),
            Failed("t", asked.member, 1, "gone"),
        ):
            asked.take(message)
        return [type(await asked.next()) for _ in range(3)]

    assert run_virtually(scene()) == [Piece, Read, Failed]


def test_eight_messages_of_progress_wait_for_a_slow_viewer_and_every_hit_does():
    async def scene():
        asked = request_of(Wants("p"))

        def found(at, hits=(), done=False):
            asked.take(Found("t", asked.member, 1, list(hits), len(hits), at, 99, done))

        for at in range(20):
            found(at)
        found(20, hits=[[1, 2, ["x"], False, False]])
        found(21)
        found(99, done=True)
        taken = []
        while not taken or not taken[-1].done:
            taken.append(await asked.next())
        found(30)
        again = (await asked.next()).at
        return [message.at for message in taken], again

    assert run_virtually(scene()) == ([*range(8), 20, 99], 30)


def test_what_holds_for_a_while_only_is_posted_anew_with_each_renewal():
    wants = Wants("p")
    for member, lapses in (("p|1|", False), ("p|1|x", True)):
        wants.add(Wanted(member, lapses=lapses))
    posted(wants)

    assert posted(wants) == {}
    assert posted(wants, "q") == {"q": (["p|1|x"], ["p|1|"], [])}
    assert posted(wants, "q") == {"q": (["p|1|x"], ["p|1|"], [])}
