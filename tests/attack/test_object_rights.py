"""Rights for single logs, as django-guardian, django-rules and a policy of one's own give them: over each path."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from importlib.util import find_spec
from urllib.parse import urlencode

import pytest

from django_logtail.rights import Right
from tests.attack.test_matrix import MESSAGES, with_file
from tests.attack.test_rights import ASKED, MESSAGES_NEED, ROUTES, Host
from tests.client import Client
from tests.conftest import absent
from tests.length import at_length
from tests.stack import Stack

pytestmark = [pytest.mark.whole]

OLD = b"written before\n"
#: By source of rights the policy that asks it.
SOURCES = {
    "guardian": "django_logtail.policies.PermissionPolicy",
    "rules": "django_logtail.policies.PermissionPolicy",
    "custom": "tests.host.by_name.ByName",
}
#: What somebody is given for the log "rights", and what they may then do.
GIVEN: dict[tuple[str, ...], set[str]] = {
    (): set(),
    ("history", "search"): {"history", "search"},
    ("history", "search", "download"): {"history", "search", "download"},
    **at_length(
        {
            ("history",): {"history"},
            ("history", "download"): {"history", "download"},
            ("search", "download"): set(),
        },
        short={},
    ),
}


@pytest.fixture(scope="module", params=SOURCES)
def host(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Host]:
    source: str = request.param
    if find_spec("guardian") is None or find_spec("rules") is None:
        absent("django-guardian or django-rules")
    logtail = {"READER": "local", "ACCESS_POLICY": SOURCES[source]}
    environment = {"DJANGO_SETTINGS_MODULE": "tests.host.object_rights"}
    folder = tmp_path_factory.mktemp("object-rights") / "stack"
    with Stack(folder, logtail=logtail, environment=environment) as stack:
        for slug in ("rights", "beside"):
            stack.add_log(slug, OLD, access="signed-in")
        stack.add_log("watched", OLD, access="permission")
        sessions = {}
        for given in GIVEN:
            name = "+".join((source, *given))
            sessions[" ".join(given)] = stack.make_user(name)
            if source == "guardian":
                stack.call("grant_for_log", name, "rights", given)
        sessions["watch"] = stack.make_user("watcher")
        if source == "guardian":
            stack.call("grant_for_log", "watcher", "watched", ("watch",))
        yield Host(stack, stack.start_web(), sessions)


def test_every_right_of_reading_is_asked_for_somewhere() -> None:
    """A new right without a path, or a new path of one of these rights, needs a row."""
    asked = {right for needed, *_ in ROUTES.values() for right in needed} | set(MESSAGES_NEED.values())
    # The others have tests of their own: the matrix, the original of redacted lines, the commands and the admin.
    elsewhere = {"view", "see_unredacted", "register", "stop"}

    assert {right.value for right in Right} == asked | elsewhere


def routes(host: Host, who: str, slug: str) -> dict[str, bool]:
    """By route whether it shows the log's lines to them."""
    found = {}
    for name, (_, method, path, body) in ROUTES.items():
        status, said = host.ask(method, path.replace("/rights/", f"/{slug}/"), who, body)
        found[name] = (status, " before" in said) == (200, True)
        assert found[name] or (status, json.loads(said)["error"]) == (403, "not-allowed")
    asked = urlencode({"asked": ASKED, "log": slug, "form": "ndjson"})
    found["several-hits"] = "written before" in host.ask("GET", f"/logs/-/hits/?{asked}", who)[1]
    found["lines"] = "written before" in host.ask("GET", f"/logs/{slug}/lines/", who)[1]
    return found


async def messages(host: Host, who: str, slug: str) -> tuple[dict[str, bool], bytes]:
    """By message whether it is answered; and the first lines."""
    found = {}
    async with Client(host.stack, host.web, slug, host.sessions[who]) as client:
        await client.until_live(60)
        assert client.place is not None
        file = client.place[0]
        for number, name in enumerate(MESSAGES_NEED, 1):
            await client.send(with_file(MESSAGES[name][0], file, number))
            ends = ("done", "files", "time", "volume", "error")
            await client.until(
                lambda number=number, ends=ends: [
                    one for one in client.answers if one["request"] == number and one["type"] in ends
                ],
                60,
            )
            said = [one for one in client.answers if one["request"] == number]
            found[name] = all(one.get("id") != "not-allowed" for one in said)
        return found, bytes(client.bytes)


@pytest.mark.parametrize("given", GIVEN, ids=" ".join)
def test_each_path_asks_for_the_right_to_this_log(host: Host, given: tuple[str, ...]) -> None:
    who, may = " ".join(given), GIVEN[given]
    needs = {name: needed for name, (needed, *_) in ROUTES.items()}
    needs |= {"several-hits": {"search", "download"}, "lines": {"history"}}

    assert routes(host, who, "rights") == {name: needed <= may for name, needed in needs.items()}
    answered, first = asyncio.run(messages(host, who, "rights"))
    assert answered == {name: need in may for name, need in MESSAGES_NEED.items()}
    assert (first == OLD) is ("history" in may)


@pytest.mark.parametrize("given", GIVEN, ids=" ".join)
def test_no_path_gives_anything_of_the_log_beside(host: Host, given: tuple[str, ...]) -> None:
    who = " ".join(given)

    assert set(routes(host, who, "beside").values()) == {False}
    answered, first = asyncio.run(messages(host, who, "beside"))
    assert set(answered.values()) == {False}
    assert first == b""


def test_a_log_for_those_with_the_permission_is_for_who_has_it_for_this_log(
    host: Host, request: pytest.FixtureRequest
) -> None:
    is_given = request.node.callspec.params["host"] == "guardian"

    for who, may in (("", False), ("watch", is_given)):
        logs = {log["slug"] for log in json.loads(host.ask("GET", "/logs/-/logs/", who)[1])["logs"]}
        assert logs == {"rights", "beside", *(["watched"] if may else [])}
        assert host.ask("GET", "/logs/watched/", who)[0] == (200 if may else 404)
        assert host.ask("GET", "/logs/watched/lines/", who)[0] == (200 if may else 404)
