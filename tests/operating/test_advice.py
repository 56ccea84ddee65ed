"""What an operator is told to do about a log."""

import pytest

from django_logtail.models import Log
from django_logtail.operating.advice import next_step
from django_logtail.states import log_state


@pytest.mark.parametrize(
    ("path", "follow", "step"),
    [
        ("/l/app.log", "", "It is followed as soon as it appears."),
        ("/l/cpu-100%.log", "", "It is followed as soon as it appears."),
        ("/l/app-%Y.log", "newest", "It is followed as soon as a file matches."),
        (
            "/l/app-%Y.log",
            "",
            "To follow the files that this pattern matches, set “follow” of this log in the admin.",
        ),
        (
            "/l/*.log",
            "",
            "To follow the files that this pattern matches, set “follow” of this log in the admin.",
        ),
    ],
)
def test_a_file_that_is_missing_is_told_from_a_pattern(path: str, follow: str, step: str) -> None:
    state = log_state("missing")
    assert state is not None

    assert next_step(Log(path=path, follow=follow), state) == step
