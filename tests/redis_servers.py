"""The kinds of Redis server that a host may have, running, and how its settings name them."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

import redis
from redis.sentinel import Sentinel

from example_project.demo.redis_server import redis_command, redis_server_path
from tests.conftest import absent
from tests.ports import free_port
from tests.stack import Running, wait_until

#: With what a URL must escape.
PASSWORD = "p@ss/word"
MASTER = "mymaster"
#: Not the default, so that a settings' database that gets lost on the way is noticed.
DATABASE = 2


@dataclass(frozen=True)
class RedisServer:
    """One that runs. Both are JSON."""

    #: What `broker_options` takes.
    broker: dict[str, Any]
    #: One of the `hosts` of a channel layer.
    layer: dict[str, Any]


def broker_options(broker: Mapping[str, Any]) -> dict[str, Any]:
    """`DRAMATIQ_BROKER["OPTIONS"]` for a URL, or for a client of the master that Sentinels know."""
    if "url" in broker:
        return {"url": broker["url"]}
    sentinels = Sentinel([tuple(address) for address in broker["sentinels"]])
    return {"client": sentinels.master_for(broker["master"], **broker["options"])}


@contextmanager
def with_password(folder: Path) -> Iterator[RedisServer]:
    port = free_port()
    url = f"redis://:{quote(PASSWORD, safe='')}@127.0.0.1:{port}/{DATABASE}"
    with running(folder, port, "--requirepass", PASSWORD):
        yield answering(RedisServer({"url": url}, {"address": url}))


@contextmanager
def with_tls(folder: Path) -> Iterator[RedisServer]:
    """TLS only, and clients must show a certificate."""
    if shutil.which("openssl") is None:
        absent("openssl")
    if not speaks_tls():
        absent("TLS in redis-server")
    certificate, key, port = str(folder / "redis.crt"), str(folder / "redis.key"), free_port()
    make_certificate(certificate, key)
    url = f"rediss://127.0.0.1:{port}/{DATABASE}"
    # One certificate is everybody's, and its own authority.
    options = {"ssl_ca_certs": certificate, "ssl_certfile": certificate, "ssl_keyfile": key}
    files = ["--tls-ca-cert-file", certificate, "--tls-cert-file", certificate, "--tls-key-file", key]
    with running(folder, 0, "--tls-port", str(port), *files):
        yield answering(RedisServer({"url": f"{url}?{urlencode(options)}"}, {"address": url, **options}))


@contextmanager
def with_sentinel(folder: Path) -> Iterator[RedisServer]:
    """A master and a Sentinel. Only the options for the master say its password and database."""
    port, sentinel_port = free_port(), free_port()
    settings = folder / "sentinel.conf"
    settings.write_text(
        f"bind 127.0.0.1\nport {sentinel_port}\ndir {folder}\n"
        f"sentinel monitor {MASTER} 127.0.0.1 {port} 1\nsentinel auth-pass {MASTER} {PASSWORD}\n"
    )
    sentinels, options = [["127.0.0.1", sentinel_port]], {"password": PASSWORD, "db": DATABASE}
    server = RedisServer(
        {"sentinels": sentinels, "master": MASTER, "options": options},
        {"sentinels": sentinels, "master_name": MASTER, **options},
    )
    with running(folder, port, "--requirepass", PASSWORD):
        command = [str(redis_server_path()), str(settings), "--sentinel"]
        sentinel = Running("sentinel", command, os.environ, folder / "sentinel.out")
        try:
            yield answering(server)
        finally:
            sentinel.kill()


@contextmanager
def on_a_unix_socket(folder: Path) -> Iterator[RedisServer]:
    # Not in `folder`: the name of a socket has 107 bytes, and the names of tests are long.
    with tempfile.TemporaryDirectory() as short, running(folder, 0, "--unixsocket", f"{short}/redis.sock"):
        # Not asked before it is there: redis-py before 6 leaks a socket that could not connect.
        wait_until(Path(short, "redis.sock").exists, what="the socket of Redis")
        url = f"unix://{short}/redis.sock?db={DATABASE}"
        yield answering(RedisServer({"url": url}, {"address": url}))


KINDS: dict[str, Callable[[Path], AbstractContextManager[RedisServer]]] = {
    "password": with_password,
    "tls": with_tls,
    "sentinel": with_sentinel,
    "unix-socket": on_a_unix_socket,
}


@contextmanager
def running(folder: Path, port: int, *options: str) -> Iterator[Running]:
    """A redis-server; with `port` 0 one that listens only where its options say."""
    server = Running("redis", [*redis_command(port, folder), *options], os.environ, folder / "redis.out")
    try:
        yield server
    finally:
        server.kill()


@contextmanager
def client(server: RedisServer) -> Iterator[redis.Redis]:
    """Made as the broker's is."""
    options = broker_options(server.broker)
    made = options.get("client") or redis.Redis.from_url(options["url"])
    with made:
        yield made


def answering(server: RedisServer) -> RedisServer:
    """`server`, as soon as it answers."""
    with client(server) as asking:
        wait_until(lambda: answers(asking), what="Redis")
    return server


def answers(asked: redis.Redis) -> bool:
    try:
        return bool(asked.ping())
    except redis.RedisError:
        return False


def speaks_tls() -> bool:
    """Whether this machine's redis-server was built with TLS, which is what makes the option a known one."""
    # Told to, without a key: one that can says that it misses the key, another that it knows no TLS.
    tried = ["--port", "0", "--tls-port", "1", "--tls-cert-file", "/nonexistent"]
    asked = subprocess.run([str(redis_server_path()), *tried], capture_output=True, text=True, timeout=20)
    return "Failed to configure TLS" in asked.stdout + asked.stderr


def make_certificate(certificate: str, key: str) -> None:
    """For 127.0.0.1, signed by itself."""
    subject = ["-subj", "/CN=redis", "-addext", "subjectAltName=IP:127.0.0.1"]
    usage = ["-addext", "keyUsage=critical,digitalSignature,keyCertSign"]
    kind = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"]
    files = ["-keyout", key, "-out", certificate]
    subprocess.run(
        ["openssl", "req", "-x509", *kind, *subject, *usage, *files], check=True, capture_output=True
    )
