"""Rows that were never validated, as a script with the ORM leaves them: each reports its problem, and the others
are still read.
"""

from __future__ import annotations

import asyncio
import urllib.request

import pytest

from tests.client import Client
from tests.conftest import absent
from tests.stack import Stack, has_redis

pytestmark = pytest.mark.whole

ROWS = {
    "nul": {"path": "{logs}/a\0b.log"},
    "nowhere": {"path": ""},
    "relative": {"path": "app.log"},
    "endless": {"path": "/" + "x" * 3_000},
    "encoding": {"path": "{logs}/encoding.log", "encoding": "klingon"},
    "nul-encoding": {"path": "{logs}/nul-encoding.log", "encoding": "utf\0"},
    "rotation": {"path": "{logs}/rotation.log", "rotated_as": "{"},
    "no-queue": {"path": "{logs}/\udcff.log".encode(errors="replace").decode()},
}


@pytest.mark.parametrize("home", ["worker", "local"])
async def test_a_bad_row_is_nobody_else_s_matter(tmp_path, home):
    if not has_redis():
        absent("a redis-server")
    with Stack(tmp_path, logtail={"READER": "local"} if home == "local" else {}) as stack:
        stack.start_redis()
        worker = stack.start_worker() if home == "worker" else None
        web = stack.start_web()
        session = stack.make_user("member", staff=True)
        good = stack.add_log("good", b"one\n")
        for name, fields in ROWS.items():
            fields = {key: value.replace("{logs}", str(stack.logs)) for key, value in fields.items()}
            stack.call("add_log", validate=False, name=name, slug=name, **fields)
        async with Client(stack, web, "good", session) as first:
            await first.until(lambda: first.bytes == b"one\n", 60)
            others = [Client(stack, web, name, session) for name in ROWS]
            for other in others:
                await other.__aenter__()
            expected = b"one\n"
            for number in range(3):
                for other in others:
                    await other.until(lambda other=other: other.statuses or other.ended, 60)
                with good.open("ab") as file:
                    file.write(b"%d\n" % number)
                expected += b"%d\n" % number
                await first.until(lambda expected=expected: first.bytes == expected, 60)
            for other in others[:1]:
                await other.until(lambda other=other: other.statuses[-1]["state"] == "unreadable", 60)
                assert other.statuses[-1]["reason"] == (
                    "its path contains a NUL character, which no file name can"
                )
            for other in others:
                await other.__aexit__(None, None, None)
            asked = urllib.request.Request(
                web.url + stack.reverse("logtail:list"), headers={"Cookie": f"sessionid={session}"}
            )
            with await asyncio.to_thread(urllib.request.urlopen, asked, timeout=60) as page:
                assert page.status == 200
        assert "Traceback" not in web.says()
        if worker is not None:
            assert worker.says().count("reader started on queue") == 1
            assert "Traceback" not in worker.says()
