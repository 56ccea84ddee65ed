import pytest
from django.utils import translation

from django_logtail.amounts import size_in_words

#: tests/js/ui/sizes.test.js has the page's.
WORDS = [
    (0, "0 B"),
    (999, "999 B"),
    (1_000, "1.0 kB"),
    (1_024, "1.0 kB"),
    (1_050, "1.1 kB"),
    (99_940, "99.9 kB"),
    (100_000, "100 kB"),
    (999_999, "1000 kB"),
    (1_000_000, "1.0 MB"),
    (5_368_709_120, "5.4 GB"),
    (2_000_000_000_000_000, "2000 TB"),
]


@pytest.mark.parametrize(("size", "words"), WORDS)
def test_sizes_are_said_in_units_of_a_thousand(size: int, words: str) -> None:
    assert size_in_words(size) == words.replace(" ", "\xa0")


def test_they_are_written_as_the_language_writes_numbers() -> None:
    with translation.override("de"):
        assert size_in_words(1_300) == "1,3\xa0kB"
