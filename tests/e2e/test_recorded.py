"""The record of a real server's viewings: who left, what ended with the server, and what a kill leaves open."""

import asyncio
import json
import os
import signal
import sqlite3
from pathlib import Path
from typing import Any

import pytest

from tests.client import Client
from tests.stack import Stack, wait_until

pytestmark = pytest.mark.whole

SECRET = b"PLANTED in the log\n"


def rows(stack: Stack, table: str) -> list[dict[str, Any]]:
    connection = sqlite3.connect(stack.folder / "db.sqlite3")
    connection.row_factory = sqlite3.Row
    try:
        return [dict(row) for row in connection.execute(f"SELECT * FROM {table} ORDER BY began")]
    finally:
        connection.close()


@pytest.mark.parametrize("server", ["uvicorn", "daphne"])
async def test_viewings_are_recorded_until_the_server_ends(tmp_path: Path, server: str) -> None:
    with Stack(tmp_path / "stack", logtail={"READER": "local", "AUDIT": True}) as stack:
        web = stack.start_web(server)
        ann, bob = stack.make_user("ann"), stack.make_user("bob")
        stack.add_log("one", SECRET)
        stack.add_log("two", SECRET * 2)

        async with Client(stack, web, "two", bob) as staying:
            async with Client(stack, web, "one", ann) as leaving:
                await leaving.until(lambda: leaving.bytes == SECRET)
                await leaving.send({"type": "search", "request": 1, "order": "newest", "pattern": "PLANT"})
                await leaving.until(lambda: any(said["type"] == "done" for said in leaving.answers))
            await staying.until(lambda: staying.bytes == SECRET * 2)
            await asyncio.to_thread(
                wait_until, lambda: [row["outcome"] for row in rows(stack, "logtail_viewing")] == ["", "left"]
            )
            os.kill(web.pid, signal.SIGTERM)
            await asyncio.to_thread(wait_until, lambda: not web.is_running)

        viewings = {row["user_name"]: row for row in rows(stack, "logtail_viewing")}
        search = rows(stack, "logtail_viewingevent")[-1]
        assert {name: (row["slug"], row["outcome"]) for name, row in viewings.items()} == {
            "ann": ("one", "left"),
            "bob": ("two", "server-stopped"),
        }
        assert json.loads(viewings["bob"]["ranges"])[0]["ranges"] == [[0, len(SECRET) * 2]]
        assert (search["user_name"], search["outcome"]) == ("ann", "done")
        assert json.loads(search["detail"])["pattern"] == "PLANT"
        assert b"PLANTED" not in (stack.folder / "db.sqlite3").read_bytes()


async def test_a_killed_server_leaves_its_viewings_to_the_next(tmp_path: Path) -> None:
    with Stack(tmp_path / "stack", logtail={"READER": "local", "AUDIT": True}) as stack:
        web = stack.start_web()
        ann, bob = stack.make_user("ann"), stack.make_user("bob")
        stack.add_log("one", SECRET)
        async with Client(stack, web, "one", ann) as watching:
            await watching.until_live()
            await asyncio.to_thread(wait_until, lambda: rows(stack, "logtail_viewing"))
            web.kill()
        (left,) = rows(stack, "logtail_viewing")
        assert (left["outcome"], left["ended"]) == ("", None)

        connection = sqlite3.connect(stack.folder / "db.sqlite3")
        with connection:
            connection.execute("UPDATE logtail_viewing SET seen = '2020-01-01 00:00:00'")
        connection.close()
        async with Client(stack, stack.start_web(), "one", bob) as watching:
            await watching.until_live()
            await asyncio.to_thread(
                wait_until,
                lambda: (
                    {row["user_name"]: row["outcome"] for row in rows(stack, "logtail_viewing")}
                    == {"ann": "unknown", "bob": ""}
                ),
            )


async def test_records_outlive_a_database_that_is_gone_and_a_server_that_is_killed(tmp_path: Path) -> None:
    directory = tmp_path / "waiting"
    logtail = {"READER": "local", "AUDIT": "required", "AUDIT_DIR": str(directory)}

    def rename(old: str, new: str) -> None:
        connection = sqlite3.connect(stack.folder / "db.sqlite3")
        with connection:
            connection.execute(f"ALTER TABLE {old} RENAME TO {new}")
        connection.close()

    def waiting() -> int:
        return sum(path.stat().st_size for path in directory.glob("*.audit"))

    with Stack(tmp_path / "stack", logtail=logtail) as stack:
        web = stack.start_web()
        ann, bob = stack.make_user("ann"), stack.make_user("bob")
        stack.add_log("one", SECRET)
        async with Client(stack, web, "one", ann) as first:
            await first.until_live()
            await asyncio.to_thread(wait_until, lambda: rows(stack, "logtail_viewing"))
            rename("logtail_viewing", "gone")
            async with Client(stack, web, "one", bob) as second:
                await second.until_live()
                await asyncio.to_thread(wait_until, waiting)
                assert b"PLANTED" not in b"".join(path.read_bytes() for path in directory.iterdir())
                web.kill()
        rename("gone", "logtail_viewing")

        async with Client(stack, stack.start_web(), "one", ann) as third:
            await third.until_live()
            await asyncio.to_thread(
                wait_until,
                lambda: [row["user_name"] for row in rows(stack, "logtail_viewing")] == ["ann", "bob", "ann"],
            )
            await asyncio.to_thread(wait_until, lambda: waiting() == 0)
