"""Where a view finds what its answer is sent with, and what the kernel still has of it. Knows no server."""

from __future__ import annotations

import array
from typing import Any, Final

#: In the scope of a request: the server's own function, which belongs to what knows how fast the client is.
SEND: Final = "django_logtail.send"


def unsent_bytes(socket: Any) -> int:
    """Bytes that the other side has not received yet; 0 where the kernel does not say, or the socket does not exist."""
    try:
        import fcntl
        import termios

        count = array.array("i", [0])
        fcntl.ioctl(socket.fileno(), termios.TIOCOUTQ, count)
    except (ImportError, AttributeError, OSError, ValueError):
        return 0
    return count[0]
