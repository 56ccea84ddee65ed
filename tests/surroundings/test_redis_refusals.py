"""A Redis that answers but refuses: what viewers see, and that it disappears with its cause."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import redis
from playwright.sync_api import Browser, Page, expect

from tests.conftest import absent
from tests.e2e.conftest import PATIENCE
from tests.e2e.viewing import expect_state, show, until
from tests.stack import Stack, Web, has_redis

pytestmark = [pytest.mark.browser, pytest.mark.redis, pytest.mark.whole]

OTHERS = "No lines can arrive: Redis refused a command from the server."


def become_a_replica(server: redis.Redis) -> Callable[[], object]:
    server.replicaof("127.0.0.1", 1)
    return lambda: server.replicaof("NO", "ONE")


def want_a_password(server: redis.Redis) -> Callable[[], object]:
    server.config_set("requirepass", "new")
    server.client_kill_filter(_type="normal", skipme=True)
    return lambda: server.config_set("requirepass", "")


def take_scripts_away(server: redis.Redis) -> Callable[[], object]:
    server.execute_command("ACL", "SETUSER", "default", "-eval", "-evalsha")
    return lambda: server.execute_command("ACL", "SETUSER", "default", "+eval", "+evalsha")


@pytest.fixture
def stack(tmp_path: Path) -> Iterator[Stack]:
    if not has_redis():
        absent("a redis-server")
    with Stack(tmp_path / "stack") as stack:
        stack.start_redis()
        stack.start_worker()
        yield stack


@contextlib.contextmanager
def opened(browser: Browser, stack: Stack, web: Web, who: str, *, staff: bool) -> Iterator[Page]:
    context = browser.new_context()
    context.set_default_timeout(PATIENCE)
    context.add_cookies([{"name": "sessionid", "value": stack.make_user(who, staff=staff), "url": web.url}])
    page = context.new_page()
    show(page, web, stack, "app")
    yield page
    context.close()


@pytest.mark.parametrize(
    ("refuse", "staff_read"),
    [
        (
            become_a_replica,
            "Redis refused a command from the server: You can't write against a read only replica.",
        ),
        (want_a_password, "Redis refused a command from the server: "),
        (
            take_scripts_away,
            "Redis refused a command from the server: this user has no permissions to run the 'evalsha' command.",
        ),
    ],
    ids=["a replica", "another password", "no right to scripts"],
)
def test_a_redis_that_refuses_is_not_told_as_one_that_cannot_be_reached(
    browser: Browser, stack: Stack, refuse: Callable[[redis.Redis], Callable[[], object]], staff_read: str
) -> None:
    web, path = stack.start_web(), stack.add_log("app", b"one\n")
    with (
        redis.Redis(port=stack.redis_port, single_connection_client=True) as server,
        opened(browser, stack, web, "ann", staff=True) as hers,
        opened(browser, stack, web, "bo", staff=False) as his,
    ):
        end = refuse(server)

        expect(his.get_by_role("alert")).to_contain_text(OTHERS)
        expect(hers.get_by_role("alert")).to_contain_text(staff_read)
        expect(hers.get_by_role("alert")).to_contain_text("Resumes automatically when this is fixed.")

        with path.open("ab") as file:
            file.write(b"two\n")
        end()

        for page in (hers, his):
            until(page, "tail.lines === 2")
            expect_state(page, "live")
            expect(page.get_by_role("alert")).to_be_hidden()
