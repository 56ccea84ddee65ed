"""Archives are unpacked a piece at a time, as far as wanted; what is known of them is bounded and given back."""

from __future__ import annotations

import bz2
import gzip
import itertools
import lzma
import os
import random

import pytest

from django_logtail.tailing import archives
from django_logtail.tailing.archives import Known, checkpoints, open_archive
from django_logtail.tailing.archives.checkpoints import Index
from django_logtail.tailing.archives.copies import Copy
from django_logtail.tailing.files.system import System
from django_logtail.tailing.texts import END

PACKERS = {"gz": gzip.compress, "bz2": bz2.compress, "xz": lzma.compress}
TEXT = random.Random(7).randbytes(400_000).hex().encode()
times = itertools.count(2 * 10**18)


@pytest.fixture
def known(monkeypatch):
    found = Known()
    monkeypatch.setattr(archives, "known", found)
    yield found
    found.drop_copies()


def text_of(folder, kind, text=TEXT):
    path = folder / f"a.{kind}"
    path.write_bytes(PACKERS[kind](text))
    os.utime(path, ns=(0, next(times)))
    return open_archive(System(), os.open(path, os.O_RDONLY), kind)


@pytest.mark.parametrize("kind", PACKERS)
def test_one_look_without_time_unpacks_one_piece_until_the_end_is_reached(tmp_path, known, kind):
    text = text_of(tmp_path, kind)
    before = text.unpacked, text.size, text.guess
    steps = []
    while not text.reach(END, 0):
        steps.append(text.unpacked)
        assert len(steps) < 10_000

    stored = len(PACKERS[kind](TEXT))
    assert before == (0, None, stored)
    assert 0 < max(later - earlier for earlier, later in itertools.pairwise([0, *steps])) <= 262_144
    assert (text.unpacked, text.size, text.guess, text.trouble) == (800_000, 800_000, 800_000, "")
    assert text.reach(END, 0) is True
    text.close()


@pytest.mark.parametrize("kind", PACKERS)
def test_no_more_is_unpacked_than_wanted_and_its_size_is_guessed_until_then(tmp_path, known, kind):
    text = text_of(tmp_path, kind)

    assert text.reach(10, 20) is True
    assert 10 <= text.unpacked < 700_000
    assert text.size is None
    assert text.unpacked <= text.guess < 1_600_000
    assert text.read(3, 5) == TEXT[3:8]
    assert text.read(799_990, 50) == TEXT[799_990:]
    assert text.read(100, 5) == TEXT[100:105]
    assert text.read(900_000, 5) == b""
    text.close()


def test_unpacking_begins_at_the_nearest_checkpoint_before(tmp_path, known, monkeypatch):
    monkeypatch.setattr(checkpoints, "EVERY_BYTES", 100_000)
    monkeypatch.setattr(checkpoints, "BEHIND_BYTES", 1_000)
    text = text_of(tmp_path, "gz")
    text.read(799_990, 10)
    (index,) = known._kept.values()
    places = list(index._places)

    assert 4 <= len(places) <= 8
    assert min(later - earlier for earlier, later in itertools.pairwise([0, *places])) >= 100_000
    assert index.memory == len(places) * 48 * 1024
    assert [index.before(at)[0] for at in (0, places[0] - 1, places[0], places[1] - 1, END)] == [
        *(0, 0),
        *(places[0], places[0], places[-1]),
    ]
    assert text.read(places[1] + 5, 7) == TEXT[places[1] + 5 : places[1] + 12]
    assert text.unpacked < places[1] + 300_000
    text.close()


def test_with_too_many_checkpoints_every_second_one_is_dropped(tmp_path, known, monkeypatch):
    monkeypatch.setattr(checkpoints, "EVERY_BYTES", 1)
    monkeypatch.setattr(checkpoints, "MOST_CHECKPOINTS", 8)
    text = text_of(tmp_path, "gz")
    text.read(0, 800_000)
    (index,) = known._kept.values()

    assert 4 <= len(index._places) <= 8
    assert index._every > 1
    assert len(index._states) == len(index._places)
    for at in (0, 100_000, 700_000):
        assert text.read(at, 9) == TEXT[at : at + 9]
    text.close()


def keys(count):
    return [(1, number, 0, 0) for number in range(count)]


def test_what_was_used_longest_ago_is_forgotten_first(known, monkeypatch):
    monkeypatch.setattr(archives, "MOST_KEPT", 3)
    a, b, c, d = keys(4)
    first = {key: known.of(key, "gz") for key in (a, b, c)}
    known.of(a, "gz")
    known.of(d, "gz")

    assert list(known._kept) == [c, a, d]
    assert known.of(a, "gz") is first[a]
    assert known.of(b, "gz") is not first[b]
    assert [type(known.of(a, "gz")), type(known.of((2, 2, 2, 2), "xz"))] == [Index, Copy]


def test_heads_are_kept_up_to_a_limit_with_their_trouble(known, monkeypatch):
    monkeypatch.setattr(archives, "MOST_HEADS", 2)
    a, b, c = keys(3)
    known.keep_head(a, b"a", "")
    known.keep_head(b, b"b", "cut")
    known.keep_head(c, b"c", "")

    assert [known.head(key) for key in (a, b, c)] == [None, b"b", b"c"]
    assert [known.facts(key).trouble for key in (a, b, c)] == ["", "cut", ""]
    assert known.facts(b).size is None


def test_a_copy_frees_its_disk_once_it_is_forgotten_and_nobody_reads_it(tmp_path, known):
    text = text_of(tmp_path, "xz")
    text.read(0, 10)
    (copy,) = known._kept.values()
    known.drop_copies()
    in_use = copy._file is not None, known._kept
    assert text.read(0, 4) == TEXT[:4]
    text.close()

    assert (in_use, copy._file, copy.read(0, 4)) == ((True, {}), None, b"")


def test_a_copy_that_is_not_forgotten_serves_the_next_who_reads(tmp_path, known):
    text = text_of(tmp_path, "xz")
    text.reach(END, 20)
    text.close()
    again = open_archive(System(), os.open(tmp_path / "a.xz", os.O_RDONLY), "xz")

    assert (again.size, again.unpacked, again.read(9, 5)) == (800_000, 800_000, TEXT[9:14])
    again.close()
