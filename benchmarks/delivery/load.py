"""Clients for designs that send one text frame per line, as cheap for the machine as those of `tests.plain`."""

from __future__ import annotations

from tests.plain import RECEIVE_BYTES, PlainSocket, open_socket

#: The first byte of a text frame. No measured line contains it, and each is shorter than 126 bytes.
TEXT_FRAME = b"\x81"


class LinesViewer(PlainSocket):
    """One WebSocket. Unless the bytes themselves are needed, they are counted without being parsed.

    A frame is a line without its line end, plus two bytes: one byte per line more than in the log.
    """

    def read(self) -> None:
        if self.on_data is not None or self.buffer:
            return super().read()
        try:
            data = self.socket.recv(RECEIVE_BYTES)
        except ConnectionError:
            data = b""
        self.is_closed = self.is_closed or not data
        self.received += len(data) - data.count(TEXT_FRAME)
        return None

    def take(self, payload: bytes, *, is_text: bool) -> None:
        self._count(payload + b"\n")


def connect(port: int) -> LinesViewer:
    return LinesViewer(*open_socket(port, "/"))
