"""How many sockets may be new, in total, from one machine and of one user, and when a place is free again."""

import asyncio
import threading

import pytest
from django.test import override_settings

from django_logtail.viewing import newcomers as module
from django_logtail.viewing.newcomers import Looks, Newcomers, TooManyNewcomers, machine_of


@pytest.mark.parametrize(
    ("address", "machine"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2:ffff::1", "2001:db8:1:2::/64"),
        ("2001:db8:1:3::1", "2001:db8:1:3::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("", ""),
        ("a name", "a name"),
    ],
)
def test_a_machine_is_an_ipv4_address_or_a_64_bit_network(address, machine):
    assert machine_of(address) == machine


@pytest.fixture
def users(monkeypatch):
    """The users of sessions; who has none is a stranger."""
    found = {}

    async def user(session_key, machine):
        return found.get(session_key, "")

    monkeypatch.setattr(module.looks, "user", user)
    return found


LIMITS = {"MAX_NEW_SOCKETS": 3, "MAX_NEW_SOCKETS_PER_ADDRESS": 2, "MAX_VIEWERS_PER_USER": 2}


@pytest.fixture(autouse=True)
def limits():
    with override_settings(LOGTAIL=LIMITS):
        yield


async def test_one_machine_has_as_many_places_as_the_setting_says(users):
    let = Newcomers()
    places = [await let.let_in("192.0.2.7", "") for _ in range(2)]

    with pytest.raises(TooManyNewcomers, match=r"2 sockets .*MAX_NEW_SOCKETS_PER_ADDRESS"):
        await let.let_in("192.0.2.7", "")
    places[0].close()
    places.append(await let.let_in("192.0.2.7", ""))
    with pytest.raises(TooManyNewcomers, match="PER_ADDRESS"):
        await let.let_in("192.0.2.7", "")
    places.append(await let.let_in("192.0.2.8", ""))
    assert let.by_address == {"192.0.2.7": 2, "192.0.2.8": 1}


async def test_all_together_have_as_many_places_as_the_setting_says(users):
    let = Newcomers()
    places = [await let.let_in("", "") for _ in range(3)]

    with pytest.raises(TooManyNewcomers, match=r'3 sockets without a hello, LOGTAIL\["MAX_NEW_SOCKETS"\]'):
        await let.let_in("", "")
    places.pop().close()
    places.append(await let.let_in("", ""))
    assert let.total == 3


async def test_nothing_is_kept_once_all_are_gone(users):
    users["s"] = "ann"
    let = Newcomers()
    places = [await let.let_in("192.0.2.7", "s") for _ in range(4)]
    inside = dict(let.by_address), dict(let.by_user), let.total
    for place in places:
        place.close()

    assert inside == ({"192.0.2.7": 2}, {"ann": 2}, 4)
    assert (let.by_address, let.by_user, let.total) == ({}, {}, 0)


async def test_a_user_gets_in_although_their_address_is_full_up_to_a_limit_of_their_own(users):
    users |= {"s": "ann", "t": "bob"}
    let = Newcomers()
    places = [await let.let_in("192.0.2.7", "s") for _ in range(4)]

    with pytest.raises(TooManyNewcomers, match=r"2 of one user .*MAX_VIEWERS_PER_USER"):
        await let.let_in("192.0.2.7", "s")
    places.append(await let.let_in("192.0.2.7", "t"))
    with pytest.raises(TooManyNewcomers, match="5 sockets"):
        await let.let_in("192.0.2.8", "forged")
    assert (let.by_user, let.total) == ({"ann": 2, "bob": 1}, 5)


async def test_users_share_as_many_places_again(users):
    users |= {f"s{number}": f"user {number}" for number in range(7)}
    let = Newcomers()
    places = [await let.let_in("", f"s{number}") for number in range(6)]

    with pytest.raises(
        TooManyNewcomers, match=r'6 sockets without a hello, twice LOGTAIL\["MAX_NEW_SOCKETS"\]'
    ):
        await let.let_in("", "s6")
    assert (len(places), let.total) == (6, 6)


@pytest.fixture
def sessions(monkeypatch):
    """Looking up sessions takes until it is let go."""
    go_on = threading.Event()

    def user(session_key):
        go_on.wait(20)
        return "ann"

    monkeypatch.setattr(module, "_user", user)
    monkeypatch.setattr(module, "LOOK_SECONDS", 60)  # not the limit on a busy machine
    looks = Looks()
    yield looks, go_on
    go_on.set()
    looks._threads.shutdown()


@pytest.mark.parametrize(("machine", "count", "most"), [("192.0.2.7", 20, 16), ("", 70, 64)])
async def test_a_flood_from_one_machine_or_of_all_is_not_looked_up(sessions, machine, count, most):
    looks, go_on = sessions
    tasks = [asyncio.ensure_future(looks.user("s", machine)) for _ in range(count)]
    await asyncio.sleep(0)
    under_way = looks._under_way.total()
    go_on.set()
    found = await asyncio.gather(*tasks)

    assert (under_way, found.count("ann"), found.count("")) == (most, most, count - most)
    looks._threads.shutdown()
    assert looks._under_way == {}


async def test_a_look_that_takes_too_long_finds_nobody_and_still_counts(sessions, monkeypatch):
    monkeypatch.setattr(module, "LOOK_SECONDS", 0.01)
    looks, _ = sessions

    assert await looks.user("s", "192.0.2.7") == ""
    assert looks._under_way == {"192.0.2.7": 1}
