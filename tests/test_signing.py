"""What is signed with the project's keys."""

import pytest
from django.test import override_settings

from django_logtail.signing import is_signed, keys_for, signatures


def test_a_purpose_has_one_key_for_each_secret_and_the_current_one_is_first():
    with override_settings(SECRET_KEY="new", SECRET_KEY_FALLBACKS=["old", "older"]):
        rotated = keys_for("wants")
    with override_settings(SECRET_KEY="old", SECRET_KEY_FALLBACKS=[]):
        before = keys_for("wants")

    assert len(rotated) == 3
    assert len(before) == 1
    assert rotated[1] == before[0]
    assert len(set(rotated)) == 3


def test_no_two_purposes_share_a_key():
    assert keys_for("wants") != keys_for("mailboxes")


def test_a_key_stays_what_it_is_from_release_to_release():
    with override_settings(SECRET_KEY="secret", SECRET_KEY_FALLBACKS=[]):
        key = keys_for("wants")[0]

    assert key.hex() == "3d15f8b8e161d2f29a197f5d59d4bdeb3d31f48fb24cd32d7785f6044b96cd8f"


@pytest.mark.parametrize(
    ("writer", "reader"),
    [
        ((b"new", [b"old"]), (b"old", [])),
        ((b"old", []), (b"new", [b"old"])),
        ((b"new", [b"old"]), (b"new", [])),
        ((b"new", []), (b"new", [b"old"])),
    ],
)
def test_processes_before_and_after_a_rotation_read_each_other(writer, reader):
    with override_settings(SECRET_KEY=writer[0], SECRET_KEY_FALLBACKS=writer[1]):
        found = signatures("wants", b"text")
    with override_settings(SECRET_KEY=reader[0], SECRET_KEY_FALLBACKS=reader[1]):
        assert is_signed("wants", found, b"text")


@pytest.mark.parametrize(
    "parts", [(b"abc",), (b"a", b"bc"), (b"ab", b"c", b""), (b"c", b"ab"), (b"ab", b"d")]
)
def test_other_parts_or_parts_cut_elsewhere_are_not_signed(parts):
    found = signatures("wants", b"ab", b"c")

    assert is_signed("wants", found, b"ab", b"c")
    assert not is_signed("wants", found, *parts)


def test_a_signature_of_another_purpose_or_secret_counts_for_nothing():
    found = signatures("wants", b"text")

    assert not is_signed("mailboxes", found, b"text")
    assert not is_signed("wants", [], b"text")
    assert not is_signed("wants", [b""], b"text")
    with override_settings(SECRET_KEY="another project's"):
        assert not is_signed("wants", found, b"text")
