"""`python -m benchmarks.servers`: processor microseconds that each server takes for a frame to one of 50 sockets."""

from __future__ import annotations

import subprocess
import sys
import time

from benchmarks.delivery.load import connect
from example_project.demo.processes import free_port
from tests.plain import cpu_seconds, serve
from tests.stack import children, is_listening, wait_until

SOCKETS, SECONDS = 50, 10.0
APPLICATION = "benchmarks.servers.application:application"
UVICORN = ["uvicorn", "--log-level", "error", "--host", "127.0.0.1", "--port"]
SERVERS = {
    "uvicorn, websockets-sansio": [*UVICORN, "{port}", "--ws", "websockets-sansio"],
    "uvicorn, websockets-sansio, asyncio": [
        *UVICORN,
        "{port}",
        "--ws",
        "websockets-sansio",
        "--loop",
        "asyncio",
    ],
    "uvicorn, wsproto": [*UVICORN, "{port}", "--ws", "wsproto"],
    "uvicorn, websockets": [*UVICORN, "{port}", "--ws", "websockets"],
    "hypercorn": ["hypercorn", "-b", "127.0.0.1:{port}"],
    "daphne": ["daphne", "-b", "127.0.0.1", "-p", "{port}"],
    "granian": ["granian", "--interface", "asgi", "--host", "127.0.0.1", "--port", "{port}"],
}


def microseconds_a_frame(words: list[str]) -> float:
    port = free_port()
    command = [sys.executable, "-m", *(word.format(port=port) for word in words), APPLICATION]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as server:
        try:
            wait_until(lambda: is_listening(port), what=words[0])
            viewers = [connect(port) for _ in range(SOCKETS)]
            serve(viewers, lambda: False, 1.0)
            pids = [server.pid, *children(server.pid)]
            before, began = cpu_seconds(pids), time.monotonic()
            serve(viewers, lambda: False, SECONDS)
            used, took = cpu_seconds(pids) - before, time.monotonic() - began
            for viewer in viewers:
                viewer.socket.close()
            return 1e6 * used / (took * 50 * SOCKETS)
        finally:
            server.terminate()


def main() -> None:
    print("| server | µs a frame |\n| --- | ---: |")
    for name, words in SERVERS.items():
        print(f"| {name} | {microseconds_a_frame(words):.0f} |", flush=True)


if __name__ == "__main__":
    main()
