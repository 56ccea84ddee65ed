"""Search from the end of a text backwards: the same lines as forwards, the other way round, whatever the windows."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from django_logtail.tailing.text.backwards import Backwards
from django_logtail.tailing.text.matching import has_regex, matcher
from django_logtail.tailing.text.search import Hit, Search
from tests.length import at_length
from tests.tailing.stage import reading

TEXT = matcher("needle", regex=False, case=True)


def lines(count: int) -> bytes:
    return b"".join(b"needle %d\n" % number for number in range(count))


def backwards(tmp_path, data: bytes, what=TEXT, start: int = 0, **options) -> tuple[Backwards, list[Hit]]:
    path = tmp_path / "searched.log"
    path.write_bytes(data)
    end = options.pop("end", len(data))
    search = Backwards(reading(path), what, start, end, head=data[:4], **options)
    hits = []
    while not search.is_done:
        hits += search.step(60.0, 10**9)
    return search, hits


def forwards(tmp_path, data: bytes, what=TEXT, start: int = 0, **options) -> list[Hit]:
    path = tmp_path / "searched.log"
    path.write_bytes(data)
    end = options.pop("end", len(data))
    search = Search(reading(path), what, start, end, head=data[:4], max_hits=10**9, **options)
    hits = []
    while not search.is_done:
        hits += search.step(60.0, 10**9)
    return hits


def test_the_last_lines_come_first(tmp_path):
    search, hits = backwards(tmp_path, b"needle 1\nother\nneedle 2\nneedle 3")

    assert [(hit.start, hit.end) for hit in hits] == [(24, 32), (15, 24), (0, 9)]
    assert (search.found, search.position, search.searched) == (3, 0, 32)


def test_the_first_step_reads_only_the_end_of_a_large_file(tmp_path):
    path = tmp_path / "searched.log"
    path.write_bytes(b"x\n" * 2_000_000 + b"needle\n" + b"x\n" * 10_000)
    read = []

    def counted(offset: int, size: int) -> bytes:
        read.append(size)
        return reading(path)(offset, size)

    search = Backwards(counted, TEXT, 0, path.stat().st_size)
    hits = []
    while not hits:
        hits = search.step(60.0, 10**9, is_eager=True)

    assert [hit.start for hit in hits] == [4_000_000]
    assert sum(read) < 300_000


def test_more_hits_than_wanted_are_counted_only(tmp_path):
    search, hits = backwards(tmp_path, lines(500), max_hits=30, counts_on=True, window_bytes=64)

    assert [hit.start for hit in hits] == [len(lines(500 - n)) for n in range(1, 31)]
    assert (search.found, search.is_full, search.position) == (500, False, 0)


@pytest.mark.parametrize("window_bytes", [16, 64, 1_000, 100_000])
def test_without_counting_it_ends_at_the_last_hit_and_can_go_on_there(tmp_path, window_bytes):
    data = lines(100)
    options = {"max_hits": 30, "window_bytes": window_bytes}

    search, first = backwards(tmp_path, data, **options)
    _, second = backwards(tmp_path, data, end=search.position, **options)

    assert (search.found, search.is_full, search.position) == (30, True, first[-1].start)
    assert first + second == forwards(tmp_path, data)[::-1][:60]


@pytest.mark.parametrize("window_bytes", [64, 5_000, 70_000])
def test_windows_of_a_large_file_begin_where_lines_begin(tmp_path, window_bytes):
    data = lines(20_000)

    search, hits = backwards(tmp_path, data, window_bytes=window_bytes, max_hits=10**9)

    assert [hit.start for hit in hits] == [hit.start for hit in forwards(tmp_path, data)][::-1]
    assert search.found == 20_000


def test_exactly_as_many_hits_as_wanted_are_not_more(tmp_path):
    search, hits = backwards(tmp_path, lines(30), max_hits=30)

    assert len(hits) == 30
    assert not search.is_full


def test_a_line_longer_than_windows_and_pieces_is_found_once_where_it_begins(tmp_path):
    data = b"first needle\n" + b"a needle " * 1_000 + b"\nlast needle\n"

    _, hits = backwards(tmp_path, data, chunk_bytes=100, window_bytes=64)

    assert [hit.start for hit in hits] == [9_014, 13, 0]
    assert hits[::-1] == forwards(tmp_path, data, chunk_bytes=100)


def test_a_text_whose_end_is_unknown_is_searched_whole_and_its_last_hits_are_kept(tmp_path):
    data = lines(100)

    search, hits = backwards(tmp_path, data, end=2**63 - 1, is_whole=True, max_hits=10, counts_on=True)

    assert hits == forwards(tmp_path, data)[:89:-1]
    assert (search.found, search.end, search.searched) == (100, len(data), len(data))


def test_a_cancelled_step_ends(tmp_path):
    path = tmp_path / "searched.log"
    path.write_bytes(lines(10_000))
    search = Backwards(reading(path), TEXT, 0, path.stat().st_size)
    search.cancel()

    assert search.step(60.0, 10**9) == []
    assert not search.is_done


@settings(deadline=None, max_examples=at_length(3_000, short=100))
@given(
    st.lists(st.text("aAbé中乗😀 \t-", max_size=40), max_size=40),
    st.sampled_from(["utf-8", "gbk", "utf-16-le", "utf-16-be", "utf-32-le", "gb18030"]),
    st.text("aAbé中", min_size=1, max_size=2),
    st.booleans(),
    st.integers(1, 300),
    st.sampled_from([64, 100, 1_000]),
    st.integers(0, 20),
    st.booleans(),
)
def test_both_orders_find_the_same_lines(
    tmp_path_factory, texts, encoding, pattern, regex, window_bytes, chunk_bytes, first, ends
):
    tmp_path = tmp_path_factory.mktemp("search")
    encoded = [(text + "\n").encode(encoding, "ignore") for text in texts]
    data = b"".join(encoded) + (b"" if ends else "a中".encode(encoding))
    start = sum(map(len, encoded[:first]))
    what = matcher(pattern, regex=regex and has_regex(), case=False)
    options = {"encoding": encoding, "chunk_bytes": chunk_bytes}

    wanted = forwards(tmp_path, data, what, start, **options)
    search, hits = backwards(tmp_path, data, what, start, window_bytes=window_bytes, **options, max_hits=9**9)
    most, counted = backwards(
        tmp_path, data, what, start, window_bytes=window_bytes, **options, max_hits=3, counts_on=True
    )

    assert hits == wanted[::-1]
    assert (search.found, most.found, counted) == (
        len(wanted),
        len(wanted),
        wanted[: -4 if wanted else None : -1],
    )


def test_forwards_too_more_hits_than_wanted_are_counted_only(tmp_path):
    path = tmp_path / "searched.log"
    path.write_bytes(lines(500) + b"other\n")
    search = Search(reading(path), TEXT, 0, path.stat().st_size, max_hits=30, counts_on=True)
    hits = []
    while not search.is_done:
        hits += search.step(60.0, 10**9)

    assert len(hits) == 30
    assert (search.found, search.is_full, search.position) == (500, False, path.stat().st_size)
