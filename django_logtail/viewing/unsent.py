"""How a view finds the function that sends its response, and how much the kernel still holds of it. Knows no server."""

from __future__ import annotations

import array
from typing import Any, Final

#: The key in a request's scope with the server's own `send`, which leads to the connection.
SEND: Final = "django_logtail.send"


def unsent_bytes(socket: Any) -> int:
    """Bytes that the other side has not received yet; 0 if the kernel doesn't say, or the socket doesn't exist."""
    try:
        import fcntl
        import termios

        count = array.array("i", [0])
        fcntl.ioctl(socket.fileno(), termios.TIOCOUTQ, count)
    except (ImportError, AttributeError, OSError, ValueError):
        return 0
    return count[0]
