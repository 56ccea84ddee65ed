"""Lines of a file that is read block by block, and files that are opened when they are read."""

import os
from types import SimpleNamespace

import pytest

from django_logtail.reader.log_files import LoggedFile, lines_between
from django_logtail.tailing.archives import Unsupported
from django_logtail.tailing.files.generation import Changed
from django_logtail.tailing.text.lines import LineEnds


def lines(data, start, end, *, encoding="utf-8", block=5):
    """The lines with their offsets, read in blocks of this size."""
    found = lines_between(lambda at: data[at : at + block], LineEnds(encoding), start, end)
    return [each for each in found if each is not None]


DATA = b"a\nbcd\n\nefghij\nk"
ALL = [(0, b"a"), (2, b"bcd"), (6, b""), (7, b"efghij"), (14, b"k")]


@pytest.mark.parametrize("block", [1, 2, 3, 5, 100])
@pytest.mark.parametrize("start", range(len(DATA) + 1))
def test_lines_that_begin_between_two_places_are_found_in_blocks_of_any_size(start, block):
    for end in range(start, len(DATA) + 2):
        expected = [(at, line) for at, line in ALL if start <= at < end]
        assert lines(DATA, start, end, block=block) == expected, end


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be", "utf-32-le"])
@pytest.mark.parametrize("block", [1, 3, 4, 7, 64])
def test_a_line_feed_is_a_whole_character(encoding, block):
    texts = ["a\u0a0a", "\u0a00b\u000b", "", "c"]
    data = "\n".join(texts).encode(encoding)
    found = lines(data, 0, len(data), encoding=encoding, block=block)

    assert [line.decode(encoding) for _, line in found] == texts
    assert [data[at : at + len(line)] for at, line in found] == [line for _, line in found]


def test_a_place_within_a_character_is_the_next_one():
    data = "a\nb\nc".encode("utf-16-le")

    assert [at for at, _ in lines(data, 1, 99, encoding="utf-16-le")] == [4, 8]
    assert [at for at, _ in lines(data, 3, 99, encoding="utf-16-le")] == [4, 8]


@pytest.mark.parametrize(("size", "is_cut"), [(65_536, False), (65_537 + 1_000, True)])
def test_of_a_long_line_64_kib_are_looked_at_and_the_next_line_is_found(size, is_cut):
    data = b"x" * size + b"\nnext\n"
    found = lines(data, 0, len(data), block=1_000)

    assert [(at, len(line)) for at, line in found] == [(0, 65_536 if is_cut else size), (size + 1, 4)]


def test_there_is_a_pause_after_each_block():
    found = list(lines_between(lambda at: DATA[at : at + 5], LineEnds("utf-8"), 0, 99))

    assert found.count(None) == 4


class Text:
    """A text of ten bytes that is unpacked by three bytes a look."""

    def __init__(self, path):
        self.descriptor = os.open(path, os.O_RDONLY)
        self.asked = []
        self.size = None
        self.unpacked = 0
        self.guess = 8

    def read(self, offset, size):
        self.asked.append((offset, size))
        return b"0123456789"[offset : offset + size]

    def reach(self, offset, seconds):
        self.unpacked = min(10, self.unpacked + 3)
        if self.unpacked == 10:
            self.size = 10
        return self.size is not None

    def close(self):
        os.close(self.descriptor)


@pytest.fixture
def text(tmp_path):
    path = tmp_path / "app.log"
    path.write_bytes(b"x")
    os.utime(path, (1_000, 1_000.5))
    return Text(path)


def listed(size):
    return SimpleNamespace(size=size)


def test_a_file_is_opened_once_when_it_is_read_and_again_after_it_was_closed(text, tmp_path):
    opened = []
    file = LoggedFile(lambda: opened.append(1) or text, "f", listed(8))
    before = file.is_open, file.written_at, file.unpacked
    reads = file.read(0, 4), file.read(6, 4), file.read(9, 4)

    assert before == (False, 0.0, (0, 0))
    assert (reads, text.asked) == ((b"0123", b"67", b""), [(0, 4), (6, 2), (9, 0)])
    assert (file.is_open, file.written_at, len(opened)) == (True, 1_000_500.0, 1)
    file.close()
    file.close()
    assert (file.is_open, len(opened)) == (False, 1)


@pytest.mark.parametrize("error", [None, Unsupported("x"), Changed()])
def test_a_file_that_is_gone_has_no_bytes_and_is_not_looked_for_again(error):
    looks = []

    def open_it():
        looks.append(1)
        if error is not None:
            raise error

    file = LoggedFile(open_it, "f", listed(8))

    assert (file.read(0, 4), file.read(0, 4), file.is_open, len(looks)) == (b"", b"", False, 1)


def test_a_file_that_changed_has_no_bytes(text):
    def changed(offset, size):
        raise Changed

    text.read = changed

    assert LoggedFile(lambda: text, "f", listed(8)).read(0, 4) == b""


def test_an_archive_is_unpacked_a_slice_at_a_time_until_its_size_is_known(text):
    file = LoggedFile(lambda: text, "f", listed(None))
    before = file.must_unpack, file.size
    progress = [file.unpacked for _ in file.unpack(0.01)]

    assert (before, progress) == ((True, 0), [(3, 8), (6, 8), (9, 9)])
    assert (file.size, file.unpacked) == (10, (10, 10))
    assert LoggedFile(lambda: None, "f", listed(7)).must_unpack is False


def test_an_archive_that_is_gone_is_empty():
    file = LoggedFile(lambda: None, "f", listed(None))

    assert (list(file.unpack(0.01)), file.size) == ([], 0)
