"""The naive design's ASGI application."""

import os

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "benchmarks.delivery.naive.settings")
django.setup()

from asgiref.sync import sync_to_async  # noqa: E402
from channels.generic.websocket import AsyncWebsocketConsumer  # noqa: E402

from benchmarks.delivery.naive.tasks import tail  # noqa: E402


class TailConsumer(AsyncWebsocketConsumer):
    async def connect(self) -> None:
        await self.accept()
        await sync_to_async(tail.send)(os.environ["NAIVE_PATH"], self.channel_name)

    async def line(self, message: dict[str, str]) -> None:
        await self.send(message["text"])


application = TailConsumer.as_asgi()
