"""The text of compressed files: at any place, of several members, damaged, cut off, and made to exhaust us."""

from __future__ import annotations

import bz2
import gzip
import itertools
import lzma
import os
import random
import sys
import types
import zlib
from collections.abc import Callable
from pathlib import Path

import pytest

from django_logtail.tailing import archives
from django_logtail.tailing.archives import checkpoints, copies, open_archive, unpacking
from django_logtail.tailing.belonging import Belonging
from django_logtail.tailing.files.generation import Changed
from django_logtail.tailing.files.system import System
from django_logtail.tailing.history import FilesAlike, open_generation, open_previous
from django_logtail.tailing.listing import newest_first
from django_logtail.tailing.texts import END, PlainText, Text, read_whole
from tests.tailing.stage import block

PACKERS: dict[str, Callable[[bytes], bytes]] = {
    "gz": gzip.compress,
    "bz2": bz2.compress,
    "xz": lzma.compress,
}
times = itertools.count(10**18)


@pytest.fixture(params=["zlib", "zlib_ng.zlib_ng"])
def with_each_zlib(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Gzip is unpacked with Python's module, and with that of the extra."""
    module = pytest.importorskip(request.param)
    monkeypatch.setattr(unpacking, "_gzip", lambda: module)


def lines(number: int, seed: int = 0) -> bytes:
    dice = random.Random(seed)
    return b"".join(b"%d of %d: %x\n" % (n, seed, dice.getrandbits(160)) for n in range(number))


def text_of(path: Path, raw: bytes, kind: str = "gz") -> Text:
    """Of a file with these bytes and a time of its own."""
    path.write_bytes(raw)
    os.utime(path, ns=(0, next(times)))
    return open_archive(System(), os.open(path, os.O_RDONLY), kind)


def test_an_archive_of_empty_members_is_not_read_to_its_end_for_its_first_bytes(tmp_path: Path) -> None:
    """4 MB of them kept the reader busy for seconds, each time the files were listed."""

    class Counting(System):
        reads = 0

        def pread(self, descriptor: int, size: int, offset: int) -> bytes:
            self.reads += 1
            return super().pread(descriptor, size, offset)

    path, system = tmp_path / "a", Counting()
    path.write_bytes(gzip.compress(b"") * 5_000 + gzip.compress(b"text\n"))
    descriptor = os.open(path, os.O_RDONLY)

    head = archives.head_of(system, descriptor, "gz")

    os.close(descriptor)
    assert head == b""
    assert system.reads <= 1_000


def test_empty_members_between_texts_end_the_text_before_they_keep_a_thread_busy(tmp_path: Path) -> None:
    raw = gzip.compress(b"one\n") + gzip.compress(b"") * 5_000 + gzip.compress(b"two\n")

    text = text_of(tmp_path / "a", raw)

    assert text.read(0, 100) == b"one\n"
    assert text.trouble == "reason:archive-garbage?bytes=4"
    text.close()


def test_some_empty_members_are_passed_over(tmp_path: Path) -> None:
    raw = gzip.compress(b"one\n") + gzip.compress(b"") * 400 + gzip.compress(b"two\n")

    text = text_of(tmp_path / "a", raw)

    assert text.read(0, 100) == b"one\ntwo\n"
    text.close()


def test_zlib_ng_is_used_where_it_is_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    other = types.ModuleType("zlib_ng.zlib_ng")
    for there, expected in ((other, other), (None, zlib)):
        unpacking._gzip.cache_clear()
        monkeypatch.setitem(sys.modules, "zlib_ng", types.ModuleType("zlib_ng"))
        monkeypatch.setitem(sys.modules, "zlib_ng.zlib_ng", there)
        assert unpacking._gzip() is expected
    unpacking._gzip.cache_clear()


@pytest.mark.usefixtures("with_each_zlib")
def test_a_checkpoint_leads_to_the_same_text(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checkpoints, "EVERY_BYTES", 100_000)
    monkeypatch.setattr(checkpoints, "BEHIND_BYTES", 50_000)
    data = lines(40_000)
    text = text_of(tmp_path / "a.gz", gzip.compress(data))

    assert text.read(1_500_000, 1_000) == data[1_500_000:1_501_000]
    assert text.read(700_000, 300_000) == data[700_000:1_000_000]
    assert text.read(0, 10) == data[:10]
    text.close()


@pytest.mark.parametrize("kind", ["gz", "bz2", "xz"])
def test_any_bytes_of_the_text_are_those_of_the_unpacked_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    monkeypatch.setattr(checkpoints, "EVERY_BYTES", 100_000)
    monkeypatch.setattr(checkpoints, "MOST_CHECKPOINTS", 12)
    monkeypatch.setattr(checkpoints, "BEHIND_BYTES", 50_000)
    data, dice = lines(60_000), random.Random(1)
    text = text_of(tmp_path / "a", PACKERS[kind](data), kind)
    size_at_first = text.size

    for _ in range(40):
        start, size = dice.randrange(len(data) + 1_000), dice.choice([1, 300, 70_000, 1_000_000])
        assert text.read(start, size) == data[start : start + size]

    while not text.reach(END, 0.001):
        pass
    assert (size_at_first, text.size, text.trouble) == (None, len(data), "")
    text.close()


ONE, TWO = lines(3_000, 1), lines(4_000, 2)
BOTH = gzip.compress(ONE, mtime=0) + gzip.compress(TWO, mtime=0)


def altered(raw: bytes, at: int) -> bytes:
    return raw[:at] + bytes([raw[at] ^ 255]) + raw[at + 1 :]


@pytest.mark.parametrize(
    ("raw", "least", "trouble"),
    [
        (BOTH, len(ONE + TWO), ""),
        (BOTH + bytes(40_000), len(ONE + TWO), ""),
        (BOTH + b"garbage", len(ONE + TWO), f"reason:archive-garbage?bytes={len(ONE + TWO)}"),
        (altered(BOTH, len(BOTH) - 5), len(ONE + TWO), f"reason:archive-damaged?bytes={len(ONE + TWO)}"),
        (BOTH[:-9_000], len(ONE) + 1, "reason:archive-unfinished?bytes="),
        (altered(BOTH, len(BOTH) - 9_000), len(ONE) + 1, "reason:archive-damaged?bytes="),
        (b"", 0, "reason:archive-unfinished?bytes=0"),
        (b"not compressed", 0, "reason:archive-damaged?bytes=0"),
    ],
    ids=["two members", "padded", "garbage", "checksum", "cut off", "damaged", "empty", "no archive"],
)
@pytest.mark.usefixtures("with_each_zlib")
def test_what_can_be_read_is_given_and_where_it_ends_is_said(
    tmp_path: Path, raw: bytes, least: int, trouble: str
) -> None:
    text = text_of(tmp_path / "a.gz", raw)

    got = read_whole(text, 0, 10**9)

    text.close()
    assert len(got) >= least
    assert got[: len(ONE)] == (ONE + TWO)[: min(len(got), len(ONE))]
    assert (text.size, text.trouble.startswith(trouble), bool(text.trouble)) == (
        len(got),
        True,
        bool(trouble),
    )


def test_a_bomb_is_stopped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(unpacking, "MOST_TIMES_FROM", 1_000_000)
    text = text_of(tmp_path / "a.gz", gzip.compress(bytes(40_000_000)))

    size = len(read_whole(text, 0, 10**9))

    text.close()
    assert 1_000_000 < size < 20_000_000
    assert text.trouble == f"reason:archive-bomb?bytes={size}&count=500"


def test_a_copy_on_disk_is_bounded_and_given_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(copies, "MOST_COPY_BYTES", 100_000)
    text = text_of(tmp_path / "a.xz", lzma.compress(ONE), "xz")

    got = read_whole(text, 0, 10**9)
    copy = text._copy  # type: ignore[attr-defined]
    archives.known.drop_copies()
    is_there = copy._file is not None
    text.close()

    assert got == ONE[:100_000]
    assert text.trouble == "reason:archive-copy-limit?bytes=100000"
    assert (is_there, copy._file) == (True, None)


def test_an_archive_that_is_written_to_is_not_mixed_with_what_it_was(tmp_path: Path) -> None:
    path = tmp_path / "a.gz"
    raw = gzip.compress(ONE)
    text = text_of(path, raw[:20_000])
    part = read_whole(text, 0, 10**9)
    path.write_bytes(raw)

    with pytest.raises(Changed):
        text.read(0, 10)
    text.close()
    whole = open_archive(System(), os.open(path, os.O_RDONLY), "gz")
    got = read_whole(whole, 0, 10**9)
    whole.close()

    assert 0 < len(part) < len(ONE)
    assert got == ONE


# --- as files of a log ----------------------------------------------------------------------------

OLD, NEW = block("old", 500), block("new", 500)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "app.log"
    path.write_bytes(NEW)
    path.with_name("app.log.1").write_bytes(OLD)
    return path


def pack(plain: Path, kind: str = "gz") -> None:
    plain.with_name(f"{plain.name}.{kind}").write_bytes(PACKERS[kind](plain.read_bytes()))
    plain.unlink()


def files_of(path: Path) -> list[tuple[str, str, int | None, str]]:
    found = newest_first(Belonging(path), permit=lambda descriptor: None)
    return [(file.name, file.kind, file.size, file.id) for file in found if file is not None][::-1]


def read(path: Path, file: str) -> bytes | None:
    text = open_generation(path, file)
    if text is None:
        return None
    try:
        return read_whole(text, 0, 10**9)
    finally:
        text.close()


@pytest.mark.parametrize("kind", ["gz", "bz2", "xz"])
def test_an_id_leads_to_the_file_after_compression_and_back(path: Path, kind: str) -> None:
    plain = path.with_name("app.log.1")
    (_, _, _, id_of_plain), _ = files_of(path)
    pack(plain, kind)
    (name, said, size, id_of_packed), _ = files_of(path)
    read_packed = read(path, id_of_plain), read(path, id_of_packed)
    sizes = size, files_of(path)[0][2]
    path.with_name(f"app.log.1.{kind}").unlink()
    plain.write_bytes(OLD)

    assert (name, said) == (f"app.log.1.{kind}", kind)
    assert read_packed == (OLD, OLD)
    assert sizes == (None, len(OLD))
    assert read(path, id_of_packed) == OLD


def test_the_file_before_may_be_compressed_and_one_being_compressed_counts_once(path: Path) -> None:
    path.with_name("app.log.1.gz").write_bytes(gzip.compress(OLD)[:900])
    path.with_name("app.log.2.gz").write_bytes(gzip.compress(ONE))
    os.utime(path.with_name("app.log.2.gz"), (1_000, 1_000))
    this = PlainText(System(), os.open(path, os.O_RDONLY))

    before = open_previous(path, this)
    assert before is not None
    before_that = open_previous(path, before[1])
    assert before_that is not None
    got = [read_whole(text, 0, 10**9) for _, text in (before, before_that)]
    for text in (this, before[1], before_that[1]):
        text.close()

    assert got == [OLD, ONE]
    assert [name for name, *_ in files_of(path)] == ["app.log.2.gz", "app.log.1", "app.log"]


def test_which_of_several_files_that_begin_alike_was_meant_is_not_guessed(path: Path) -> None:
    banner = block("a banner", 20)
    plain = path.with_name("app.log.1")
    plain.write_bytes(banner + OLD)
    (_, _, _, file), _ = files_of(path)
    pack(plain)
    path.with_name("app.log.2.gz").write_bytes(gzip.compress(banner + ONE))

    with pytest.raises(FilesAlike):
        open_generation(path, file)


def test_rotation_and_compression_between_any_two_reads_never_mix_files(tmp_path: Path) -> None:
    """Each read gives bytes of the generation that was asked for, or nothing."""
    dice = random.Random(int(os.environ.get("LOGTAIL_SEED", "7")))
    for round_number in range(60 if os.environ.get("LOGTAIL_LONG") else 4):
        directory = tmp_path / str(round_number)
        directory.mkdir()
        path = directory / "app.log"
        texts: dict[str, bytes] = {}
        newest = 0
        path.write_bytes(lines(400, round_number * 1_000))
        answered = 0
        for _ in range(60):
            match dice.randrange(4):
                case 0:
                    for number in range(8, 0, -1):
                        for ending in ("", ".gz", ".xz"):
                            old = directory / f"app.log.{number}{ending}"
                            if old.exists():
                                old.rename(directory / f"app.log.{number + 1}{ending}")
                    path.rename(directory / "app.log.1")
                    newest += 1
                    path.write_bytes(lines(dice.randrange(100, 900), round_number * 1_000 + newest))
                case 1:
                    plain = [old for old in directory.glob("app.log.*") if old.suffix not in (".gz", ".xz")]
                    if plain:
                        pack(dice.choice(plain), dice.choice(["gz", "xz"]))
                case 2:
                    found = newest_first(Belonging(path), permit=lambda descriptor: None)
                    for file in found:
                        if file is not None and file.id not in texts:
                            whole = read(path, file.id)
                            assert whole is not None
                            assert whole.startswith(b"0 of ")
                            texts[file.id] = whole
            if not texts:
                continue
            file_id, whole = dice.choice(list(texts.items()))
            text = open_generation(path, file_id)
            if text is not None:
                start, size = dice.randrange(len(whole)), dice.randrange(1, 5_000)
                assert text.read(start, size) == whole[start : start + size]
                text.close()
                answered += 1
        assert answered > 20
