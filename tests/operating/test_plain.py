"""Text from others on a terminal."""

import pytest

from django_logtail.operating.plain import visible


@pytest.mark.parametrize(
    ("text", "seen"),
    [
        ("app.log 漢字 é ✓", "app.log 漢字 é ✓"),
        ("a\x1b[31mb", "a\\x1b[31mb"),
        ("a\nb\tc\r", "a\\nb\\tc\\r"),
        ("a\u202eb\u2028", "a\\u202eb\\u2028"),
        ('it\'s "x" \\n', 'it\'s "x" \\n'),
        ("", ""),
    ],
)
def test_what_would_do_something_on_a_terminal_is_written_out(text, seen):
    assert visible(text) == seen
