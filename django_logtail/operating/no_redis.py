"""What operators see when Redis does not respond, or refuses."""

from __future__ import annotations

from django.utils.translation import gettext

from django_logtail.control import ControlUnavailable


def told(error: ControlUnavailable) -> str:
    """What is wrong and what to do, in the request's language; for a command, in English."""
    words = {"error": str(error).rstrip(".")}
    if error.is_answer:
        return (
            gettext("Redis refused a command: %(error)s. “manage.py logtail_doctor” says what to do.") % words
        )
    return (
        gettext(
            "Redis does not respond: %(error)s. Check that it is running; “manage.py logtail_doctor” shows its address."
        )
        % words
    )
