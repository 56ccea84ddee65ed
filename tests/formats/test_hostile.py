"""Lines made to keep the host busy: each ends in time linear in its length."""

from __future__ import annotations

import json

from django_logtail.formats.escapes import plain
from django_logtail.formats.fields import fields_of_json
from django_logtail.formats.shape import fields_of


def test_window_titles_that_do_not_end_are_text() -> None:
    assert len(plain("\x9d" * 65_000)) == 65_000


def test_brackets_of_a_request_that_do_not_close_are_words() -> None:
    line = '1.2.3.4 - - [28/Nov/2026:15:52:47 +0000] "GET / HTTP/1.1" 200 1 ' + "[ " * 32_000

    fields = fields_of(line)

    assert fields is not None
    assert ("status", "200") in fields


def test_brackets_in_strings_do_not_make_json_deep() -> None:
    said = fields_of_json(json.dumps({"level": "error", "x": "{[" * 2_000 + '\\"'}))

    assert said is not None
    assert said.level == "E"


def test_objects_beside_closing_brackets_in_a_string_are_not_taken_apart() -> None:
    line = '{"x":"' + "}" * 400 + '","a":' + '{"a":' * 400 + "1" + "}" * 401

    assert fields_of_json(line) is None
