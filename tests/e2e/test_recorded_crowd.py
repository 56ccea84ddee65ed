"""A crowd whose viewings are recorded, while the database takes no records: nobody waits, and nothing is lost."""

from __future__ import annotations

import contextlib
import resource
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.length import at_length
from tests.plain import Door, serve
from tests.stack import Stack, wait_until

pytestmark = pytest.mark.whole

VIEWERS = at_length(1_000, short=40)
#: Rounds of a second in which the database takes no records.
ROUNDS = at_length(60, short=3)
ROUND_SECONDS = at_length(1.0, short=0.1)
DESCRIPTORS = 4_096


@pytest.fixture
def descriptors() -> Iterator[None]:
    old = resource.getrlimit(resource.RLIMIT_NOFILE)
    if old[1] != resource.RLIM_INFINITY and old[1] < DESCRIPTORS:
        pytest.skip(f"{DESCRIPTORS} descriptors are not allowed here")
    if old[0] != resource.RLIM_INFINITY:
        resource.setrlimit(resource.RLIMIT_NOFILE, (max(old[0], DESCRIPTORS), old[1]))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, old)


def execute(stack: Stack, statement: str) -> list[tuple[object, ...]]:
    with (
        contextlib.closing(sqlite3.connect(stack.folder / "db.sqlite3", timeout=60)) as connection,
        connection,
    ):
        return connection.execute(statement).fetchall()


@pytest.mark.usefixtures("descriptors")
def test_nobody_waits_for_a_database_that_takes_no_records_and_all_are_stored_later(tmp_path: Path) -> None:
    waiting = tmp_path / "waiting"
    logtail = {
        "READER": "local",
        "AUDIT": True,
        "AUDIT_DIR": str(waiting),
        "MAX_VIEWERS_PER_USER": 10_000,
    }
    with Stack(tmp_path / "stack", logtail=logtail) as stack:
        web = stack.start_web()
        path = stack.add_log("app", b"PLANTED first\n")
        with Door(stack, web, stack.make_user("ann")) as door:
            for number in range(VIEWERS):
                door.open("app")
                if number % 50 == 49:
                    serve(door.viewers, lambda: False, 0.05)
            viewers = list(door.viewers)
            assert serve(viewers, lambda: all(viewer.state == "live" for viewer in viewers), 120)
            stored = "SELECT count(*) FROM logtail_viewing"
            wait_until(lambda: execute(stack, stored) == [(VIEWERS,)], 120, "the records of all viewers")

            execute(stack, "ALTER TABLE logtail_viewing RENAME TO gone")
            for number in range(ROUNDS):
                viewers.pop(0).close()
                viewers.append(door.open("app"))
                assert serve(viewers, lambda: viewers[-1].state == "live", 60)
                line = f"PLANTED {number}\n".encode()
                with path.open("ab") as file:
                    file.write(line)
                # While the database is gone: what everybody has by now waited for nothing.
                assert serve(viewers, lambda line=line: all(one.text.endswith(line) for one in viewers), 60)
                serve(viewers, lambda: False, ROUND_SECONDS)
            wait_until(
                lambda: any(one.stat().st_size for one in waiting.glob("*.audit")), 60, "records on disk"
            )
            kept = b"".join(one.read_bytes() for one in waiting.iterdir())
            execute(stack, "ALTER TABLE gone RENAME TO logtail_viewing")

            wait_until(
                lambda: execute(stack, stored) == [(VIEWERS + ROUNDS,)], 120, "the records that waited"
            )
            left = "SELECT count(*) FROM logtail_viewing WHERE outcome = 'left'"
            wait_until(lambda: execute(stack, left) == [(ROUNDS,)], 60, "the ends of those who left")
            assert not any(viewer.is_closed for viewer in viewers)
        assert execute(stack, "SELECT count(*) FROM logtail_viewingevent WHERE action = 'lost'") == [(0,)]
        stored_bytes = (stack.folder / "db.sqlite3").read_bytes()
        assert b"PLANTED" not in kept + stored_bytes + web.says().encode()
        assert b"app.log" in stored_bytes
