"""Whether the rules of `LOGTAIL["REDACT"]` can be used."""

from __future__ import annotations

from typing import Final

from django.core.checks import CheckMessage, Error, Warning

from django_logtail.checks.configured import value_of
from django_logtail.redaction.ready_made import LEAST_VALUE_CHARACTERS
from django_logtail.redaction.rules import OWN, RuleFailed
from django_logtail.redaction_rules import own_values, tried_rule
from django_logtail.tailing.text.matching import has_regex

_ADVICE: Final = "Correct it or remove it."
_WITHOUT_RE2: Final = (
    "Install RE2 on each host that reads files, and restart the readers.\npip install google-re2"
)


def check_redaction(app_configs: object, **kwargs: object) -> list[CheckMessage]:
    found: list[CheckMessage] = []
    given = value_of("REDACT") or ()
    for one in given:
        try:
            tried_rule(one)
        except RuleFailed as error:
            found.append(
                Error(
                    f'The rule {error.rule!r} of LOGTAIL["REDACT"] can\'t be used: {error}.',
                    hint=_ADVICE if has_regex() or not one.pattern else _WITHOUT_RE2,
                    id="logtail.E030",
                )
            )
    if any(one.ready == OWN for one in given) and any(
        len(value) < LEAST_VALUE_CHARACTERS for value in own_values()
    ):
        found.append(
            Warning(
                f"SECRET_KEY or a database's password has fewer than {LEAST_VALUE_CHARACTERS} characters, so "
                'LOGTAIL["REDACT"] doesn\'t hide it: it would be found inside words.',
                hint="Choose a longer one.",
                id="logtail.W023",
            )
        )
    return found
