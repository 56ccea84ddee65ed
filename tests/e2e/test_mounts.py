"""The socket is where the include is, however the host mounts it."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.client import Client
from tests.stack import Stack

pytestmark = pytest.mark.whole

#: How it is mounted -> what differs in the environment, the server's options, and the log's address.
MOUNTS = {
    "below other includes": ({"ROOT_URLCONF": "tests.mounts.deep"}, (), "/ops/tools/logs/django/"),
    "i18n_patterns": (
        {"ROOT_URLCONF": "tests.mounts.translated", "LANGUAGE_CODE": "de"},
        (),
        "/de/logs/django/",
    ),
    "FORCE_SCRIPT_NAME": ({"SCRIPT_NAME": "/app"}, (), "/app/logs/django/"),
    "a proxy that strips the root path": ({}, ("--root-path", "/app"), "/logs/django/"),
}


@pytest.fixture(params=MOUNTS.values(), ids=MOUNTS.keys())
def mount(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[Stack, tuple[str, ...], str]]:
    environment, options, address = request.param
    with Stack(tmp_path / "stack", logtail={"READER": "local"}, environment=environment) as stack:
        yield stack, options, address


async def test_the_page_and_the_socket_work(mount: tuple[Stack, tuple[str, ...], str]) -> None:
    stack, options, address = mount
    web, session = stack.start_web(options=options), stack.make_user("bo")
    path = stack.add_log("django", b"before\n")

    async with Client(stack, web, "django", session) as viewer:
        await viewer.until_live()
        with path.open("ab") as file:
            file.write(b"after\n")
        await viewer.until(lambda: viewer.bytes.endswith(b"after\n"))

    assert stack.reverse("logtail:log", "django") == address
    assert bytes(viewer.bytes) == b"before\nafter\n"
