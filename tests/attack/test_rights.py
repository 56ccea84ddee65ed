"""Who may watch a log but not do everything with it: each right, over each path."""

from __future__ import annotations

import asyncio
import contextlib
import http.client
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from urllib.parse import urlencode

import pytest

from tests.attack.test_matrix import ASKING, MESSAGES, with_file
from tests.client import Client
from tests.stack import Stack, Web

pytestmark = [pytest.mark.whole]

OLD, NEW = b"written before\n", b"written now\n"
ASKED = json.dumps({"pattern": "written"})
#: By identity its permissions, and what it may do.
PEOPLE = {
    "nothing": ((), set()),
    "earlier": (("history_log",), {"history"}),
    "searching": (("history_log", "search_log"), {"history", "search"}),
    "downloading": (("history_log", "download_log"), {"history", "download"}),
    "everything": (("history_log", "search_log", "download_log"), {"history", "search", "download"}),
    "unredacted": (("see_unredacted_log",), {"see_unredacted"}),
    "unredacted-history": (("see_unredacted_log", "history_log"), {"see_unredacted", "history"}),
    # These need the right to see earlier lines.
    "without-history": (("search_log", "download_log"), set()),
}
#: By route: what it needs, and the method, address and body.
ROUTES = {
    "download": ({"download"}, "GET", "/logs/rights/download/", ""),
    "hits": (
        {"search", "download"},
        "GET",
        f"/logs/rights/hits/?{urlencode({'asked': ASKED, 'form': 'text'})}",
        "",
    ),
    "search": ({"search"}, "POST", "/logs/rights/search/", ASKED),
}
#: By message: what it needs.
MESSAGES_NEED = {
    "Range": "history",
    "RangeBefore": "history",
    "Files": "history",
    "Time": "history",
    "Volume": "history",
    "SearchFrom": "search",
    "SearchAll": "search",
}


@dataclass
class Host:
    stack: Stack
    web: Web
    sessions: dict[str, str]

    def ask(
        self, method: str, path: str, who: str, body: str = "", more: Mapping[str, str] | None = None
    ) -> tuple[int, str]:
        token = "t" * 32
        headers = {
            "Cookie": f"csrftoken={token}; sessionid={self.sessions[who]}",
            "X-CSRFToken": token,
            "Content-Length": str(len(body)),
            **(more or {}),
        }
        connection = http.client.HTTPConnection("127.0.0.1", self.web.port, timeout=60)
        with contextlib.closing(connection):
            connection.request(method, path, body, headers)
            answer = connection.getresponse()
            return answer.status, answer.read().decode("utf-8", "replace")


@pytest.fixture(scope="module")
def host(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Host]:
    logtail = {
        "READER": "local",
        "ACCESS_POLICY": "django_logtail.policies.PermissionPolicy",
        "REDACT": [{"ready": "email", "logs": ["rights"]}],
        "AUDIT": True,
    }
    with Stack(tmp_path_factory.mktemp("rights") / "stack", logtail=logtail) as stack:
        sessions = {who: stack.make_user(who, rights=granted) for who, (granted, _) in PEOPLE.items()}
        stack.add_log("rights", OLD, access="signed-in")
        yield Host(stack, stack.start_web(), sessions)


#: The other routes: for who may watch the log, for who may register one, and of no log.
WATCHING = {"log", "ticket", "socket", "lines", "views", "view", "delete-view"}
REGISTERING = {"found", "add-found"}
OF_NO_LOG = {"list", "logs", "language", "asset", "several-hits"}
#: By what a page may be offered for a log over its socket, the right that it needs.
OFFERS = {
    **dict.fromkeys(("range", "files", "time", "volume"), "history"),
    **dict.fromkeys(("search", "terms", "order", "heads"), "search"),
}


def test_every_route_and_every_offer_has_a_row() -> None:
    from django_logtail import urls
    from django_logtail.viewing.requests import OFFERED

    assert {route.name for route in urls.urlpatterns} == {*ROUTES, *WATCHING, *REGISTERING, *OF_NO_LOG}
    assert {name: right.value for name, right in OFFERED.items()} == OFFERS


def test_every_message_that_is_answered_needs_a_right() -> None:
    assert set(MESSAGES_NEED) == ASKING


@pytest.mark.parametrize("who", PEOPLE)
def test_each_route_asks_for_its_right(host: Host, who: str) -> None:
    for needed, method, path, body in ROUTES.values():
        status, said = host.ask(method, path, who, body)

        may = needed <= PEOPLE[who][1]
        assert (status, " before" in said) == ((200, True) if may else (403, False)), path
        if not may:
            assert json.loads(said)["error"] == "not-allowed"


@pytest.mark.parametrize("who", PEOPLE)
def test_a_file_of_hits_of_several_logs_asks_for_each(host: Host, who: str) -> None:
    asked = urlencode({"asked": ASKED, "log": "rights", "form": "ndjson"})
    status, said = host.ask("GET", f"/logs/-/hits/?{asked}", who)

    may = {"search", "download"} <= PEOPLE[who][1]
    assert (status, "written before" in said, "you may not do this" in said) == (200, may, not may)


@pytest.mark.parametrize("who", PEOPLE)
def test_the_last_lines_over_http_are_for_those_who_may_see_them(host: Host, who: str) -> None:
    for query in ("", "?lines=5"):
        status, said = host.ask("GET", f"/logs/rights/lines/{query}", who)

        assert (status, "written before" in said) == (200, "history" in PEOPLE[who][1])


@pytest.mark.parametrize("who", PEOPLE)
def test_the_list_has_the_addresses_that_one_may_use(host: Host, who: str) -> None:
    [log] = json.loads(host.ask("GET", "/logs/-/logs/", who)[1])["logs"]

    offered = {name: bool(log[name]) for name in ROUTES}
    assert offered == {name: needed <= PEOPLE[who][1] for name, (needed, *_) in ROUTES.items()}


@pytest.mark.parametrize("who", PEOPLE)
def test_each_message_asks_for_its_right(host: Host, who: str) -> None:
    """Also for a file's id and a place that somebody else has told."""

    async def outcomes() -> tuple[dict[str, bool], set[str], bool | None, bytes]:
        async with Client(host.stack, host.web, "rights", host.sessions["everything"]) as other:
            await other.until(lambda: other.place is not None and other.bytes, 60)
            assert other.place is not None
            file = other.place[0]
        found = {}
        async with Client(host.stack, host.web, "rights", host.sessions[who], resume=(file, 0)) as client:
            client.place = None  # whoever may not resume begins elsewhere
            await client.until_live(60)
            for number, name in enumerate(MESSAGES_NEED, 1):
                await client.send(with_file(MESSAGES[name][0], file, number))
                await client.until(
                    lambda number=number: [
                        answer
                        for answer in client.answers
                        if answer["request"] == number
                        and answer["type"] in ("done", "files", "time", "volume", "error")
                    ],
                    60,
                )
                said = [answer for answer in client.answers if answer["request"] == number]
                found[name] = all(answer.get("id") != "not-allowed" for answer in said)
            assert client.hello is not None
            return found, set(client.hello["can"]), client.hello.get("resumes"), bytes(client.bytes)

    found, can, resumes, seen = asyncio.run(outcomes())

    may = PEOPLE[who][1]
    assert found == {name: need in may for name, need in MESSAGES_NEED.items()}
    assert ("range" in can, "volume" in can, "search" in can, "regex" in can) == (
        "history" in may,
        "history" in may,
        "search" in may,
        "search" in may,
    )
    assert (OLD in seen, resumes) == (("history" in may), None if "history" in may else False)


def test_who_may_not_see_earlier_lines_gets_none_that_are_on_their_way_to_others(host: Host) -> None:
    """Not of an unfinished line either, which others are shown again and again as it grows."""
    path = host.stack.add_log("crowd", OLD * 10 + b"begun ", access="signed-in")

    async def seen() -> list[bytes]:
        async with (
            Client(host.stack, host.web, "crowd", host.sessions["everything"]) as one,
            Client(host.stack, host.web, "crowd", host.sessions["nothing"]) as soon,
            contextlib.AsyncExitStack() as later,
        ):
            await one.until(lambda: one.partial == b"begun ")
            clients = [one, soon]
            for who in ("nothing", "earlier"):
                client = Client(host.stack, host.web, "crowd", host.sessions[who])
                clients.append(await later.enter_async_context(client))
            for client in clients:
                await client.until_live(60)
            await clients[3].until(lambda: clients[3].partial)
            partial = [bytes(client.partial) for client in clients]
            with path.open("ab") as file:
                file.write(b"ended\n" + NEW)
            for client in clients:
                await client.until(lambda client=client: NEW in client.bytes, 60)
            assert partial == [b"begun ", b"", b"", b"begun "]
            return [bytes(client.bytes) for client in clients]

    try:
        whole = OLD * 10 + b"begun ended\n" + NEW
        assert asyncio.run(seen()) == [whole, b"ended\n" + NEW, b"ended\n" + NEW, whole]
    finally:
        host.stack.call("remove_log", "crowd")


#: What rules hide, and what is left of it.
MAIL, HIDDEN = b"written to ann@shop.example\n", b"written to ****************\n"


@pytest.mark.parametrize("who", PEOPLE)
def test_the_original_is_for_those_who_may_see_it_and_only_where_they_ask(host: Host, who: str) -> None:
    may = "see_unredacted" in PEOPLE[who][1]
    body = urlencode({"reason": "order 48213", "minutes": "5"})
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    status, said = host.ask("POST", "/logs/rights/ticket/", who, body, form)

    assert (status, "ticket" in json.loads(said)) == ((200, True) if may else (403, False))

    async def seen(ticket: str | None) -> tuple[bytes, bool, bool]:
        async with Client(host.stack, host.web, "rights", host.sessions[who], ticket=ticket) as client:
            await client.until_live(60)
            with path.open("ab") as file:
                file.write(MAIL)
            await client.until(lambda: b"written to" in client.bytes, 60)
            assert client.hello is not None
            return (
                bytes(client.bytes[-len(MAIL) :]),
                "original" in client.hello,
                "original" in client.hello["can"],
            )

    path = host.stack.logs / "rights.log"
    try:
        if may:
            assert asyncio.run(seen(json.loads(said)["ticket"])) == (MAIL, True, True)
        assert asyncio.run(seen(None)) == (HIDDEN, False, may)
    finally:
        path.write_bytes(OLD)


@pytest.mark.parametrize("who", PEOPLE)
def test_no_other_way_shows_the_original(host: Host, who: str) -> None:
    path = host.stack.logs / "rights.log"
    path.write_bytes(OLD + MAIL)
    asked = {"reason": "order 48213", "minutes": "5"}
    more = urlencode(asked)
    try:
        for _, method, address, body in ROUTES.values():
            for query in (address, f"{address}{'&' if '?' in address else '?'}{more}"):
                said = host.ask(method, query, who, body)[1]
                assert "ann@shop" not in said
        assert "ann@shop" not in host.ask("GET", f"/logs/rights/lines/?lines=5&{more}", who)[1]
        searched = host.ask("POST", "/logs/rights/search/", who, json.dumps({"pattern": "ann@", **asked}))[1]
        assert "ann@shop" not in searched
    finally:
        path.write_bytes(OLD)
