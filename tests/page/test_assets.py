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


@pytest.mark.parametrize(
    ("header", "encoding"),
    [
        ("", ""),
        ("gzip", "gzip"),
        ("GZip", "gzip"),
        ("gzip, br", "br"),
        ("gzip;q=1.0, br;q=0.5", "br"),
        ("gzip, br;q=0", "gzip"),
        ("gzip ; q=0.0, br;q=0.00", ""),
        ("gzip;q=0.01", "gzip"),
        ("gzip;level=9", "gzip"),
        ("identity, deflate", ""),
    ],
)
def test_a_client_gets_the_best_encoding_that_it_takes(
    header: str, encoding: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_ENCODERS", {"br": lambda content: b"br", "gzip": lambda content: b"gz"})

    body = Assets(FILES).body("x.css", header)

    assert body is not None
    assert (body.encoding, body.content) == (encoding, {"": b"p {}\n", "br": b"br", "gzip": b"gz"}[encoding])


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("x.css", "text/css; charset=utf-8"),
        ("a.js", "text/javascript; charset=utf-8"),
        ("joined/define.js", "text/javascript; charset=utf-8"),
        ("joined/define.js.map", "application/json"),
        ("icon.svg", "image/svg+xml"),
    ],
)
def test_each_file_has_its_type(name: str, kind: str) -> None:
    body = Assets({**FILES, "icon.svg": b"<svg/>"}).body(name)

    assert body is not None
    assert body.content_type == kind


def test_two_encodings_of_a_file_have_two_tags_and_another_file_has_another(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "_ENCODERS", {"gzip": lambda content: content})
    kept = Assets({"x.css": b"p {}\n", "y.css": b"q {}\n"})

    tags = [
        body.etag for body in (kept.body("x.css"), kept.body("x.css", "gzip"), kept.body("y.css")) if body
    ]

    assert tags == ['"c9dd3e1410d359b4"', '"c9dd3e1410d359b4-gzip"', '"e9912d21fb1e12f2"']


def test_a_name_that_no_file_has_is_not_found_and_only_first_scripts_are_joined() -> None:
    kept = Assets(FILES)

    assert [kept.body(name) for name in ("none.js", "joined/a.js", "")] == [None, None, None]


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
