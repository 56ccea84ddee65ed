"""What a viewer is told of a search: the reader's messages as words of the protocol."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from typing import Any

from django_logtail.control.messages import Failed, Found
from django_logtail.place import Place
from django_logtail.protocol import Frame
from django_logtail.relay.requests import AsyncHistory


async def search_frames(answer: AsyncHistory, request: int, start: Place) -> AsyncGenerator[Frame]:
    """The frames that answer a `search`, the last one `done` or `error`. Close it to end the search.

    Each message says how many hits there were with it: one that got lost is noticed, and what a reader sends once more
    that began at the beginning again is left out.
    """
    taken = 0
    try:
        while True:
            message = await answer.next()
            if isinstance(message, Failed):
                yield Frame.message("error", request=request, id=message.id, text=message.error)
                return
            if not isinstance(message, Found):
                continue
            fresh = message.count - taken
            if fresh > len(message.hits):
                text = "Some of what was found got lost on the way. Search again."
                yield Frame.message("error", request=request, id="lost", text=text)
                return
            if fresh > 0:
                taken += fresh
                hits = [_hit(*hit[:5]) for hit in message.hits[-fresh:]]
                yield Frame.message("found", request=request, file=start.file, hits=hits)
            at, end = message.at, message.end
            if message.done:
                more = message.more or None
                yield Frame.message(
                    "done",
                    request=request,
                    file=start.file,
                    start=start.offset,
                    end=at,
                    found=taken,
                    more=more,
                )
                return
            yield Frame.message("progress", request=request, at=at, end=end, reason=message.reason or None)
    except asyncio.TimeoutError:
        text = "No reader answered. Try again."
        yield Frame.message("error", request=request, id="no-reader", text=text)
    finally:
        answer.close()


def _hit(start: int, end: int, parts: list[str], before: bool, after: bool) -> dict[str, Any]:
    """`before`, `after`: whether the line goes on beyond the parts."""
    return {
        "start": start,
        "end": end,
        "parts": parts,
        **({"before": True} if before else {}),
        **({"after": True} if after else {}),
    }
