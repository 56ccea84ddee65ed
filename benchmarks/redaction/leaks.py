"""Secrets at all boundaries, through Redis, a worker and a web process: does any leave the host?"""

from __future__ import annotations

import http.client
import json
import random
import socket
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import redis

from benchmarks.delivery.contenders import UNLIMITED
from benchmarks.redaction.planted_log import BLOCK_BYTES, MARK, PlantedLog
from benchmarks.redaction.planting import RULES, Scan, secrets
from tests.plain import Door, PlainViewer, serve
from tests.stack import Stack, Web

#: Shares of all bytes by encoding, and files of each log.
SHARES = {"utf-8": 0.6, "gbk": 0.1, "shift_jis": 0.1, "latin-1": 0.1, "utf-16-le": 0.1}
FILES = {"utf-8": 6}
#: Bytes written and not yet received: fewer than a viewer may be behind.
AHEAD_BYTES = 2 * 1024 * 1024
COMPARED_BYTES = 1024 * 1024
SEARCHED = 2
LAST_WORD = b"all has been said"


@dataclass
class Findings:
    """What the run has seen. `leaks`: secrets by where they were seen, and `wrong` what isn't as in the file."""

    size: int = 0
    planted: int = 0
    kinds: int = 0
    scanned: dict[str, int] = field(default_factory=dict)
    leaks: dict[str, list[str]] = field(default_factory=dict)
    wrong: list[str] = field(default_factory=list)
    hits: int = 0
    ranges: int = 0
    seconds: float = 0.0

    def add(self, where: str, scan: Scan) -> None:
        self.scanned[where] = self.scanned.get(where, 0) + scan.bytes
        if scan.found:
            self.leaks.setdefault(where, []).extend(sorted(map(repr, scan.found)))


class Watching(PlainViewer):
    """A viewer of one log, which compares what comes with what was written."""

    log: PlantedLog
    scan: Scan
    findings: Findings

    def begin(self, log: PlantedLog, scan: Scan, findings: Findings) -> None:
        self.log, self.scan, self.findings = log, scan, findings
        self.expected, self.got, self.arrived = bytearray(), bytearray(), 0
        self.files: list[str] = []
        self.on_data = self._data

    def take(self, payload: bytes, *, is_text: bool) -> None:
        self.scan.add(payload)
        super().take(payload, is_text=is_text)
        if self.place is not None and self.place[0] not in self.files:
            self.files.append(self.place[0])

    def _data(self, data: bytes) -> None:
        self.arrived += len(data)
        self.got += data
        if len(self.got) >= COMPARED_BYTES:
            self.compare()

    def compare(self) -> None:
        """Take the whole lines of both, which must be the same but for what is hidden."""
        log = self.log
        end = len(log._whole(bytes(self.got)))
        self.findings.wrong += differences(log, bytes(self.expected[:end]), bytes(self.got[:end]))
        del self.expected[:end], self.got[:end]


def differences(log: PlantedLog, expected: bytes, got: bytes) -> Iterator[str]:
    """What is not as in the file, though it is no secret."""
    if len(expected) != len(got):
        yield f"{log.encoding}: {len(got)} bytes instead of {len(expected)}"
    before, after = _lines(log, expected), _lines(log, got)
    if len(before) != len(after):
        yield f"{log.encoding}: {len(after)} lines instead of {len(before)}"
    for one, other in zip(before, after, strict=False):
        if one == other:
            continue
        text = one if isinstance(one, str) else one.decode(log.encoding)
        if len(one) != len(other) or any(
            a != b and b not in (42, "*") for a, b in zip(one, other, strict=True)
        ):
            yield f"{log.encoding}: {text!r} became {other!r}"
        if log.hidden.search(text) is None:
            yield f"{log.encoding}: {text!r} has no secret, but became {other!r}"


def _lines(log: PlantedLog, data: bytes) -> Sequence[Any]:
    return data.split(b"\n") if len(log.newline) == 1 else data.decode(log.encoding).split("\n")


class Monitor:
    """Looks for secrets in everything that is said to Redis."""

    def __init__(self, port: int, scan: Scan) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port))
        self._socket.sendall(b"MONITOR\r\n")
        self._scan = scan
        self._thread = threading.Thread(target=self._listen, daemon=True)
        self._thread.start()

    def _listen(self) -> None:
        tail = b""
        while LAST_WORD not in tail and (data := self._socket.recv(4 * 1024 * 1024)):
            self._scan.add(data)
            tail = tail[-len(LAST_WORD) :] + data

    def end(self, client: redis.Redis) -> None:
        """When it has heard everything."""
        client.echo(LAST_WORD)
        self._thread.join(600)
        self._socket.close()


def run(folder: Path, size: int, seed: int = 1) -> Findings:
    began, planted = time.monotonic(), secrets()
    more = {"READER": "dramatiq", "REDACT": RULES, "AUDIT": True, **UNLIMITED}
    findings = Findings(size=size, kinds=len({secret.kind for secret in planted}))
    environment = {"DJANGO_SETTINGS_MODULE": "benchmarks.redaction.settings"}
    with Stack(folder, logtail=more, environment=environment) as stack:
        stack.start_redis()
        stack.start_worker()
        web = stack.start_web()
        said = Scan(planted, ("utf-8", "utf-16-le"), is_escaped=True)
        monitor = Monitor(stack.redis_port, said)
        session = stack.make_user("reader")
        for number, encoding in enumerate(SHARES):
            path = stack.add_log(encoding, encoding=encoding)
            log = PlantedLog(
                path, encoding, planted, int(size * SHARES[encoding]), FILES.get(encoding, 2), seed + number
            )
            _follow(stack, web, session, log, findings)
            _ask(web, session, log, findings)
            findings.planted += len(log.planted)
        held = Scan(planted, ("utf-8", "utf-16-le"), is_escaped=True)
        with redis.Redis(port=stack.redis_port) as client:
            monitor.end(client)
            findings.add("what is said to Redis", said)
            for key in client.scan_iter():
                held.add(repr(client.dump(key)).encode())
        findings.add("keys of Redis", held)
    for where, names in {"our own logs": "*.out", "audit records": "db.sqlite3*"}.items():
        scan = Scan(planted, ("utf-8", "utf-16-le"), is_escaped=True)
        for path in folder.glob(names):
            scan.add(path.read_bytes())
        findings.add(where, scan)
    findings.seconds = time.monotonic() - began
    return findings


def _follow(stack: Stack, web: Web, session: str, log: PlantedLog, findings: Findings) -> None:
    """Write all of the log while a viewer watches it."""
    rng = random.Random(log.path.name)
    viewer = Door(stack, web, session).open(log.path.stem, forgets=True)
    viewer.__class__ = Watching
    viewer.begin(log, Scan(log.secrets, (log.encoding,)), findings)
    serve([viewer], lambda: viewer.state == "live", 60)
    while not log.is_done:
        viewer.expected += log.write()
        serve([viewer], lambda: log.written - viewer.arrived < AHEAD_BYTES, 120)
        if rng.random() < 0.01:
            serve([viewer], lambda: False, rng.random() / 20)
    if not serve([viewer], lambda: viewer.arrived >= log.written, 120):
        findings.wrong.append(f"{log.encoding}: {viewer.arrived} of {log.written} bytes came: {viewer.gaps}")
    viewer.compare()
    findings.add("frames", viewer.scan)
    _ranges(viewer, log, rng, findings)
    viewer.close()


def _ranges(viewer: Watching, log: PlantedLog, rng: random.Random, findings: Findings) -> None:
    """Ask for bytes around marks, in any file, as links and jumps do."""
    scan, answers = Scan(log.secrets, (log.encoding,)), list[tuple[dict[str, Any], bytes]]()

    def take(payload: bytes, *, is_text: bool) -> None:
        scan.add(payload)
        if is_text:
            answers.append((json.loads(payload), b""))
        else:
            head, _, data = payload.partition(b"\n")
            answers.append((json.loads(head), data))

    viewer.take = take  # type: ignore[method-assign]
    for file, offset in rng.sample(log.marks, min(60, len(log.marks))):
        start = max(0, offset - rng.randrange(0, BLOCK_BYTES, 2))
        end = offset + rng.randrange(0, 4_096, 2)
        answers.clear()
        viewer.say({"type": "range", "request": 1, "file": viewer.files[file], "start": start, "end": end})
        serve([viewer], lambda: any(one.get("type") in ("done", "error") for one, _ in answers), 60)
        got = b"".join(data for one, data in answers if one.get("request") == 1)
        with log.path.with_name(log.name_of(file)).open("rb") as original:
            original.seek(start)
            expected = original.read(end - start)
        findings.wrong += list(_changed(log, expected, got, f"range {file} {start}"))
        findings.ranges += 1
    findings.add("ranges", scan)


def _changed(log: PlantedLog, expected: bytes, got: bytes, what: str) -> Iterator[str]:
    star = "*".encode(log.encoding)
    if len(got) != len(expected) or any(a != b and b not in star for a, b in zip(expected, got, strict=True)):
        yield f"{log.encoding}: {what} is not as the file: {len(got)} bytes of {len(expected)}"


def _ask(web: Web, session: str, log: PlantedLog, findings: Findings) -> None:
    """Download, and search for what is there and for what is hidden."""
    slug = log.path.stem
    scan = Scan(log.secrets, (log.encoding,))
    got = _answer(web, session, f"/logs/{slug}/download/")
    scan.add(got)
    findings.add("downloads", scan)
    # The first line began in the file before, so all of it is hidden.
    expected = log.path.read_bytes()
    first = len(expected) - len(expected.split(log.newline, 1)[1]) if log.file else 0
    findings.wrong += differences(log, expected[first:], got[first:])
    scan = Scan(log.secrets, ("utf-8",))
    said = _answer(web, session, _hits(slug, MARK))
    scan.add(said)
    hits = [(hit["file"], hit["start"]) for hit in map(json.loads, said.splitlines()) if "start" in hit]
    wanted = [(log.name_of(file), offset) for file, offset in log.marks]
    if hits != wanted:
        findings.wrong.append(f"{slug}: {len(hits)} hits of {len(wanted)}, or at other places")
    findings.hits += len(hits)
    for secret in random.Random(1).sample(log.secrets, SEARCHED):
        if any(
            "start" in json.loads(line)
            for line in _answer(web, session, _hits(slug, secret.text[-8:])).splitlines()
        ):
            findings.wrong.append(f"{slug}: a search finds {secret.text!r}")
    findings.add("search results", scan)


def _hits(slug: str, pattern: str) -> str:
    return f"/logs/{slug}/hits/?{urlencode({'form': 'ndjson', 'asked': json.dumps({'pattern': pattern})})}"


def _answer(web: Web, session: str, path: str) -> bytes:
    connection = http.client.HTTPConnection("127.0.0.1", web.port, timeout=600)
    connection.request("GET", path, headers={"Cookie": f"sessionid={session}"})
    got = connection.getresponse()
    data = got.read()
    connection.close()
    if got.status != 200:
        raise RuntimeError(f"{path}: {got.status} {data[:200]!r}")
    return data
