import json
import random
from pathlib import Path

import pytest

from example_project.demo.writers import (
    DEMO_LOGS,
    EARLIER_LINES,
    KEPT_FILES,
    DemoLog,
    append,
    rotate_by_copy,
    rotate_by_name,
    write_earlier,
    write_for_ever,
)

SLUGS = [log.slug for log in DEMO_LOGS]


@pytest.mark.parametrize("log", DEMO_LOGS, ids=SLUGS)
def test_every_log_begins_with_a_backlog_in_its_encoding(tmp_path: Path, log: DemoLog) -> None:
    write_earlier(tmp_path, random.Random(1))

    lines = (tmp_path / log.file_name).read_bytes().decode(log.encoding).splitlines()

    assert len(lines) >= EARLIER_LINES


def test_the_gbk_log_is_not_utf_8(tmp_path: Path) -> None:
    write_earlier(tmp_path, random.Random(1))

    with pytest.raises(UnicodeDecodeError):
        (tmp_path / "till.log").read_bytes().decode()


def test_the_django_log_has_tracebacks(tmp_path: Path) -> None:
    write_earlier(tmp_path, random.Random(1))

    assert "Traceback (most recent call last):" in (tmp_path / "django.log").read_text()


def test_the_json_log_is_one_object_a_line(tmp_path: Path) -> None:
    write_earlier(tmp_path, random.Random(1))

    assert all("level" in json.loads(line) for line in (tmp_path / "mail.jsonl").read_text().splitlines())


def test_rotation_by_name_keeps_the_newest_files(tmp_path: Path) -> None:
    path = tmp_path / "a.log"

    for number in range(KEPT_FILES + 3):
        append(path, "utf-8", [f"{number}"])
        rotate_by_name(path)

    assert sorted(file.name for file in tmp_path.iterdir()) == ["a.log.1", "a.log.2", "a.log.3"]
    assert (tmp_path / "a.log.1").read_text() == f"{KEPT_FILES + 2}\n"


def test_rotation_by_copy_empties_the_same_file(tmp_path: Path) -> None:
    path = tmp_path / "a.log"
    append(path, "utf-8", ["line"])
    inode = path.stat().st_ino

    rotate_by_copy(path)

    assert (path.stat().st_ino, path.stat().st_size) == (inode, 0)
    assert (tmp_path / "a.log.1").read_text() == "line\n"


def test_a_full_log_is_rotated_and_stays(tmp_path: Path) -> None:
    write_earlier(tmp_path, random.Random(1))
    django = tmp_path / "django.log"
    append(django, "utf-8", ["x" * 64_000])

    next(write_for_ever(tmp_path, random.Random(1)))

    assert django.stat().st_size == 0
    assert (tmp_path / "django.log.1").exists()
