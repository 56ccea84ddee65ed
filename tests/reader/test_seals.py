"""Ids of files as they leave the reader."""

from __future__ import annotations

import pytest
from django.test import override_settings

from django_logtail.place import Place
from django_logtail.reader.seals import Seals

FILE = "fe00-230118-18ec4abdd30a6fbd-100-e4a6a0577479b2b4-a33e57"


def test_an_id_comes_back_as_it_was() -> None:
    sealed = Seals("7").seal(FILE)

    assert Seals("7").open(sealed) == FILE
    assert Seals("7").seal(FILE) == sealed
    assert len(Seals("7").seal("f" * 120)) <= 200


def test_an_id_tells_nothing_of_its_file() -> None:
    sealed = Seals("7").seal(FILE)

    assert "230118" not in sealed
    assert sealed.isascii()
    assert Seals("8").seal(FILE) != sealed


@pytest.mark.parametrize("text", [FILE, "", "?", "é", "A" * 200, "AAAA", Seals("8").seal(FILE)])
def test_what_was_not_sealed_for_this_log_is_no_file_and_goes_back_as_it_came(text: str) -> None:
    seals = Seals("7")

    opened = seals.open(text)

    assert opened == "?" + text
    assert seals.seal(opened) == text


def test_no_letter_of_an_id_can_be_changed() -> None:
    sealed = Seals("7").seal(FILE)

    for at in range(0, len(sealed) - 1, 5):
        forged = sealed[:at] + ("A" if sealed[at] != "A" else "B") + sealed[at + 1 :]
        assert Seals("7").open(forged) == "?" + forged


def test_a_key_that_was_changed_is_accepted_and_its_ids_leave_as_they_came() -> None:
    with override_settings(SECRET_KEY="old"):
        sealed = Seals("7").seal(FILE)

    with override_settings(SECRET_KEY="new", SECRET_KEY_FALLBACKS=["old"]):
        seals = Seals("7")
        place = seals.open_place(Place(sealed, 5))
        assert place == Place(FILE, 5)
        assert seals.seal_place(place) == Place(sealed, 5)
        assert Seals("7").seal(FILE) != sealed

    with override_settings(SECRET_KEY="new"):
        assert Seals("7").open(sealed) == "?" + sealed


@pytest.mark.parametrize("length", [49, 50, 51])
def test_an_id_has_one_spelling(length: int) -> None:
    sealed = Seals("7").seal(FILE[:length])
    letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"

    others = [sealed[:-1] + letter for letter in letters if letter != sealed[-1]]
    others += [sealed + "=", sealed + "\n", sealed[:9] + "!" + sealed[9:], f" {sealed}"]

    assert [other for other in others if Seals("7").open(other) != f"?{other}"] == []
