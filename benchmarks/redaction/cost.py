"""What rules cost: redaction alone, and from the file to a viewer's socket, with and without rules by turns."""

from __future__ import annotations

import statistics
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from benchmarks.delivery.contenders import Ours
from benchmarks.delivery.parts import append, close, ready
from benchmarks.redaction.lines import access_line, application_line, text_of
from benchmarks.redaction.planting import RULES
from django_logtail.redaction.redactor import Redactor
from django_logtail.redaction.rules import NAMES, ready_made_rule
from django_logtail.tailing.text.matching import own_expression
from tests.plain import cpu_seconds, serve

MB = 1_000_000
#: Bytes of a read, as a reader's batches are: not a multiple of a block.
READ_BYTES = 64 * 1024 - 37
ALONE_BYTES, SENT_BYTES = 8 * MB, 32 * MB
TEXTS = {"nothing to hide": application_line, "an IP address in each": access_line}
#: For comparison: what RE2 takes to find that alone.
ADDRESS = r"\b(?:\d{1,3}\.){3}\d{1,3}\b"


def alone() -> Iterator[str]:
    """Milliseconds of processor a MB, the best of three."""
    rules = [ready_made_rule(name, ["a-secret-key-of-django"]) for name in NAMES if name != "ip-ending"]
    redactor = Redactor([rule for rule in rules if rule is not None])
    address = own_expression(ADDRESS)
    for name, line in TEXTS.items():
        text = text_of(line, ALONE_BYTES)
        took = _least(lambda text=text: _redact(redactor, text))
        bare = _least(lambda text=text: sum(1 for _ in address.finditer(text)))
        yield (
            f"{name}: {took / len(text) * 1e9:.1f} ms a MB, {len(text) / took / MB:.0f} MB/s; "
            f"RE2 alone, finding IP addresses: {bare / len(text) * 1e9:.1f} ms a MB"
        )


def _redact(redactor: Redactor, text: bytes) -> None:
    def read(offset: int, size: int) -> bytes:
        return text[offset : offset + size]

    for offset in range(0, len(text), READ_BYTES):
        redactor.read(read, offset, READ_BYTES)


def _least(do: Callable[[], object]) -> float:
    found = []
    for _ in range(3):
        before = time.process_time()
        do()
        found.append(time.process_time() - before)
    return min(found)


def delivered(folder: Path, rounds: int) -> Iterator[str]:
    """MB/s to one viewer, and milliseconds of processor a MB of each process, as medians."""
    for reader in ("local", "dramatiq"):
        seen: dict[tuple[str, str], list[dict[str, float]]] = defaultdict(list)
        for number in range(rounds):
            for with_rules in ("without", "with"):
                settings = {"REDACT": RULES} if with_rules == "with" else {}
                contender = Ours(reader, settings=settings)
                try:
                    path = contender.start(folder / f"{reader}-{number}-{with_rules}")
                    for name, line in TEXTS.items():
                        seen[name, with_rules].append(_burst(contender, path, text_of(line, SENT_BYTES)))
                finally:
                    contender.stop()
        for (name, with_rules), found in seen.items():
            said = ", ".join(
                f"{what} {statistics.median(one[what] for one in found):.1f}" for what in found[0]
            )
            yield f"{reader}, {name}, {with_rules} rules: {said}"


def _burst(contender: Ours, path: Path, text: bytes) -> dict[str, float]:
    [viewer] = viewers = contender.open(1)
    ready(contender, path, viewers)
    before, processes = viewer.received, contender.processes()
    used = {name: cpu_seconds(pids) for name, pids in processes.items()}
    began = time.perf_counter()
    append(path, text)
    if not serve(viewers, lambda: viewer.received - before >= len(text), 120):
        raise TimeoutError(f"{viewer.received - before} of {len(text)} bytes came")
    took = time.perf_counter() - began
    found: dict[str, Any] = {"MB/s": len(text) / took / MB}
    for name, pids in processes.items():
        found[f"{name} ms/MB"] = (cpu_seconds(pids) - used[name]) / len(text) * 1e9
    close(viewers)
    return found
