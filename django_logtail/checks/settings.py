"""Whether the LOGTAIL dict is valid."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from django.core.checks import CheckMessage, Error, Warning
from django.core.exceptions import ImproperlyConfigured

from django_logtail import access
from django_logtail.checks.configured import value_of
from django_logtail.conf import SETTINGS, conf
from django_logtail.conf import declared as declared_settings
from django_logtail.formats.given import BadFormat, compiled


def check_settings(app_configs: object, **kwargs: object) -> list[CheckMessage]:
    try:
        written = declared_settings()
    except ImproperlyConfigured as error:
        return [
            Error(f"{error}.", hint='Write LOGTAIL = {"ROOTS": ["/var/log/myproject"]}.', id="logtail.E001")
        ]
    return [*_unknown_keys(written), *_wrong_values()]


def _unknown_keys(written: Mapping[str, Any]) -> Iterator[CheckMessage]:
    for name in written:
        if name in SETTINGS:
            continue
        close = difflib.get_close_matches(str(name).upper(), SETTINGS, n=1)
        hint = f"Did you mean {close[0]!r}?" if close else f"The keys are {', '.join(SETTINGS)}."
        yield Error(f"LOGTAIL has an unknown key {name!r}.", hint=hint, id="logtail.E002")


def _wrong_values() -> Iterator[CheckMessage]:
    for name, key in SETTINGS.items():
        try:
            getattr(conf, name)
        except ImproperlyConfigured as error:
            yield Error(f"{error}.", hint=f"{key.why} Default: {key.default!r}.", id="logtail.E003")


def check_roots(app_configs: object, **kwargs: object) -> list[CheckMessage]:
    roots = value_of("ROOTS")
    if roots is None:
        return []
    if not roots:
        return [
            Warning(
                'LOGTAIL["ROOTS"] is empty, so no log can be registered or read.',
                hint='List the directories of your logs: LOGTAIL = {"ROOTS": ["/var/log/myproject"]}.',
                id="logtail.W001",
            )
        ]
    found: list[CheckMessage] = []
    for root in roots:
        if root == Path(root.anchor):
            found.append(
                Warning(
                    f'LOGTAIL["ROOTS"] contains {str(root)!r}, so anyone who can register logs can read any file.',
                    hint="List the directories of your logs instead.",
                    id="logtail.W002",
                )
            )
        elif not root.is_dir():
            found.append(
                Warning(
                    f'LOGTAIL["ROOTS"] contains {str(root)!r}, which is not a directory on this host.',
                    hint="Create it or correct its name. If only other hosts have it, silence this check here.",
                    id="logtail.W003",
                )
            )
    return found


def check_access_policy(app_configs: object, **kwargs: object) -> list[CheckMessage]:
    if value_of("ACCESS_POLICY") is None:
        return []
    try:
        found = type(access.policy())
    except ImproperlyConfigured as error:
        hint = "Give the dotted path of a subclass of django_logtail.access.AccessPolicy."
        return [Error(f"{error}.", hint=hint, id="logtail.E005")]
    if (
        found.may_view is not access.AccessPolicy.may_view
        and found.visible_logs is access.AccessPolicy.visible_logs
    ):
        return [
            Warning(
                f"{conf.ACCESS_POLICY} overrides may_view but not visible_logs, so users see logs in the list "
                "that they can't open.",
                hint="Override visible_logs; may_view follows it.",
                id="logtail.W004",
            )
        ]
    return []


def check_id_patterns(app_configs: object, **kwargs: object) -> list[CheckMessage]:
    found: list[CheckMessage] = []
    for pattern in value_of("ID_PATTERNS") or ():
        try:
            compiled(pattern)
        except BadFormat as error:
            if error.code == "no-re2":
                continue
            found.append(
                Error(
                    f'LOGTAIL["ID_PATTERNS"] contains {pattern!r}, which pages can\'t use. {error}',
                    hint="Write it as RE2 reads it: without look-around and back-references.",
                    id="logtail.E015",
                )
            )
    return found


def check_source_url(app_configs: object, **kwargs: object) -> list[CheckMessage]:
    url, roots = value_of("SOURCE_URL"), value_of("SOURCE_ROOTS")
    if url is None or roots is None:
        return []
    found: list[CheckMessage] = []
    if not roots:
        found.append(
            Warning(
                'LOGTAIL["SOURCE_URL"] is set, but the directory of the project\'s source is not known.',
                hint='Set LOGTAIL["SOURCE_ROOTS"] to it, as it appears in tracebacks. Until then only frames with '
                "relative paths are links.",
                id="logtail.W011",
            )
        )
    if "{line}" not in url:
        found.append(
            Warning(
                f'LOGTAIL["SOURCE_URL"] is {url!r}, which has no {{line}}, so links lead to a file and not to a line.',
                hint="Put {line} where your code host has the line: #L{line} on GitHub and GitLab, "
                "#lines-{line} on Bitbucket.",
                id="logtail.W012",
            )
        )
    return found
