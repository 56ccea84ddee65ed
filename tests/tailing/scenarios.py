"""Operations on a followed file, and what a follower must show: one function per scenario.

Each is played in lock-step and by real processes. `shows` says what must have been shown by then: all of it, once,
in order. The decorator says which events must be told, and what the machine's `tail -F` is known to do:
"ok", or L lost, D doubled, J jumbled, + dies, ~ late.
"""

from __future__ import annotations

import logging.handlers
import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from tests.tailing.stage import A, B, C, D, Stage, block


@dataclass(frozen=True)
class Scenario:
    name: str
    play: Callable[[Stage], None]
    events: list[str]
    tail: str
    as_process: bool


SCENARIOS: list[Scenario] = []


def scenario(
    number: str, *events: str, tail: str = "ok", as_process: bool = True
) -> Callable[[Callable[[Stage], None]], Callable[[Stage], None]]:
    def register(play: Callable[[Stage], None]) -> Callable[[Stage], None]:
        name = f"{number}_{play.__name__}"
        SCENARIOS.append(Scenario(name, play, list(events), tail, as_process))
        return play

    return register


def on_a(stage: Stage) -> None:
    """The follower has shown the existing block A."""
    stage.new(A)
    stage.start()
    stage.shows(A)


@scenario("01")
def appended_twice(s: Stage) -> None:
    on_a(s)
    s.append(B)
    s.shows(A, B)
    s.append(C)
    s.shows(A, B, C)


@scenario("02", "rotated")
def renamed_and_made_anew(s: Stage) -> None:
    on_a(s)
    s.move("app.log.1")
    s.new(B)
    s.shows(A, B)
    s.append(C)
    s.shows(A, B, C)


@scenario("03", "rotated")
def written_then_renamed_at_once(s: Stage) -> None:
    on_a(s)
    write = s.writer()
    s.stop()
    write(B)
    s.move("app.log.1")
    s.new(C)
    s.go_on()
    s.shows(A, B, C)


@scenario("04", "gone", "back", "rotated", tail="L")
def written_by_the_old_descriptor_before_the_new_file_is_made(s: Stage) -> None:
    on_a(s)
    write = s.writer()
    s.move("app.log.1")
    s.pause()
    write(B)
    s.shows(A, B)
    s.new(C)
    s.shows(A, B, C)


@scenario("05", "rotated", tail="L")
def written_by_the_old_descriptor_while_the_new_file_grows(s: Stage) -> None:
    on_a(s)
    write = s.writer()
    s.move("app.log.1")
    half = len(B) // 2
    half = B.index(b"\n", half) + 1
    s.new(B[:half])
    s.shows(A, B[:half])
    write(C)
    s.shows(A, B[:half], C)
    s.append(B[half:])
    s.shows(A, B[:half], C, B[half:])


@scenario("06", "rotated", tail="L")
def old_descriptor_written_after_the_new_file_was_made(s: Stage) -> None:
    on_a(s)
    write = s.writer()
    s.stop()
    s.move("app.log.1")
    s.new(C)
    write(B)
    s.go_on()
    s.shows(A, B, C)


@scenario("07", "truncated")
def copied_and_emptied(s: Stage) -> None:
    on_a(s)
    write = s.writer()
    shutil.copy(s.path, s.dir / "app.log.1")
    os.truncate(s.path, 0)
    write(C[:60])
    s.append(C[60:-1])
    s.append(C[-1:])
    s.shows(A, C)


@scenario("08", "truncated", tail="L")
def emptied_and_grown_to_the_same_size_unseen(s: Stage) -> None:
    on_a(s)
    s.stop()
    os.truncate(s.path, 0)
    s.append(B)
    s.go_on()
    s.shows(A, B)
    s.append(C)
    s.shows(A, B, C)


@scenario("09", "truncated", tail="L")
def emptied_and_grown_larger_unseen(s: Stage) -> None:
    on_a(s)
    s.stop()
    os.truncate(s.path, 0)
    s.append(B + C)
    s.go_on()
    s.shows(A, B, C)


@scenario("11", "truncated")
def emptied_then_written(s: Stage) -> None:
    on_a(s)
    os.truncate(s.path, 0)
    s.pause()
    s.append(B)
    s.shows(A, B)
    s.append(C)
    s.shows(A, B, C)


@scenario("12", "truncated", tail="D")
def last_lines_cut_off(s: Stage) -> None:
    s.new(A + B)
    s.start()
    s.shows(A, B)
    os.truncate(s.path, len(A))
    s.pause()
    s.append(C)
    s.shows(A, B, C)


@scenario("12b", "truncated", tail="D")
def last_lines_of_a_long_file_cut_off(s: Stage) -> None:
    long = block("long", 4000)
    s.new(long + B)
    s.start()
    s.shows(long, B)
    os.truncate(s.path, len(long) - 3000)
    s.pause()
    s.append(b"\n" + C)
    s.shows(long, B, b"\n", C)


@scenario("13", "truncated")
def first_lines_cut_off_in_place(s: Stage) -> None:
    s.new(A + B)
    s.start()
    s.shows(A, B)
    s.path.write_bytes(B)
    s.shows(A, B, B)
    s.append(C)
    s.shows(A, B, B, C)


@scenario("14", "gone", "back")
def removed_and_made_anew(s: Stage) -> None:
    on_a(s)
    s.path.unlink()
    s.pause()
    s.new(B)
    s.shows(A, B)
    s.append(C)
    s.shows(A, B, C)


@scenario("16", "replaced")
def removed_and_made_anew_at_once(s: Stage) -> None:
    on_a(s)
    s.stop()
    s.path.unlink()
    s.new(B)
    s.go_on()
    s.shows(A, B)
    s.append(C)
    s.shows(A, B, C)


@scenario("17", "gone", "back", tail="L")
def removed_but_still_written(s: Stage) -> None:
    on_a(s)
    write = s.writer()
    s.path.unlink()
    s.pause()
    write(B)
    s.shows(A, B)
    s.new(C)
    s.shows(A, B, C)


@scenario("18", "replaced")
def replaced_by_rename(s: Stage) -> None:
    on_a(s)
    s.new(B, s.dir / "tmp")
    (s.dir / "tmp").rename(s.path)
    s.shows(A, B)
    s.append(C)
    s.shows(A, B, C)


@scenario("19", "replaced", tail="D")
def replaced_by_the_same_text_and_more(s: Stage) -> None:
    on_a(s)
    s.new(A + B, s.dir / "tmp")
    (s.dir / "tmp").rename(s.path)
    s.shows(A, B)
    s.append(C)
    s.shows(A, B, C)


@scenario("20", "replaced", tail="~")
def link_switched(s: Stage) -> None:
    s.new(A, s.dir / "t1")
    s.path.symlink_to("t1")
    s.start()
    s.shows(A)
    s.new(B, s.dir / "t2")
    (s.dir / "link").symlink_to("t2")
    (s.dir / "link").rename(s.path)
    s.shows(A, B)
    s.append(C, s.dir / "t2")
    s.shows(A, B, C)


@scenario("22", "rotated", tail="~")
def rotated_behind_a_link(s: Stage) -> None:
    (s.dir / "real").mkdir()
    real = s.dir / "real" / "x"
    s.new(A, real)
    s.path.symlink_to("real/x")
    s.start()
    s.shows(A)
    real.rename(s.dir / "real" / "x.1")
    s.new(B, real)
    s.shows(A, B)
    s.append(C)
    s.shows(A, B, C)


@scenario("23", "rotated", tail="L")
def became_a_link(s: Stage) -> None:
    on_a(s)
    s.move("app.log.1")
    s.new(B, s.dir / "t")
    s.path.symlink_to("t")
    s.shows(A, B)
    s.append(C)
    s.shows(A, B, C)


@scenario("24", "gone", "back", "rotated", tail="L")
def became_a_dangling_link(s: Stage) -> None:
    on_a(s)
    s.move("app.log.1")
    s.path.symlink_to("t")
    s.pause()
    s.new(B, s.dir / "t")
    s.shows(A, B)
    s.append(C)
    s.shows(A, B, C)


def in_directory(s: Stage) -> Path:
    """The log is in a directory of its own."""
    s.path = s.dir / "sub" / "app.log"
    return s.path.parent


@scenario("25", "replaced", tail="L")
def directory_replaced(s: Stage) -> None:
    directory = in_directory(s)
    directory.mkdir()
    on_a(s)
    s.stop()
    directory.rename(s.dir / "sub.old")
    directory.mkdir()
    s.new(B)
    s.go_on()
    s.shows(A, B)
    s.append(C)
    s.shows(A, B, C)


@scenario("26", "gone", "back")
def directory_removed(s: Stage) -> None:
    directory = in_directory(s)
    directory.mkdir()
    on_a(s)
    shutil.rmtree(directory)
    s.pause()
    directory.mkdir()
    s.new(B)
    s.shows(A, B)
    s.append(C)
    s.shows(A, B, C)


@scenario("28", "gone", "back")
def missing_at_first(s: Stage) -> None:
    s.start()
    s.pause()
    s.new(A)
    s.shows(A)
    s.append(B)
    s.shows(A, B)


@scenario("29", "gone", "back")
def directory_missing_at_first(s: Stage) -> None:
    directory = in_directory(s)
    s.start()
    s.pause()
    directory.mkdir()
    s.new(A)
    s.shows(A)
    s.append(B)
    s.shows(A, B)


@scenario("30", "not-a-file", "back")
def became_a_directory(s: Stage) -> None:
    on_a(s)
    s.path.unlink()
    s.path.mkdir()
    s.pause()
    s.path.rmdir()
    s.new(B)
    s.shows(A, B)
    s.append(C)
    s.shows(A, B, C)


@scenario("31", "not-a-file", "back", tail="L+")
def became_a_fifo(s: Stage) -> None:
    on_a(s)
    # In one step: between two, tail -F would say that the file is gone, and that ends the pause.
    os.mkfifo(s.dir / "fifo")
    s.move("app.log", s.dir / "fifo")
    s.pause()
    s.path.unlink()
    s.new(B)
    s.shows(A, B)
    s.append(C)
    s.shows(A, B, C)


@scenario("32")
def permission_taken_and_given_back(s: Stage) -> None:
    on_a(s)
    s.path.chmod(0)
    s.append(B)
    s.shows(A, B)
    s.path.chmod(0o644)
    s.append(C)
    s.shows(A, B, C)


@scenario("34")
def line_written_in_two_parts(s: Stage) -> None:
    on_a(s)
    s.append(b"par")
    s.shows(A, b"par")
    s.append(b"tial\n")
    s.shows(A, b"partial\n")


@scenario("35", as_process=False)
def character_written_in_two_parts(s: Stage) -> None:
    on_a(s)
    s.append(b"x\xe4\xbd")
    s.shows(A, b"x")
    s.append(b"\xa0y\n")
    s.shows(A, b"x\xe4\xbd\xa0y\n")


@scenario("36")
def crlf_written_in_two_parts(s: Stage) -> None:
    on_a(s)
    s.append(b"one\r")
    s.shows(A, b"one\r")
    s.append(b"\ntwo\r\n")
    s.shows(A, b"one\r\ntwo\r\n")


@scenario("37", "truncated", "hole", tail="J")
def emptied_under_a_writer_that_keeps_its_offset(s: Stage) -> None:
    s.new(b"")
    write = s.writer(flags=0)
    write(A[:60])
    s.start()
    s.shows(A[:60])
    os.truncate(s.path, 0)
    s.pause()
    write(B)
    s.shows(A[:60], B)
    write(C)
    s.shows(A[:60], B, C)


@scenario("38", "truncated", "hole")
def emptied_under_a_writer_that_keeps_its_offset_at_once(s: Stage) -> None:
    s.new(b"")
    write = s.writer(flags=0)
    write(A[:60])
    s.start()
    s.shows(A[:60])
    s.stop()
    os.truncate(s.path, 0)
    write(B)
    s.go_on()
    s.shows(A[:60], B)
    write(C)
    s.shows(A[:60], B, C)


@scenario("39", "rotated", as_process=False)
def last_line_without_end_then_rotated(s: Stage) -> None:
    s.new(A + b"last")
    s.start()
    s.shows(A, b"last")
    s.move("app.log.1")
    s.new(B)
    s.shows(A, b"last", B)


@scenario("40", "truncated", as_process=False)
def last_line_without_end_then_emptied(s: Stage) -> None:
    s.new(A + b"last")
    s.start()
    s.shows(A, b"last")
    os.truncate(s.path, 0)
    s.shows(A, b"last")
    s.append(B)
    s.shows(A, b"last", B)


@scenario("41")
def line_of_8_mib(s: Stage) -> None:
    on_a(s)
    line = b"x" * (8 * 1024 * 1024) + b"\n"
    s.append(line)
    s.append(B)
    s.shows(A, line, B)


@scenario("42")
def bytes_that_are_no_utf8(s: Stage) -> None:
    on_a(s)
    s.append(b"\xff\xfe\x80 bad \xc3(\n" + B)
    s.shows(A, b"\xff\xfe\x80 bad \xc3(\n", B)


@scenario("43", "rotated", "rotated", tail="L")
def rotated_twice_unseen(s: Stage) -> None:
    on_a(s)
    s.stop()
    s.move("app.log.1")
    s.new(B)
    s.move("app.log.2", s.dir / "app.log.1")
    s.move("app.log.1")
    s.new(C)
    s.go_on()
    s.shows(A, B, C)


@scenario("43b", "rotated", "rotated", "rotated", tail="L")
def rotated_three_times_unseen_with_dates(s: Stage) -> None:
    on_a(s)
    s.stop()
    for day, data in enumerate((B, C, D)):
        s.move(f"app.log-2026-01-0{day + 1}")
        s.new(data)
    s.go_on()
    s.shows(A, B, C, D)


@scenario("44", "rotated")
def notifications_lost_by_overflow(s: Stage) -> None:
    on_a(s)
    s.stop()
    for number in range(9000):
        other = s.dir / f"other{number}"
        other.touch()
        other.unlink()
    s.move("app.log.1")
    s.new(B)
    s.go_on()
    s.shows(A, B)


@scenario("46")
def time_set_back(s: Stage) -> None:
    on_a(s)
    os.utime(s.path, (1_000_000_000, 1_000_000_000))
    s.append(B)
    s.shows(A, B)
    os.utime(s.path, (1_000_000_000, 1_000_000_000))
    s.shows(A, B)


@scenario("47")
def touched(s: Stage) -> None:
    on_a(s)
    s.path.touch()
    s.pause()
    s.path.touch()
    s.append(B)
    s.shows(A, B)


@scenario("49", "replaced")
def hard_link_replaced(s: Stage) -> None:
    s.new(A, s.dir / "g1")
    s.path.hardlink_to(s.dir / "g1")
    s.start()
    s.shows(A)
    s.new(B, s.dir / "g2")
    (s.dir / "tmp").hardlink_to(s.dir / "g2")
    (s.dir / "tmp").rename(s.path)
    s.shows(A, B)
    s.append(C, s.dir / "g2")
    s.shows(A, B, C)


@scenario("50")
def appended_through_another_hard_link(s: Stage) -> None:
    on_a(s)
    (s.dir / "other").hardlink_to(s.path)
    s.append(B, s.dir / "other")
    s.shows(A, B)


@scenario("51", tail="J")
def written_through_a_memory_map(s: Stage) -> None:
    import mmap

    on_a(s)
    os.truncate(s.path, 4096)
    s.shows(A)
    with s.path.open("r+b") as file, mmap.mmap(file.fileno(), 4096) as memory:
        memory[len(A) : len(A) + len(B)] = B
        s.shows(A, B)


@scenario("54", *["rotated"] * 30, as_process=False)
def rotated_thirty_times(s: Stage) -> None:
    on_a(s)
    shown = [A]
    for number in range(30):
        shown.append(block(f"round {number}"))
        s.append(shown[-1])
        s.shows(*shown)
        s.move(f"app.log.{1000 - number}")
        s.new(b"")
        s.shows(*shown)


@scenario("55", as_process=False)
def rotating_file_handler(s: Stage) -> None:
    handler = logging.handlers.RotatingFileHandler(s.path, maxBytes=20_000, backupCount=5)
    s.start()
    lines = []
    for number in range(600):
        for part in range(10):
            line = f"line {number}.{part} of a handler that rotates"
            handler.emit(logging.LogRecord("x", logging.INFO, "x", 1, line, None, None))
            lines.append(line)
        s.poll()  # type: ignore[attr-defined]
    handler.close()
    s.shows("".join(f"{line}\n" for line in lines).encode())


@scenario("59", *["truncated"] * 5, as_process=False)
def rewritten_with_lines_of_equal_length(s: Stage) -> None:
    lines = [f"state {number}\n".encode() for number in range(6)]
    s.path.write_bytes(lines[0])
    s.start()
    for number in range(1, 6):
        s.shows(*lines[:number])
        s.path.write_bytes(lines[number])
    s.shows(*lines)


@scenario("64", "replaced", tail="~")
def line_edited_by_sed(s: Stage) -> None:
    on_a(s)
    edited = A.replace(b"A line 3 of 10", b"edited")
    s.new(edited, s.dir / "sedtmp")
    (s.dir / "sedtmp").rename(s.path)
    s.shows(A, edited)
    s.append(C)
    s.shows(A, edited, C)


@scenario("65", "overwritten", tail="~")
def first_byte_overwritten(s: Stage) -> None:
    on_a(s)
    with s.path.open("r+b") as file:
        file.write(b"Z")
    s.shows(A, b"Z" + A[1:])
    s.append(C)
    s.shows(A, b"Z" + A[1:], C)


@scenario("67", "replaced")
def rotated_and_compressed_unseen(s: Stage) -> None:
    import gzip

    on_a(s)
    write = s.writer()
    s.stop()
    write(B)
    old = s.move("app.log.1")
    s.new(C)
    (s.dir / "app.log.1.gz").write_bytes(gzip.compress(old.read_bytes()))
    old.unlink()
    s.go_on()
    s.shows(A, B, C)


@scenario("68")
def first_byte_of_a_long_file_overwritten(s: Stage) -> None:
    long = block("long", 2000)
    s.new(long)
    s.start()
    s.shows(long)
    with s.path.open("r+b") as file:
        file.write(b"Z")
    s.append(C)
    s.shows(long, C)


@scenario("70")
def characters_that_splitlines_would_cut_at(s: Stage) -> None:
    on_a(s)
    s.append("a\u2028b\x0bc\x0cd\x85e\x1cf\n".encode() + B)
    s.shows(A, "a\u2028b\x0bc\x0cd\x85e\x1cf\n".encode(), B)


@scenario("74")
def progress_text_without_line_end(s: Stage) -> None:
    on_a(s)
    progress = b"".join(b"\rat %8d" % number for number in range(1_000_000))
    s.append(progress)
    s.shows(A, progress)


@scenario("77")
def last_line_completed_later(s: Stage) -> None:
    on_a(s)
    s.append(B[:25])
    s.shows(A, B[:25])
    s.append(B[25:])
    s.shows(A, B)


@scenario("88", "gone", "back")
def renamed_away_and_back(s: Stage) -> None:
    on_a(s)
    away = s.move("elsewhere")
    s.pause()
    s.append(B, away)
    s.shows(A, B)
    away.rename(s.path)
    s.append(C)
    s.shows(A, B, C)


@scenario("89", "recovered", "truncated", tail="L")
def copytruncate_with_lines_unread(s: Stage) -> None:
    on_a(s)
    s.stop()
    s.append(B)
    shutil.copy(s.path, s.dir / "app.log.1")
    os.truncate(s.path, 0)
    s.append(C)
    s.go_on()
    s.shows(A, B, C)


@scenario("90", "truncated", "rotated", tail="L")
def emptied_and_rotated_unseen(s: Stage) -> None:
    on_a(s)
    s.stop()
    os.truncate(s.path, 0)
    s.append(B)
    s.move("app.log.1")
    s.new(C)
    s.go_on()
    s.shows(A, B, C)


@scenario("91", "recovered", "truncated", "truncated", tail="L")
def copytruncate_twice_unseen(s: Stage) -> None:
    on_a(s)
    s.stop()
    s.append(B)
    shutil.copy(s.path, s.dir / "app.log.1")
    os.truncate(s.path, 0)
    s.append(C)
    s.move("app.log.2", s.dir / "app.log.1")
    shutil.copy(s.path, s.dir / "app.log.1")
    os.truncate(s.path, 0)
    s.append(D)
    s.go_on()
    s.shows(A, B, C, D)


@scenario("92", "rotated")
def copied_by_hand_then_rotated_unseen(s: Stage) -> None:
    long = block("long", 100)
    s.new(long)
    s.start()
    s.shows(long)
    s.stop()
    shutil.copy(s.path, s.dir / "app.log.bak")
    s.append(B)
    s.move("app.log.1")
    s.new(C)
    s.go_on()
    s.shows(long, B, C)


@scenario("93", *["rotated"] * 20, tail="L")
def rotated_twenty_times_unseen(s: Stage) -> None:
    on_a(s)
    s.stop()
    shown = [A]
    for number in range(20):
        for older in range(number, 0, -1):
            s.move(f"app.log.{older + 1}", s.dir / f"app.log.{older}")
        s.move("app.log.1")
        shown.append(block(f"round {number}", 2000))
        s.new(shown[-1])
    s.go_on()
    s.shows(*shown)
