"""One task a viewer: it holds a worker thread as long as the viewer stays."""

import time

import dramatiq
from asgiref.sync import async_to_sync
from channels.layers import get_channel_layer


@dramatiq.actor(queue_name="naive", max_retries=0, time_limit=float("inf"))
def tail(path: str, channel: str) -> None:
    send = async_to_sync(get_channel_layer().send)
    with open(path, encoding="utf-8", errors="replace") as file:  # noqa: PTH123
        file.seek(0, 2)
        while True:
            line = file.readline()
            if line:
                send(channel, {"type": "line", "text": line.rstrip("\n")})
            else:
                time.sleep(0.5)
