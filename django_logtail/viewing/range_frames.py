"""What a viewer is told of a range: the reader's messages as frames of the protocol."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator

from django_logtail.control.messages import Failed, Piece, Read
from django_logtail.protocol import Frame
from django_logtail.relay.requests import AsyncHistory


async def range_frames(answer: AsyncHistory, request: int) -> AsyncGenerator[Frame]:
    """The frames that answer a `range`: batches, and a last one `done` or `error`. Close it to end the asking."""
    try:
        while True:
            message = await answer.next()
            match message:
                case Piece(start=start, data=data):
                    yield Frame.batch(start, data, request=request)
                case Read(start=start, end=end):
                    yield Frame.message("done", request=request, file=start.file, start=start.offset, end=end)
                    return
                case Failed(error=text):
                    yield Frame.message("error", request=request, id="not-there", text=text)
                    return
    except asyncio.TimeoutError:
        text = "No reader answered. Try again."
        yield Frame.message("error", request=request, id="no-reader", text=text)
    finally:
        answer.close()
