"""One room for everyone who is signed in: what one says, all read."""

from channels.generic.websocket import AsyncJsonWebsocketConsumer

ROOM = "chat"
MAX_LETTERS = 500


class ChatConsumer(AsyncJsonWebsocketConsumer):
    groups = [ROOM]

    async def connect(self) -> None:
        if not self.scope["user"].is_authenticated:
            await self.close(code=4401)
            return
        await self.accept()

    async def receive_json(self, content: dict[str, str], **kwargs: object) -> None:
        said = str(content.get("text", ""))[:MAX_LETTERS]
        await self.channel_layer.group_send(
            ROOM, {"type": "chat.said", "who": self.scope["user"].get_username(), "text": said}
        )

    async def chat_said(self, event: dict[str, str]) -> None:
        await self.send_json({"who": event["who"], "text": event["text"]})
