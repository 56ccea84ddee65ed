"""A permission matrix: each route, message, command and admin page must have a row here.

The rows are literals; the list of what must have one comes from the URLconf, the protocol and the commands.
"""

from __future__ import annotations

import asyncio
import contextlib
import http.client
import json
import pkgutil
import time
import typing
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timezone
from unittest import mock
from urllib.parse import urlencode

import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from django_logtail import management, protocol, routing, urls
from django_logtail.access import issue_ticket
from tests.client import Client
from tests.stack import Stack, Web

pytestmark = [pytest.mark.whole]

# --- who, and which log ---------------------------------------------------------------------------

#: By identity the logs that it may watch.
VISIBLE = {
    "anonymous": set(),
    "with a made-up session": set(),
    "inactive": set(),
    "with an expired session": set(),
    "member": {"mx-everyone"},
    "chosen": {"mx-everyone", "mx-chosen", "mx-ours-a"},
    "in the group": {"mx-everyone", "mx-chosen", "mx-ours-a"},
    "holder of the permission": {"mx-everyone", "mx-permission", "mx-theirs-a"},
    "staff": {"mx-everyone", "mx-staff"},
    "superuser": {"mx-everyone", "mx-staff", "mx-chosen", "mx-permission", "mx-ours-a", "mx-theirs-a"},
}
#: Those whom the project takes for nobody.
NOBODY = {"anonymous", "with a made-up session", "inactive", "with an expired session"}
LOGS = ["mx-everyone", "mx-staff", "mx-chosen", "mx-permission", "mx-disabled", "mx-absent"]
#: The members of two patterns; and of one that is disabled.
LOGS += ["mx-ours-a", "mx-theirs-a", "mx-closed-a"]
SECRET = "a line of {slug}"

# --- what -------------------------------------------------------------------------------------------

#: By route: method, and the status for who may, who may not, and nobody; whether a log is in the address.
ROUTES = {
    "list": ("GET", 200, 200, 302, False),
    "logs": ("GET", 200, 200, 401, False),
    "language": ("POST", 302, 302, 302, False),
    "asset": ("GET", 200, 200, 200, False),
    "log": ("GET", 200, 404, 302, True),
    "ticket": ("POST", 200, 404, 401, True),
    "socket": ("GET", 426, 426, 426, True),
    "lines": ("GET", 200, 404, 401, True),
    "download": ("GET", 200, 404, 401, True),
    # What it finds is asked in tests/viewing/test_hits.py; here it is not said what to search for.
    "hits": ("GET", 400, 404, 401, True),
    # What it finds is asked below; here no log is named.
    "several-hits": ("GET", 400, 400, 401, False),
    # The same of this one.
    "search": ("POST", 400, 404, 401, True),
    # Whose views these are is asked in tests/test_saved_views.py; here a name is missing, and there is no view.
    "views": ("POST", 400, 404, 401, True),
    "view": ("POST", 404, 404, 401, True),
    "delete-view": ("POST", 404, 404, 401, True),
}
#: By route of those who may register files: method, and the status for who may, who may not, and nobody.
REGISTERING = {
    "found": ("GET", 200, 403, 401),
    # Which files it takes is asked in tests/test_offering.py; here none is named.
    "add-found": ("POST", 400, 403, 401),
}
#: Those who may; staff needs a permission as well.
MAY_REGISTER = {"superuser"}
#: The routes with the number of a view.
OF_A_VIEW = {"view", "delete-view"}
#: Answers that hold nothing of a project's own.
PUBLIC = {"asset", "language"}
#: The routes for hosts that mount the socket themselves.
SOCKETS = ["<slug:slug>/socket/"]
#: By message: one that is right, and the code that ends a viewer whose first message it is.
MESSAGES = {
    "Hello": ({"type": "hello", "protocol": 1, "ticket": "x", "lines": 1, "resume": None}, 4401),
    "Ack": ({"type": "ack", "file": "{file}", "offset": 1}, 4400),
    "Hold": ({"type": "hold"}, 4400),
    "Release": ({"type": "release"}, 4400),
    "Range": ({"type": "range", "request": 1, "file": "{file}", "start": 0, "end": 9}, 4400),
    "RangeBefore": ({"type": "range", "request": 1, "file": "{file}", "before": 9, "lines": 1}, 4400),
    "Files": ({"type": "files", "request": 1}, 4400),
    "Time": ({"type": "time", "request": 1, "at": 9}, 4400),
    "Volume": ({"type": "volume", "request": 1, "from": 9, "to": None, "columns": 10}, 4400),
    "SearchFrom": (
        {
            "type": "search",
            "request": 1,
            "file": "{file}",
            "pattern": "line",
            "terms": [{"text": "of"}, {"text": "nothing", "not": True}],
            "levels": "EWIDO",
        },
        4400,
    ),
    "SearchAll": (
        {
            "type": "search",
            "request": 1,
            "order": "newest",
            "to": {"file": "{file}", "offset": 1_000},
            "pattern": "line",
        },
        4400,
    ),
    "Cancel": ({"type": "cancel", "request": 1}, 4400),
    "Stop": ({"type": "stop"}, 4400),
}
#: Those that are answered with what is in a file.
ASKING = {"Range", "RangeBefore", "Files", "Time", "Volume", "SearchFrom", "SearchAll"}
#: Run by who has a shell on the host, and by nobody else: what each shows or does.
COMMANDS = {
    "logtail_add": "registers a log",
    "logtail_discover": "shows the paths and last lines of files that may be logs, and registers them",
    "logtail_doctor": "opens what a reader opens, and shows paths",
    "logtail_note": "puts a mark into streams",
    "logtail_prune": "deletes records of who read what",
    "logtail_redact": "shows what rules hide in a file that its user may read",
    "logtail_status": "shows who reads and who watches",
    "logtail_stop": "sets and clears the stop flag",
    "logtail_sync": "registers what the settings declare",
}
#: By admin page: the status for anonymous, member, staff without rights, who may view, who may view and stop, who may
#: change, superuser, auditor.
ADMIN = {
    "logtail_log_changelist": (302, 302, 403, 200, 200, 200, 200, 403),
    "logtail_log_add": (302, 302, 403, 403, 403, 403, 200, 403),
    "logtail_log_history": (302, 302, 403, 200, 200, 200, 200, 403),
    "logtail_log_delete": (302, 302, 403, 403, 403, 403, 200, 403),
    "logtail_log_change": (302, 302, 403, 200, 200, 200, 200, 403),
    "logtail_log_status": (302, 302, 403, 200, 200, 200, 200, 403),
    "logtail_log_rules": (302, 302, 403, 200, 200, 200, 200, 403),
    "logtail_log_host": (302, 302, 403, 403, 403, 200, 200, 403),
    "logtail_savedview_changelist": (302, 302, 403, 403, 403, 403, 200, 403),
    "logtail_savedview_add": (302, 302, 403, 403, 403, 403, 200, 403),
    "logtail_savedview_history": (302, 302, 403, 403, 403, 403, 200, 403),
    "logtail_savedview_delete": (302, 302, 403, 403, 403, 403, 200, 403),
    "logtail_savedview_change": (302, 302, 403, 403, 403, 403, 200, 403),
    "logtail_viewing_changelist": (302, 302, 403, 403, 403, 403, 200, 200),
    "logtail_viewing_export": (302, 302, 403, 403, 403, 403, 200, 200),
    "logtail_viewing_add": (302, 302, 403, 403, 403, 403, 403, 403),
    "logtail_viewing_history": (302, 302, 403, 403, 403, 403, 200, 200),
    "logtail_viewing_delete": (302, 302, 403, 403, 403, 403, 403, 403),
    "logtail_viewing_change": (302, 302, 403, 403, 403, 403, 200, 200),
    "logtail_viewingevent_changelist": (302, 302, 403, 403, 403, 403, 200, 200),
    "logtail_viewingevent_export": (302, 302, 403, 403, 403, 403, 200, 200),
    "logtail_viewingevent_add": (302, 302, 403, 403, 403, 403, 403, 403),
    "logtail_viewingevent_history": (302, 302, 403, 403, 403, 403, 403, 403),
    "logtail_viewingevent_delete": (302, 302, 403, 403, 403, 403, 403, 403),
    "logtail_viewingevent_change": (302, 302, 403, 403, 403, 403, 403, 403),
}
#: The admin's actions, and who may run them, in the same order.
ACTIONS = {
    "stop_reading": (False, False, False, False, True, True, True, False),
    "continue_reading": (False, False, False, False, True, True, True, False),
}

#: The status of ending a viewing on the status page, in the same order.
ENDING = (302, 302, 403, 403, 302, 302, 302, 403)


def test_every_route_has_a_row() -> None:
    assert {route.name for route in urls.urlpatterns} == {*ROUTES, *REGISTERING}
    assert [str(route.pattern) for route in routing.websocket_urlpatterns] == SOCKETS


def test_every_message_has_a_row() -> None:
    assert {message.__name__ for message in typing.get_args(protocol.ClientMessage)} == set(MESSAGES)


@pytest.mark.parametrize("name", MESSAGES)
def test_the_message_of_a_row_is_one(name: str) -> None:
    text = json.dumps(MESSAGES[name][0])

    assert type(protocol.decode_client_message(text)).__name__ == name


def test_every_command_has_a_row() -> None:
    found = {module.name for module in pkgutil.iter_modules([f"{management.__path__[0]}/commands"])}

    assert found == set(COMMANDS)


# --- over HTTP and on the socket ----------------------------------------------------------------


@dataclass
class Answer:
    status: int
    headers: dict[str, str]
    body: str


@dataclass
class Host:
    stack: Stack
    web: Web
    sessions: dict[str, str]
    users: dict[str, str] = field(default_factory=dict)

    def ask(
        self, method: str, path: str, who: str, body: str = "", more: Mapping[str, str] | None = None
    ) -> Answer:
        token = "t" * 32
        cookie = f"csrftoken={token}" + (f"; sessionid={self.sessions[who]}" if self.sessions[who] else "")
        headers = {"Cookie": cookie, "X-CSRFToken": token, "Content-Length": str(len(body))}
        headers |= more or {}
        connection = http.client.HTTPConnection("127.0.0.1", self.web.port, timeout=60)
        with contextlib.closing(connection):
            connection.request(method, path, body, headers)
            answer = connection.getresponse()
            found = {name.lower(): value for name, value in answer.getheaders()}
            return Answer(answer.status, found, answer.read().decode("utf-8", "replace"))

    def ticket(self, who: str, slug: str, session: str | None = None) -> str:
        """A ticket as the page would get it, even for users who get none."""
        key = self.sessions[who] if session is None else session
        return issue_ticket(user_id=self.users[who], slug=slug, session_key=key)

    async def outcome(self, slug: str, who: str, ticket: str) -> str:
        """The outcome of a socket: "live", the close code, or the status with which the handshake was refused."""
        client = Client(self.stack, self.web, slug, self.sessions[who], ticket=ticket, lines=5)
        try:
            async with client:
                await client.until(lambda: client.state == "live" or client.close_code is not None, 60)
                return "live" if client.close_code is None else str(client.close_code)
        except InvalidStatus as refused:
            return f"refused {refused.response.status_code}"


@pytest.fixture(scope="module")
def host(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Host]:
    with Stack(tmp_path_factory.mktemp("matrix") / "stack", logtail={"READER": "local"}) as stack:
        sessions = {
            "anonymous": "",
            "with a made-up session": "abcdefghijklmnopqrstuvwxyz012345",
            "inactive": stack.make_user("inactive", active=False),
            "with an expired session": stack.make_user("expired"),
            "member": stack.make_user("member"),
            "chosen": stack.make_user("chosen"),
            "in the group": stack.make_user("grouped", groups=("watchers",)),
            "holder of the permission": stack.make_user("holder"),
            "staff": stack.make_user("staff", staff=True),
            "superuser": stack.make_user("root", superuser=True, staff=True),
        }
        stack.call("expire", sessions["with an expired session"])
        stack.call("grant", "holder", "watch_log")
        for slug, access in (
            ("mx-everyone", "signed-in"),
            ("mx-staff", "staff"),
            ("mx-chosen", "chosen"),
            ("mx-permission", "permission"),
            ("mx-disabled", "signed-in"),
        ):
            stack.add_log(slug, SECRET.format(slug=slug).encode() + b"\n", access=access)
        stack.call("change_log", "mx-disabled", enabled=False)
        patterns = {"mx-ours": "chosen", "mx-theirs": "permission", "mx-closed": "signed-in"}
        for slug, access in patterns.items():
            (stack.logs / slug).mkdir()
            (stack.logs / slug / "a.log").write_text(SECRET.format(slug=f"{slug}-a") + "\n")
            stack.call(
                "add_log",
                name=slug,
                slug=slug,
                path=f"{stack.logs}/{slug}/*.log",
                follow="each",
                access=access,
            )
        stack.call("choose", "mx-ours", users=("chosen",), groups=("watchers",))
        stack.call("choose", "mx-chosen", users=("chosen",), groups=("watchers",))
        names = ("inactive", "expired", "member", "chosen", "grouped", "holder", "staff", "root")
        users = dict(
            zip(list(sessions)[2:], (stack.call("primary_key", name) for name in names), strict=True)
        )
        users |= {"anonymous": users["superuser"], "with a made-up session": users["superuser"]}
        found = Host(stack, stack.start_web(), sessions, users)
        found.ask("GET", "/logs/-/logs/", "superuser")  # which finds the members
        stack.call("change_log", "mx-closed", enabled=False)
        yield found


def address(route: str, slug: str) -> str:
    from django.urls import reverse

    from django_logtail.page.assets import assets

    if route == "asset":
        return reverse("logtail:asset", args=[assets().version, "page/logs-page.js"])
    more = [1] if route in OF_A_VIEW else []
    return reverse(f"logtail:{route}", args=[slug, *more] if ROUTES[route][4] else [])


@pytest.mark.parametrize("who", VISIBLE)
@pytest.mark.parametrize("route", ROUTES)
def test_each_route_answers_each_person_as_its_row_says(host: Host, route: str, who: str) -> None:
    method, may, may_not, nobody, has_log = ROUTES[route]
    for slug in LOGS if has_log else LOGS[:1]:
        expected = nobody if who in NOBODY else may if slug in VISIBLE[who] else may_not

        answer = host.ask(method, address(route, slug), who)

        assert (answer.status, slug) == (expected, slug)
        hidden = set(LOGS) - VISIBLE[who] - {slug}
        assert [name for name in hidden if name in answer.body] == []
        if slug not in VISIBLE[who]:
            assert SECRET.format(slug=slug) not in answer.body
        if route not in PUBLIC:
            control = answer.headers.get("cache-control", "")
            assert {"no-store", "private"} <= {word.strip() for word in control.split(",")}, control


#: Those who may ask for the original of redacted lines; staff needs a permission as well.
MAY_ASK = {"superuser"}


@pytest.mark.parametrize("who", VISIBLE)
def test_the_original_is_asked_for_by_those_who_may_for_logs_that_they_may_watch(
    host: Host, who: str
) -> None:
    form, said = {"Content-Type": "application/x-www-form-urlencoded"}, "reason=x&minutes=5"
    for slug in LOGS:
        answer = host.ask("POST", address("ticket", slug), who, said, form)

        # Nothing is hidden or recorded in this project: to whoever may, that is said.
        seen = (400, "not-redacted") if who in MAY_ASK else (403, "not-allowed")
        expected = (401, "signed-out") if who in NOBODY else seen
        if who not in NOBODY and slug not in VISIBLE[who]:
            expected = (404, "no-such-log")
        assert (answer.status, json.loads(answer.body)["error"], slug) == (*expected, slug)


@pytest.mark.parametrize("who", VISIBLE)
@pytest.mark.parametrize("route", REGISTERING)
def test_files_without_a_log_are_for_those_who_may_register_them(host: Host, route: str, who: str) -> None:
    from django.urls import reverse

    method, may, may_not, nobody = REGISTERING[route]
    expected = nobody if who in NOBODY else may if who in MAY_REGISTER else may_not

    answer = host.ask(method, reverse(f"logtail:{route}"), who)

    assert (answer.status, str(host.stack.logs) in answer.body) == (expected, expected == 200)


@pytest.mark.parametrize("who", VISIBLE)
def test_the_list_names_what_may_be_watched_and_nothing_else(host: Host, who: str) -> None:
    answer = host.ask("GET", "/logs/-/logs/", who)

    listed = {log["slug"] for log in json.loads(answer.body).get("logs", [])}
    assert listed == VISIBLE[who]


@pytest.mark.parametrize("who", ["member", "chosen", "holder of the permission", "staff", "superuser"])
def test_a_pattern_has_no_lines_of_its_own(host: Host, who: str) -> None:
    """Not even for who may watch its members: to them it is a heading."""
    assert [host.ask("GET", address("lines", slug), who).status for slug in ("mx-ours", "mx-absent")] == [
        404,
        404,
    ]
    assert asyncio.run(host.outcome("mx-ours", who, host.ticket(who, "mx-ours"))) == "4404"


@pytest.mark.parametrize("who", VISIBLE)
def test_a_log_that_is_not_for_somebody_is_answered_like_one_that_is_not_there(host: Host, who: str) -> None:
    for route in (
        "log",
        "ticket",
        "socket",
        "lines",
        "download",
        "hits",
        "search",
        "views",
        "view",
        "delete-view",
    ):
        method = ROUTES[route][0]
        absent = host.ask(method, address(route, "mx-absent"), who)
        for slug in set(LOGS) - VISIBLE[who]:
            answer = host.ask(method, address(route, slug), who)
            assert answer.status == absent.status
            assert answer.body.replace(slug, "mx-absent") == absent.body


@pytest.mark.parametrize("who", VISIBLE)
def test_a_search_of_many_logs_tells_of_those_that_one_may_see_and_nothing_else(host: Host, who: str) -> None:
    absent = host.ask("POST", address("search", "mx-absent"), who, '{"pattern":"a line of"}')
    for slug in LOGS:
        answer = host.ask("POST", address("search", slug), who, '{"pattern":"a line of"}')

        if slug in VISIBLE[who]:
            *messages, done = (json.loads(line) for line in answer.body.splitlines())
            [found] = [message for message in messages if message["type"] == "found"]
            parts = "".join(found["hits"][0]["parts"])
            assert (parts, done["type"], done["count"]) == (SECRET.format(slug=slug), "done", 1)
        else:
            assert (answer.status, answer.body) == (401 if who in NOBODY else 404, absent.body)


@pytest.mark.parametrize("who", VISIBLE)
def test_a_file_of_hits_of_many_logs_has_those_that_one_may_see_and_nothing_else(
    host: Host, who: str
) -> None:
    asked = urlencode({"asked": '{"pattern":"a line of"}', "log": LOGS, "form": "ndjson"}, doseq=True)
    answer = host.ask("GET", f"{address('several-hits', '')}?{asked}", who)

    if who in NOBODY:
        assert answer.status == 401
        return
    found = [json.loads(line) for line in answer.body.splitlines()]
    assert [one["log"] for one in found] == LOGS
    for one in found:
        if one["log"] in VISIBLE[who]:
            assert one["text"] == SECRET.format(slug=one["log"])
        else:
            assert one == {
                "log": one["log"],
                "reason": "This log doesn't exist, or you don't have access to it.",
            }


@pytest.mark.parametrize("who", VISIBLE)
def test_the_socket_lets_in_as_the_row_says(host: Host, who: str) -> None:
    """With a valid ticket, which most of them would never get."""
    for slug in LOGS:
        code = {"anonymous": "refused 403"}.get(who, "4401" if who in NOBODY else "4404")
        expected = "live" if slug in VISIBLE[who] else code

        assert (asyncio.run(host.outcome(slug, who, host.ticket(who, slug))), slug) == (expected, slug)


@pytest.mark.parametrize("slug", LOGS)
def test_the_ticket_of_somebody_else_opens_nothing(host: Host, slug: str) -> None:
    """A ticket of the most powerful user: unchanged, and issued for the session that uses it."""
    stolen = host.ticket("superuser", slug)
    fitted = host.ticket("superuser", slug, session=host.sessions["member"])

    outcomes = [asyncio.run(host.outcome(slug, "member", ticket)) for ticket in (stolen, fitted)]

    assert outcomes == ["4401", "4401"]


def test_a_ticket_opens_one_socket(host: Host) -> None:
    first, second = (host.ticket("superuser", "mx-everyone") for _ in range(2))

    outcomes = [
        asyncio.run(host.outcome("mx-everyone", "superuser", ticket)) for ticket in (first, first, second)
    ]

    assert outcomes == ["live", "4401", "live"]


def test_a_ticket_is_for_one_log(host: Host) -> None:
    ticket = host.ticket("superuser", "mx-everyone")

    assert asyncio.run(host.outcome("mx-staff", "superuser", ticket)) == "4401"


@pytest.mark.parametrize(("age", "outcome"), [(50, "live"), (62, "4401")])
def test_a_ticket_is_good_for_a_minute(host: Host, age: int, outcome: str) -> None:
    with mock.patch("time.time", return_value=time.time() - age):
        ticket = host.ticket("member", "mx-everyone")

    assert asyncio.run(host.outcome("mx-everyone", "member", ticket)) == outcome


@pytest.mark.parametrize("part", [0, 1, 2])
def test_a_ticket_that_was_altered_opens_nothing(host: Host, part: int) -> None:
    parts = host.ticket("member", "mx-everyone").split(":")
    parts[part] = parts[part][:-1] + ("A" if parts[part][-1] != "A" else "B")

    assert asyncio.run(host.outcome("mx-everyone", "member", ":".join(parts))) == "4401"


def test_a_session_in_a_second_cookie_header_counts(host: Host) -> None:
    """As HTTP/2 splits them, and proxies pass them on."""

    async def hello() -> dict[str, object]:
        cookies = [("Cookie", "theme=dark"), ("Cookie", f"sessionid={host.sessions['member']}")]
        url = host.web.url.replace("http", "ws", 1) + "/logs/mx-everyone/socket/"
        async with connect(url, additional_headers=cookies, origin=host.web.url, proxy=None) as socket:
            ticket = host.ticket("member", "mx-everyone")
            first = {"type": "hello", "protocol": 1, "ticket": ticket, "lines": 1, "resume": None}
            await socket.send(json.dumps(first))
            return json.loads(await socket.recv())

    assert asyncio.run(hello())["type"] == "hello"


@pytest.mark.parametrize("name", MESSAGES)
def test_no_message_but_a_right_hello_comes_first(host: Host, name: str) -> None:
    message, code = MESSAGES[name]

    async def closed() -> tuple[int | None, list[str]]:
        url = host.web.url.replace("http", "ws", 1) + "/logs/mx-everyone/socket/"
        cookie = {"Cookie": f"sessionid={host.sessions['member']}"}
        heard = []
        async with connect(url, additional_headers=cookie, origin=host.web.url, proxy=None) as socket:
            await socket.send(json.dumps(message))
            with contextlib.suppress(ConnectionClosed):
                while True:
                    heard.append(str(json.loads(await socket.recv())["type"]))
            return socket.close_code, heard

    assert asyncio.run(closed()) == (code, ["end"])


def with_file(message: dict[str, object], file: str, request: int) -> dict[str, object]:
    sent = json.loads(json.dumps(message).replace('"{file}"', json.dumps(file)))
    return {**sent, "request": request} if "request" in sent else sent


@pytest.mark.parametrize("name", sorted(ASKING))
def test_no_message_is_answered_for_long_after_access_has_ended(host: Host, name: str) -> None:
    """A decision serves for a second; ten are for a busy machine."""

    async def answered() -> tuple[list[float], int | None, dict[str, object] | None]:
        async with Client(host.stack, host.web, "mx-lost", host.sessions["member"]) as client:
            await client.until_live(60)
            assert client.place is not None
            file, request, times = client.place[0], 1, []
            await asyncio.to_thread(host.stack.call, "change_log", "mx-lost", access="staff")
            lost_at = time.monotonic()
            while client.close_code is None:
                await asyncio.sleep(0.1)  # within what a client may say
                with contextlib.suppress(ConnectionClosed):
                    await client.send(with_file(MESSAGES[name][0], file, request))
                request += 1
                seen = len(client.answers)
                with contextlib.suppress(AssertionError):
                    await client.until(
                        lambda seen=seen: len(client.answers) > seen or client.close_code is not None, 0.5
                    )
                if any(
                    answer["type"] in ("batch", "found", "files", "time", "volume")
                    for answer in client.answers[seen:]
                ):
                    times.append(time.monotonic() - lost_at)
            return times, client.close_code, client.ended

    host.stack.add_log("mx-lost", b"a line\nanother line\n")
    try:
        times, code, ended = asyncio.run(answered())
    finally:
        host.stack.call("remove_log", "mx-lost")

    assert [seconds for seconds in times if seconds > 10] == []
    assert (code, ended and ended["reason"]) == (4403, "no-access")


@pytest.mark.parametrize("name", sorted(ASKING - {"Files", "Time", "Volume"}))
@pytest.mark.parametrize("altered", ["digest", "other log"])
def test_an_id_that_was_not_given_for_this_log_selects_nothing(host: Host, name: str, altered: str) -> None:
    async def answers() -> list[dict[str, object]]:
        member, root = host.sessions["member"], host.sessions["superuser"]
        async with (
            Client(host.stack, host.web, "mx-everyone", member) as client,
            Client(host.stack, host.web, "mx-staff", root) as other,
        ):
            await client.until_live(60)
            await other.until_live(60)
            assert client.place is not None
            assert other.place is not None
            own = client.place[0]
            file = other.place[0] if altered == "other log" else own[:-1] + ("A" if own[-1] != "A" else "B")
            await client.send(with_file(MESSAGES[name][0], file, 7))
            await client.until(lambda: client.answers, 60)
            return client.answers

    (answer,) = asyncio.run(answers())

    assert (answer["type"], answer["id"]) == ("error", "not-there")


# --- in the admin ---------------------------------------------------------------------------------


@pytest.fixture
def people(db, client, django_user_model):
    """In the order of ADMIN's rows; None is nobody."""
    from django.contrib.auth.models import Permission

    def user(name, *codenames, **fields):
        made = django_user_model.objects.create_user(name, password="x", **fields)
        made.user_permissions.set(
            Permission.objects.filter(codename__in=codenames, content_type__app_label="logtail")
        )
        return made

    return [
        None,
        user("member", "watch_log"),
        user("clerk", is_staff=True),
        user("viewer", "view_log", is_staff=True),
        user("stopper", "view_log", "stop_log", is_staff=True),
        user("changer", "change_log", is_staff=True),
        user("root", is_staff=True, is_superuser=True),
        user("auditor", "view_viewing", "view_viewingevent", is_staff=True),
    ]


def admin_names() -> set[str]:
    from django.contrib import admin

    admins = [one for model, one in admin.site._registry.items() if model._meta.app_label == "logtail"]
    assert len(admins) >= 4
    return {route.name for one in admins for route in one.get_urls() if route.name}


def test_every_page_and_action_of_the_admin_has_a_row() -> None:
    from django.contrib import admin

    from django_logtail.models import Log

    assert admin_names() == set(ADMIN)
    assert set(admin.site._registry[Log].actions) == set(ACTIONS)


@pytest.mark.parametrize("name", ADMIN)
def test_each_page_of_the_admin_answers_as_its_row_says(client, people, settings, name: str) -> None:
    from django.urls import reverse

    from django_logtail.audit.models import Viewing, ViewingEvent
    from django_logtail.models import Log, SavedView

    settings.LOGTAIL = {"ROOTS": ["/tmp"], "READER": "local"}
    log = Log.objects.create(name="a", slug="a", path="/tmp/a.log")
    at = datetime(2026, 11, 27, tzinfo=timezone.utc)
    rows = {
        "log": log,
        "savedview": SavedView.objects.create(name="a", log=log, owner=people[1]),
        "viewing": Viewing.objects.create(id=uuid.uuid4(), began=at, seen=at),
        "viewingevent": ViewingEvent.objects.create(id=uuid.uuid4(), began=at, action="search"),
    }
    _, model, page = name.split("_")
    arguments = {"history": [rows[model].pk], "delete": [rows[model].pk], "change": [rows[model].pk]}
    path = reverse(f"admin:{name}", args={**arguments, "export": ["csv"]}.get(page, []))

    statuses = []
    for person in people:
        client.logout()
        if person is not None:
            client.force_login(person)
        statuses.append(client.get(path).status_code)

    assert tuple(statuses) == ADMIN[name]


@pytest.mark.parametrize("action", ACTIONS)
def test_each_action_of_the_admin_is_offered_as_its_row_says(people, rf, action: str) -> None:
    from django.contrib import admin
    from django.contrib.auth.models import AnonymousUser

    from django_logtail.models import Log

    offered = []
    for person in people:
        request = rf.get("/")
        request.user = person or AnonymousUser()
        offered.append(action in admin.site._registry[Log].get_actions(request))

    assert tuple(offered) == ACTIONS[action]


def test_viewings_are_ended_by_those_who_may_stop_logs(people, client, settings, monkeypatch) -> None:
    """Nobody and a member are sent to the sign-in, and end nothing."""
    from django.urls import reverse

    from django_logtail import admin as module
    from django_logtail.control import ViewerFacts
    from django_logtail.control.in_memory import MemoryControl
    from django_logtail.control.process import use
    from django_logtail.models import Log

    settings.LOGTAIL = {"ROOTS": ["/tmp"], "READER": "local"}
    log = Log.objects.create(name="a", slug="a", path="/tmp/a.log")
    use(control := MemoryControl())
    control.report_viewers("p", [ViewerFacts("session", "1", str(log.pk), 12.5, "")])
    ended: list[object] = []
    monkeypatch.setattr(module, "end_viewings", lambda *arguments: ended.append(arguments))

    statuses = []
    for person in people:
        client.logout()
        if person is not None:
            client.force_login(person)
        form = {"act": "end", "session": "session", "reason": "why"}
        statuses.append(client.post(reverse("admin:logtail_log_status"), form).status_code)

    assert tuple(statuses) == ENDING
    assert ended == [(["session"], "why")] * 3
