"""Scripts and styles under one version."""

import os
from pathlib import Path
from typing import Any

import pytest

from django_logtail.page import assets as module
from django_logtail.page.assets import Assets, assets

FILES = {
    "define.js": b"import { a } from './a.js';\nconsole.log(a);\n",
    "a.js": b"export const a = 1;\n",
    "x.css": b"p {}\n",
}


@pytest.mark.parametrize(
    "changed",
    [
        {**FILES, "a.js": b"export const a = 2;\n"},
        {**FILES, "x.css": b"p { }\n"},
        {**FILES, "more.js": b""},
        {"define.js": FILES["define.js"], "a.js": FILES["a.js"], "y.css": FILES["x.css"]},
        {"define.js": FILES["define.js"], "a.js": FILES["a.js"]},
    ],
)
def test_a_change_of_any_file_changes_the_version(changed: dict[str, bytes]) -> None:
    assert Assets(changed).version != Assets(FILES).version


def test_the_same_files_have_the_same_version_in_each_process() -> None:
    other_order = dict(reversed(FILES.items()))

    assert Assets(other_order).version == Assets(FILES).version
    assert len(Assets(FILES).version) == 16


def test_a_script_that_pages_begin_with_is_one_file_with_what_it_imports() -> None:
    body = Assets(FILES).body("joined/define.js")

    assert body is not None
    assert b"const a = 1;" in body.content
    assert b"console.log(a);" in body.content


def test_a_body_is_compressed_once(monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[bytes] = []
    monkeypatch.setattr(module, "_ENCODERS", {"gzip": lambda content: made.append(content) or b"small"})
    kept = Assets(FILES)

    bodies = [kept.body("x.css", "gzip") for _ in range(3)] + [kept.body("x.css", "zstd, gzip")]

    assert [body.content for body in bodies if body] == [b"small"] * 4
    assert made == [b"p {}\n"]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name, content in FILES.items():
        (tmp_path / name).write_bytes(content)
    monkeypatch.setattr(module, "FOLDER", tmp_path)
    module._read.cache_clear()
    yield tmp_path
    module._read.cache_clear()


def changed_later(file: Path, content: bytes) -> None:
    before = file.stat().st_mtime_ns
    file.write_bytes(content)
    os.utime(file, ns=(before + 1, before + 1))


def test_in_development_a_file_is_read_again_when_it_has_changed(folder: Path, settings: Any) -> None:
    settings.DEBUG = True
    before = assets()

    again = assets()
    changed_later(folder / "x.css", b"q {}\n")
    after = assets()

    assert again is before
    assert after.version != before.version
    assert after.body("x.css").content == b"q {}\n"


def test_in_production_a_process_serves_what_it_began_with(folder: Path, settings: Any) -> None:
    settings.DEBUG = False
    before = assets()

    changed_later(folder / "x.css", b"q {}\n")

    assert assets() is before
    assert assets().body("x.css").content == b"p {}\n"
