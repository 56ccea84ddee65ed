"""How much of its host one reader may use."""

from dataclasses import asdict

from django_logtail.reader.limits import Limits


def test_a_reader_that_is_told_no_limits_is_held_up_by_none() -> None:
    limits = asdict(Limits())
    del limits["files_in_use"]

    assert limits == {
        "bytes_per_second": 1_000_000_000_000,
        "bytes_per_second_per_log": 1_000_000_000_000,
        "logs": 100_000,
        "open_files": 1_000_000,
        "history_jobs": 4,
        "search_bytes_per_second": 1_000_000_000_000,
        "search_processor_percent": 1_000,
        "searches_per_user": 8,
        "history_bytes_per_second_per_user": 1_000_000_000_000,
        "answer_processor_percent_per_user": 1_000,
        "prompt_processor_percent": 0,
        "process_files": 1_000_000_000,
    }
