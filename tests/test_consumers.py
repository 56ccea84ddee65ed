"""One viewer's socket, spoken to as an ASGI server does."""

import asyncio
import json
import threading
from types import SimpleNamespace

import pytest
from django.db import DatabaseError

from django_logtail import consumers
from django_logtail.access import AccessPolicy, Ticket
from django_logtail.consumers import LogConsumer
from django_logtail.viewing import newcomers as newcomers_module
from django_logtail.viewing import refusals
from django_logtail.viewing.admission import viewers
from django_logtail.viewing.backoff import Backoff
from django_logtail.viewing.newcomers import Looks, machine_of, newcomers

HELLO = json.dumps({"type": "hello", "protocol": 1, "ticket": "t", "lines": 1, "resume": None})


async def every_ticket(ticket):
    """However often it was used."""


class Server:
    """The other side: what it received, and what it says next."""

    def __init__(self, *texts):
        self.sent = []
        self.incoming = asyncio.Queue()
        self.incoming.put_nowait({"type": "websocket.connect"})
        for text in texts:
            self.incoming.put_nowait({"type": "websocket.receive", "text": text})

    async def send(self, message):
        self.sent.append(message)

    async def run(self, *headers, cookie=b"sessionid=abc", client=("192.0.2.1", 1)):
        scope = {
            "type": "websocket",
            "headers": [*headers, *([(b"cookie", cookie)] if cookie else [])],
            "client": client,
        }
        await asyncio.wait_for(LogConsumer("app", scope, self.incoming.get, self.send).run(), 10)

    @property
    def close(self):
        return next(message for message in self.sent if message["type"] == "websocket.close")

    @property
    def end(self):
        texts = [json.loads(message["text"]) for message in self.sent if "text" in message]
        return next(text for text in texts if text["type"] == "end")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("{", "message is not JSON"),
        ('{"type": "hold"}', "the first message is not 'hello'"),
        ('{"type": "hello", "protocol": 1}', "'ticket' is not a text"),
    ],
)
async def test_a_bad_first_message_closes_with_what_is_wrong(text, words):
    server = Server(text)

    await server.run()

    assert server.close["code"] == 4400
    assert server.end == {"type": "end", "reason": "bad-message", "text": words, "may_retry": False}


async def test_another_protocol_version_is_told_to_reload():
    server = Server(HELLO.replace('"protocol": 1', '"protocol": 2'))

    await server.run()

    assert server.close["code"] == 4426
    assert server.end["text"] == "This server speaks protocol 1, the page 2. Reload the page."


async def test_a_client_that_says_nothing_is_closed(monkeypatch):
    monkeypatch.setattr(consumers.protocol, "HELLO_SECONDS", 0.01)
    server = Server()

    await server.run()

    assert (server.close["code"], server.end["reason"]) == (4400, "no-hello")


async def test_a_database_that_does_not_answer_ends_with_a_retry(monkeypatch):
    async def fails(*args, **keywords):
        raise DatabaseError("gone")

    monkeypatch.setattr(consumers.tickets, "use", every_ticket)
    monkeypatch.setattr(consumers, "read_ticket", lambda *args, **kwargs: Ticket("1", "app"))
    monkeypatch.setattr(consumers, "admitted", fails)
    server = Server(HELLO)

    await server.run()

    assert server.close["code"] == 1011
    assert server.end["may_retry"] is True


REFUSED = [{"type": "websocket.close", "code": 4403}]


@pytest.fixture(autouse=True)
def says_all(monkeypatch):
    monkeypatch.setattr(refusals, "SAY_SECONDS", 0.0)


async def test_a_foreign_origin_is_refused_before_it_is_accepted(caplog):
    server = Server()

    await server.run((b"origin", b"https://evil.example"), (b"host", b"testserver"))

    assert server.sent == REFUSED
    assert caplog.messages == [
        "refused a WebSocket for log 'app' from '192.0.2.1': its page has a foreign origin ('https://evil.example')"
    ]


@pytest.mark.parametrize("cookie", [b"", b"sessionid=", b"other=abc", b"csrftoken=x; sessionid2=y"])
async def test_a_handshake_without_a_session_is_refused_before_it_is_accepted(cookie, caplog):
    server = Server()

    await server.run(cookie=cookie)

    assert server.sent == REFUSED
    assert caplog.messages == ["refused a WebSocket for log 'app' from '192.0.2.1': it has no session"]


async def test_the_session_is_known_by_the_project_s_own_cookie_name(settings):
    settings.SESSION_COOKIE_NAME = "mysite"
    refused, let_in = Server("{"), Server("{")

    await refused.run(cookie=b"sessionid=abc")
    await let_in.run(cookie=b"mysite=abc")

    assert refused.sent == REFUSED
    assert let_in.sent[0] == {"type": "websocket.accept"}


class ByHeader(AccessPolicy):
    def session_key(self, scope):
        return dict(scope["headers"]).get(b"x-session-token", b"").decode()


async def test_a_project_whose_clients_bring_the_session_in_a_header_says_so_in_its_policy(settings):
    settings.LOGTAIL = {"ACCESS_POLICY": "tests.test_consumers.ByHeader"}
    refused, let_in = Server(), Server("{")

    await refused.run(cookie=b"sessionid=abc")
    await let_in.run((b"x-session-token", b"abc"), cookie=b"")

    assert refused.sent == REFUSED
    assert let_in.sent[0] == {"type": "websocket.accept"}


async def connect_many(count, client=lambda number: ("192.0.2.1", number), cookie=lambda number: b"made-up"):
    """So many that say nothing, one after the other, each in a task that runs on."""
    servers, tasks = [], []
    for number in range(count):
        server = Server()
        run = server.run(client=client(number), cookie=b"sessionid=" + cookie(number))
        servers.append(server)
        tasks.append(asyncio.ensure_future(run))
        for _ in range(1000):
            if server.sent:
                break
            await asyncio.sleep(0.01)
    return servers, tasks


async def end(tasks):
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


def accepted(servers):
    return sum(server.sent == [{"type": "websocket.accept"}] for server in servers)


@pytest.mark.parametrize(("count", "are_accepted"), [(3, 3), (4, 4), (5, 4)])
async def test_one_address_may_have_so_many_sockets_that_said_nothing(count, are_accepted, settings, caplog):
    settings.LOGTAIL = {"MAX_NEW_SOCKETS_PER_ADDRESS": 4}

    servers, tasks = await connect_many(count)
    neighbours, their_tasks = await connect_many(1, lambda _: ("192.0.2.2", 1))
    seen = accepted(servers), accepted(neighbours)
    await end([*tasks, *their_tasks])

    assert seen == (are_accepted, 1)
    assert caplog.messages == (count - are_accepted) * [
        "refused a WebSocket for log 'app' from '192.0.2.1': too many clients have not sent hello "
        "('4 sockets without a hello, LOGTAIL[\"MAX_NEW_SOCKETS_PER_ADDRESS\"]')"
    ]


@pytest.mark.parametrize("client", [lambda number: (f"192.0.2.{number}", 1), lambda number: None])
@pytest.mark.parametrize(("count", "are_accepted"), [(4, 4), (5, 5), (6, 5)])
async def test_all_addresses_together_may_have_so_many(count, are_accepted, client, settings):
    settings.LOGTAIL = {"MAX_NEW_SOCKETS": 5, "MAX_NEW_SOCKETS_PER_ADDRESS": 4}

    servers, tasks = await connect_many(count, client)
    seen = accepted(servers)
    await end(tasks)

    assert seen == are_accepted


@pytest.mark.parametrize(
    ("address", "machine"),
    [
        ("", ""),
        ("192.0.2.1", "192.0.2.1"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
        ("::FFFF:c000:201", "192.0.2.1"),
        ("2001:db8:1:2::", "2001:db8:1:2::/64"),
        ("2001:db8:1:2:ffff:ffff:ffff:ffff", "2001:db8:1:2::/64"),
        ("2001:db8:1:3::", "2001:db8:1:3::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("::1", "::/64"),
        ("a-host", "a-host"),
    ],
)
def test_an_ipv6_network_counts_as_one_machine(address, machine):
    assert machine_of(address) == machine


@pytest.mark.parametrize(("count", "are_accepted"), [(3, 3), (4, 4), (5, 4)])
async def test_one_ipv6_network_may_have_so_many_sockets_that_said_nothing(count, are_accepted, settings):
    settings.LOGTAIL = {"MAX_NEW_SOCKETS_PER_ADDRESS": 4}

    servers, tasks = await connect_many(count, lambda number: (f"2001:db8::{number + 1}", 1))
    neighbours, their_tasks = await connect_many(1, lambda _: ("2001:db8:0:1::1", 1))
    seen = accepted(servers), accepted(neighbours)
    await end([*tasks, *their_tasks])

    assert seen == (are_accepted, 1)


@pytest.fixture
def sign_ins(monkeypatch):
    """Who has signed in, by the key of the session."""
    found = {}
    monkeypatch.setattr(newcomers_module, "session_user", found.get)
    return found


@pytest.mark.parametrize(
    "limits", [{"MAX_NEW_SOCKETS": 3}, {"MAX_NEW_SOCKETS": 3, "MAX_NEW_SOCKETS_PER_ADDRESS": 2}]
)
@pytest.mark.parametrize(("count", "are_accepted"), [(2, 2), (3, 3), (5, 3)])
async def test_who_has_signed_in_is_let_in_though_made_up_sessions_take_all_places(
    count, are_accepted, limits, settings, sign_ins
):
    settings.LOGTAIL = limits
    sign_ins.update({f"real{number}": SimpleNamespace(pk=number) for number in range(5)})
    strangers, tasks = await connect_many(3, lambda number: (f"192.0.2.{number}", 1))

    servers, more = await connect_many(count, cookie=lambda number: b"real%d" % number)
    forged, yet_more = await connect_many(1, lambda _: ("192.0.2.9", 1))
    seen = accepted(strangers), accepted(servers), forged[0].sent
    await end([*tasks, *more, *yet_more])

    assert seen == (3, are_accepted, REFUSED)
    assert (newcomers.total, newcomers.by_address, newcomers.by_user) == (0, {}, {})


@pytest.mark.parametrize(("count", "are_accepted"), [(1, 1), (2, 2), (3, 2)])
async def test_one_user_has_no_more_such_places_than_open_logs(count, are_accepted, settings, sign_ins):
    settings.LOGTAIL = {"MAX_NEW_SOCKETS_PER_ADDRESS": 1, "MAX_VIEWERS_PER_USER": 2}
    sign_ins.update({f"real{number}": SimpleNamespace(pk=7) for number in range(3)})
    sign_ins["other"] = SimpleNamespace(pk=8)
    _, tasks = await connect_many(1)

    mine, more = await connect_many(count, cookie=lambda number: b"real%d" % number)
    others, yet_more = await connect_many(1, cookie=lambda _: b"other")
    seen = accepted(mine), accepted(others)
    await end([*tasks, *more, *yet_more])

    assert seen == (are_accepted, 1)


def fails(session_key):
    raise DatabaseError("gone")


async def test_who_cannot_be_looked_up_is_refused(settings, monkeypatch):
    settings.LOGTAIL = {"MAX_NEW_SOCKETS_PER_ADDRESS": 1}
    monkeypatch.setattr(newcomers_module, "session_user", fails)

    servers, tasks = await connect_many(2)
    seen = servers[1].sent
    await end(tasks)

    assert seen == REFUSED


@pytest.mark.parametrize(
    ("machines", "count", "are_looked_up"),
    [
        (["a"], 15, 15),
        (["a"], 16, 16),
        (["a"], 17, 16),
        (["a", "b", "c", "d", "e"], 63, 63),
        (["a", "b", "c", "d", "e"], 64, 64),
        (["a", "b", "c", "d", "e"], 65, 64),
        ([""], 64, 64),
        ([""], 65, 64),
    ],
)
async def test_looks_at_sessions_are_bounded_in_number_and_time(machines, count, are_looked_up, monkeypatch):
    may_go_on, seen = threading.Event(), []

    def look(key):
        may_go_on.wait(60)
        seen.append(key)

    monkeypatch.setattr(newcomers_module, "LOOK_SECONDS", 0.05)
    monkeypatch.setattr(newcomers_module, "session_user", look)
    looks = Looks()

    asked = [looks.user("key", machines[number % len(machines)]) for number in range(count)]
    try:
        found = await asyncio.wait_for(asyncio.gather(*asked), 60)
    finally:
        may_go_on.set()
        await asyncio.to_thread(looks._threads.shutdown)

    assert found == [""] * count
    assert len(seen) == are_looked_up
    assert looks._under_way == {}


async def test_a_socket_that_ends_leaves_nothing_behind(settings):
    settings.LOGTAIL = {"MAX_NEW_SOCKETS_PER_ADDRESS": 1}

    for _ in range(3):
        server = Server("{")
        await server.run()
        assert server.close["code"] == 4400

    assert (newcomers.total, newcomers.by_address) == (0, {})


async def test_who_has_said_who_they_are_is_no_newcomer_while_their_access_is_looked_up(
    monkeypatch, settings
):
    settings.LOGTAIL = {"MAX_NEW_SOCKETS_PER_ADDRESS": 1}
    is_looked_up = asyncio.Event()

    async def never(*args, **keywords):
        is_looked_up.set()
        await asyncio.Event().wait()

    monkeypatch.setattr(consumers.tickets, "use", every_ticket)
    monkeypatch.setattr(consumers, "read_ticket", lambda *args, **kwargs: Ticket("1", "app"))
    monkeypatch.setattr(consumers, "admitted", never)
    waiting = asyncio.ensure_future(Server(HELLO).run())
    await is_looked_up.wait()

    servers, tasks = await connect_many(1)
    seen = accepted(servers), dict(viewers.by_user)
    await end([waiting, *tasks])

    assert seen == (1, {"1": 1})
    assert (newcomers.total, viewers.total) == (0, 0)


@pytest.mark.parametrize("text", ["x" * 8193, "ü" * 5000, '"' + "x" * 1_000_000])
async def test_a_message_above_the_limit_ends_the_socket_whatever_the_server_let_through(text):
    server = Server(text)

    await server.run()

    assert (server.close["code"], server.end["text"]) == (4400, "message of over 8192 bytes")


async def test_a_message_at_the_limit_is_read():
    hello = json.loads(HELLO) | {"protocol": 2, "ticket": ""}
    hello["ticket"] = "t" * (8192 - len(json.dumps(hello)))
    server = Server(json.dumps(hello))

    await server.run()

    assert server.close["code"] == 4426


async def test_what_a_client_sent_reaches_the_log_cut_and_without_control_characters(caplog):
    server = Server()
    origin = b"https://x\x1b[2J\r\nWARNING forged\xff" + b"a" * 500

    await server.run((b"origin", origin), client=("1.2.3.4\nforged", 1))

    (said,) = caplog.messages
    assert (
        "from an unknown address: its page has a foreign origin ('https://x?[2J??WARNING forged?aaa" in said
    )
    assert said.isprintable()
    assert len(said) < 250


async def test_many_refusals_are_one_line_with_their_number(monkeypatch, caplog):
    now = [0.0]
    told = refusals.Refusals(clock=lambda: now[0])
    monkeypatch.setattr(refusals, "SAY_SECONDS", 10.0)

    for _ in range(1000):
        told.say("it has no session", address="192.0.2.1", log="app")
    told.say("its page has a foreign origin", address="192.0.2.1", log="app", seen="http://a")
    now[0] = 10.0
    told.say("it has no session", address="192.0.2.9", log="app")

    assert caplog.messages == [
        "refused a WebSocket for log 'app' from '192.0.2.1': it has no session",
        "refused a WebSocket for log 'app' from '192.0.2.1': its page has a foreign origin ('http://a')",
        "refused a WebSocket for log 'app' from '192.0.2.9': it has no session; 999 more since the last such line",
    ]


@pytest.fixture
def backoff(monkeypatch, settings):
    settings.LOGTAIL = {**settings.LOGTAIL, "MAX_FAILED_HANDSHAKES_PER_ADDRESS": 1}
    found = Backoff()
    monkeypatch.setattr(consumers, "backoff", found)
    monkeypatch.setattr(newcomers_module, "backoff", found)

    async def nobody(session_key, machine):
        return ""

    monkeypatch.setattr(newcomers_module.looks, "user", nobody)
    return found


@pytest.mark.parametrize("text", ["{", HELLO])
async def test_who_does_not_identify_themselves_twice_must_wait_and_another_address_need_not(backoff, text):
    for _ in range(2):
        await Server(text).run()

    refused, elsewhere = Server(text), Server(text)
    await refused.run()
    await elsewhere.run(client=("192.0.2.2", 1))

    assert refused.sent == [{"type": "websocket.close", "code": 4403}]
    assert elsewhere.close["code"] in (4400, 4401)


async def test_a_server_that_can_answers_with_when_to_try_again(backoff):
    for _ in range(2):
        await Server("{").run()

    server = Server("{")
    scope = {
        "type": "websocket",
        "headers": [(b"cookie", b"sessionid=abc")],
        "client": ("192.0.2.1", 1),
        "extensions": {"websocket.http.response": {}},
    }
    await LogConsumer("app", scope, server.incoming.get, server.send).run()

    start, body = server.sent
    assert (start["type"], start["status"]) == ("websocket.http.response.start", 429)
    assert dict(start["headers"])[b"retry-after"] == b"1"
    assert body["body"] == b"Handshakes from this address or user failed too often. Try again in 1 s."
