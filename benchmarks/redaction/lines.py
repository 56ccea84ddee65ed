"""Lines with and without secrets, the same each time."""

from __future__ import annotations

import random
from collections.abc import Callable


def application_line(rng: random.Random) -> str:
    """With nothing to hide."""
    number = rng.randrange(100_000)
    said = rng.choice(
        (
            f"POST /api/orders/{number}/ 201 655 in {number % 300} ms",
            f"Order {number} placed by customer {number % 9_999}, total {number / 100:.2f}",
            f"Only {number % 9} left of LMP-{number % 999}, reorder level is 5",
            f"Internal Server Error: /api/orders/{number}/pay/",
        )
    )
    logger = rng.choice(("shop.access", "shop.orders", "shop.stock", "django.request"))
    return f"2026-11-27 14:22:{rng.randrange(60):02},{rng.randrange(1_000):03} INFO {logger} {said}\n"


def access_line(rng: random.Random) -> str:
    """With an IP address."""
    address = ".".join(str(rng.randrange(1, 255)) for _ in range(4))
    return (
        f'{address} - - [27/Nov/2026:14:22:{rng.randrange(60):02} +0000] "GET /api/orders/{rng.randrange(99_999)}/ '
        f'HTTP/1.1" 200 {rng.randrange(99_999)} "-" "Mozilla/5.0 (X11; Linux x86_64; rv:133.0) Gecko/20100101"\n'
    )


def text_of(line: Callable[[random.Random], str], size: int, seed: int = 1) -> bytes:
    rng, lines, length = random.Random(seed), list[str](), 0
    while length < size:
        lines.append(line(rng))
        length += len(lines[-1])
    return "".join(lines).encode()
