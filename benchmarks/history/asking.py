"""A viewer that asks for places and searches as the page does."""

from __future__ import annotations

import asyncio
import subprocess
from collections.abc import Sequence
from typing import Any

from tests.client import Client

#: Held while another tool runs and while the time of a line is taken: neither disturbs the other.
BESIDE = asyncio.Lock()
#: Bytes that a page asks for around a place in the middle.
PAGE_BYTES = 256 * 1024
ENDS = ("done", "error", "files", "time")


async def run_beside(command: Sequence[str], **options: Any) -> subprocess.CompletedProcess[bytes]:
    """Run another tool without keeping the viewers of this process from taking what arrives."""
    async with BESIDE:
        return await asyncio.to_thread(subprocess.run, command, check=False, **options)


class Asking:
    """One viewer's requests, one after another."""

    def __init__(self, viewer: Client) -> None:
        self.viewer = viewer
        self._last = 0

    async def ask(self, kind: str, *, until_first: bool = False, **fields: Any) -> list[dict[str, Any]]:
        """All messages that answer one request, or those up to the first. Raises `RuntimeError` if it is refused."""
        self._last += 1
        mine = self._last
        await self.viewer.send({"type": kind, "request": mine, **fields})

        def ended() -> bool:
            return any(
                answer.get("request") == mine and (until_first or answer.get("type") in ENDS)
                for answer in self.viewer.answers
            )

        await self.viewer.until(ended, 3_600)
        answers = [answer for answer in self.viewer.answers if answer.get("request") == mine]
        self.viewer.answers.clear()
        if answers[-1].get("type") == "error":
            raise RuntimeError(answers[-1]["text"])
        return answers

    async def page(self, file: str, start: int, size: int = PAGE_BYTES) -> bytes:
        answers = await self.ask("range", file=file, start=start, end=start + size)
        return b"".join(answer.get("bytes", b"") for answer in answers)

    async def rest(self) -> list[dict[str, Any]]:
        """The other messages of the request of which the first was awaited."""
        mine = self._last
        await self.viewer.until(
            lambda: any(
                answer.get("request") == mine and answer.get("type") in ENDS for answer in self.viewer.answers
            ),
            3_600,
        )
        answers = [answer for answer in self.viewer.answers if answer.get("request") == mine]
        self.viewer.answers.clear()
        return answers
