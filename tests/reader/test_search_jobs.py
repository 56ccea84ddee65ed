"""One search over all files of a log, against a plain scan of their bytes, while the files are moved and packed."""

from __future__ import annotations

import bz2
import gzip
import lzma
import os
import random
import shutil
import subprocess
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from django_logtail.control.wants import Sought, Want
from django_logtail.place import Place
from django_logtail.reader import search_jobs
from django_logtail.reader.seals import Seals
from django_logtail.reader.search_jobs import SearchJob
from django_logtail.reader.sources import Source
from django_logtail.tailing.files.system import System
from django_logtail.tailing.history import COPY_BYTES, id_of, open_generation
from django_logtail.tailing.reasons import code_of
from django_logtail.tailing.text.backwards import Backwards
from tests.length import at_length

SEED = os.environ.get("LOGTAIL_SEED", "11")
DICE = random.Random()


PACKERS = {".gz": gzip, ".bz2": bz2, ".xz": lzma}


def pack(plain: Path, ending: str) -> None:
    """As gzip does: the time stays."""
    packed = plain.with_name(plain.name + ending)
    times = plain.stat().st_atime_ns, plain.stat().st_mtime_ns
    packed.write_bytes(PACKERS[ending].compress(plain.read_bytes()))
    os.utime(packed, ns=times)
    plain.unlink()


class Log:
    """A log with its files, oldest last, and what can happen to them."""

    def __init__(self, directory: Path, encoding: str = "utf-8", dice: random.Random = DICE) -> None:
        self.path = directory / "app.log"
        self.encoding = encoding
        self.dice = dice
        self.number = 0

    def text(self, count: int) -> bytes:
        """Lines with numbers that occur nowhere else; some are needles, some very long."""
        lines = []
        for _ in range(count):
            self.number += 1
            word = self.dice.choice(["needle", "hay", "Needle", "针"])
            filler = self.dice.choice(["x", "中", "é" if self.encoding != "gbk" else "ж"])
            # Not at the beginning of a file: its first bytes are what it is known by.
            length = 9_000 if lines and self.dice.random() < 0.01 else self.dice.randrange(60)
            more = " healthz" if self.dice.random() < 0.2 else ""
            lines.append(f"{filler * length} {word}{self.number}.{more}\n")
        return "".join(lines).encode(self.encoding)

    def shift(self) -> None:
        for number in range(20, 0, -1):
            for ending in ("", *PACKERS):
                old = self.path.with_name(f"app.log.{number}{ending}")
                if old.exists():
                    old.rename(self.path.with_name(f"app.log.{number + 1}{ending}"))

    def rotate(self, count: int) -> None:
        self.shift()
        self.path.rename(self.path.with_name("app.log.1"))
        self.path.write_bytes(self.text(count))

    def copy_and_truncate(self, count: int) -> None:
        self.shift()
        shutil.copyfile(self.path, self.path.with_name("app.log.1"))
        os.truncate(self.path, 0)
        with self.path.open("ab") as file:
            file.write(self.text(count))

    def compress(self) -> None:
        plain = [old for old in self.path.parent.glob("app.log.*") if old.suffix not in PACKERS]
        if plain:
            # Mostly as usual: a bad compression is unpacked again and again.
            pack(self.dice.choice(plain), self.dice.choice([".gz", ".gz", ".gz", *PACKERS]))

    def anything(self) -> None:
        has_many = len(list(self.path.parent.iterdir())) > 15
        match self.dice.randrange(5):
            case 0 if not has_many:
                self.rotate(self.dice.randrange(30, 90))
            case 1 if not has_many:
                self.copy_and_truncate(self.dice.randrange(30, 90))
            case 2 | 3:
                self.compress()

    def texts(self) -> list[bytes]:
        """What is in the files, newest first."""
        found = [self.path.read_bytes()]
        for number in range(1, 30):
            plain = self.path.with_name(f"app.log.{number}")
            if plain.exists():
                found.append(plain.read_bytes())
            for ending, packer in PACKERS.items():
                packed = self.path.with_name(f"app.log.{number}{ending}")
                if packed.exists():
                    found.append(packer.decompress(packed.read_bytes()))
        return found

    def wanted(self, pattern: str, unwanted: str = "") -> list[tuple[int, str]]:
        """Where lines begin, and their needles: newest first."""
        found = []
        for text in self.texts():
            at, mine = 0, []
            for line in text.decode(self.encoding).split("\n"):
                if pattern.lower() in line.lower() and not (unwanted and unwanted in line):
                    mine.append((at, line.split()[-1 if not line.endswith("healthz") else -2]))
                at += len((line + "\n").encode(self.encoding))
            found += mine[::-1]
        return found

    def newest(self) -> Place:
        """The end of the current file."""
        with self.path.open("rb") as file:
            head = file.read(COPY_BYTES)
            found = os.fstat(file.fileno())
            file_id = id_of(System(), (found.st_dev, found.st_ino), file.fileno(), head)
        return Seals("1").seal_place(Place(file_id, found.st_size))

    def job(self, sought: Sought) -> SearchJob:
        want = Want("p", "1", "range-1", "", 1, 0, search=sought)
        return SearchJob(want, Source(self.path, self.encoding, "app"), lambda descriptor: None, {})


@dataclass
class Run:
    """What a search has told so far."""

    hits: list[tuple[int, str]]
    files: dict[str, tuple[int, str]]
    total: int = 0
    unread: list[str] = field(default_factory=list)


def finish(log: Log, sought: Sought, *, restarts: float = 0.0, moves: bool = False) -> Run:
    """Search to the end, while files are moved between any two steps and readers give up."""
    run = Run([], {})
    job, base = log.job(sought), 0
    while True:
        if moves:
            log.anything()
        if not job.is_begun:
            job.begin()
        elif job.is_done:
            break
        else:
            for hit in job.step(DICE.randrange(1, 20_000), False):
                needle = next(part for part in "".join(hit.parts).split() if part[-1] == ".")
                run.hits.append((hit.start, needle))
                run.files[job.file] = run.hits[-1]
            run.total = base + job.total
            run.unread = run.unread or [code_of(file["reason"]) for file in job.unread]
        if DICE.random() < restarts and job.ahead:
            name = "until" if sought.order == "newest" else "since"
            ahead = [[name, place.file, place.offset] for name, place in job.ahead]
            sought = replace(sought, limit=sought.limit - job.shown, ahead=ahead, **{name: job.ahead[0][1]})
            job.close()
            job._close()
            job, base = log.job(sought), run.total
    return run


class Small(Backwards):
    """With windows that fit the files of these tests."""

    def __init__(self, *arguments, **options) -> None:
        size = DICE.choice([100, 1_000, 5_000])
        super().__init__(*arguments, **{**options, "window_bytes": size, "most_window_bytes": 8_000})


@pytest.fixture(autouse=True)
def _thrown(request) -> None:
    """Each test throws the same, whichever ran before it."""
    DICE.seed(f"{SEED} {request.node.name}")


@pytest.fixture(autouse=True)
def _small(monkeypatch) -> None:
    monkeypatch.setattr(search_jobs, "Backwards", Small)
    monkeypatch.setattr(search_jobs, "TURN_SECONDS", 0.0)


@pytest.mark.parametrize("order", ["newest", "oldest"])
@pytest.mark.parametrize("encoding", ["utf-8", "gbk", "utf-16-le"])
def test_hits_and_their_count_are_those_of_a_plain_scan_whatever_happens_to_the_files(
    tmp_path, encoding, order
) -> None:
    for number in range(at_length(150, short=4)):
        directory = tmp_path / str(number)
        directory.mkdir()
        log = Log(directory, encoding)
        log.path.write_bytes(log.text(50))
        for _ in range(DICE.randrange(1, 9)):
            DICE.choice([log.rotate, log.copy_and_truncate])(DICE.randrange(30, 90))
            if DICE.random() < 0.5:
                log.compress()
        limit = DICE.choice([0, 1, 7, 1_000])
        wanted = log.wanted("needle", "healthz")
        wanted = wanted if order == "newest" else wanted[::-1]
        terms = [{"text": "healthz", "not": True}]
        sought = Sought("needle", terms=terms, order=order, limit=limit, counts=True)
        newest = log.newest()

        run = finish(log, replace(sought, until=newest), restarts=0.1, moves=True)

        assert run.hits == wanted[:limit]
        assert run.total == len(wanted)
        assert run.unread == []
        for file, (at, needle) in run.files.items():
            text = open_generation(log.path, Seals("1").open(file))
            assert text is not None
            assert needle in text.read(at, 40_000).decode(encoding, "ignore")
            text.close()


@pytest.mark.parametrize("order", ["newest", "oldest"])
@pytest.mark.parametrize("case", [False, True])
def test_lines_are_counted_as_grep_counts_them(tmp_path, order, case) -> None:
    log = Log(tmp_path)
    log.path.write_bytes(log.text(300))
    for _ in range(at_length(12, short=4)):
        log.rotate(300)
        log.compress()
    arguments = ["grep", "-a", "-c", *([] if case else ["-i"]), "needle"]
    ran = (
        subprocess.run(arguments, input=text, stdout=subprocess.PIPE, env={"LC_ALL": "C.UTF-8"}, check=False)
        for text in log.texts()
    )
    counted = sum(int(one.stdout) for one in ran)
    sought = Sought("needle", order=order, limit=5, counts=True, case=case, until=log.newest())

    assert finish(log, sought, restarts=0.1, moves=True).total == counted > 50


@pytest.mark.parametrize("order", ["newest", "oldest"])
@pytest.mark.parametrize("packs", [False, True])
def test_a_file_that_is_copied_and_emptied_while_it_is_searched_is_found_again(
    tmp_path, order, packs
) -> None:
    log = Log(tmp_path)
    log.path.write_bytes(log.text(600))
    wanted = log.wanted("needle")
    job = log.job(Sought("needle", order=order, limit=10_000, counts=True))
    hits = []
    while not hits:
        hits += job.step(1, True) if job.is_begun else job.begin()
    assert not job.is_done

    log.copy_and_truncate(10)
    if packs:
        log.compress()
    while not job.is_done:
        hits += job.step(1_000, False)

    assert [hit.start for hit in hits] == [at for at, _ in (wanted if order == "newest" else wanted[::-1])]
    assert (job.total, job.unread) == (len(wanted), [])


@pytest.mark.parametrize("order", ["newest", "oldest"])
def test_a_file_that_is_removed_before_its_turn_is_named(tmp_path, order) -> None:
    log = Log(tmp_path)
    log.path.write_bytes(log.text(50))
    log.rotate(50)
    log.rotate(50)
    job = log.job(Sought("needle", order=order, limit=10_000, counts=True))
    while not job.is_begun:
        job.begin()

    log.path.with_name("app.log.1").unlink()
    hits = []
    while not job.is_done:
        hits += job.step(10_000, False)

    assert [(file["name"], code_of(file["reason"])) for file in job.unread] == [("app.log.1", "bytes-gone")]
    assert len(hits) == job.total == len(log.wanted("needle"))
