"""The reference says what the code does: each key, each command, each option, and the snippets of the how-to pages."""

import argparse
import re
from pathlib import Path
from typing import Any

import pytest
from django.core.management import get_commands, load_command_class

from django_logtail.access import AccessPolicy
from django_logtail.conf import Conf, Key
from django_logtail.declared import FIELDS, MEMBERS, declaration
from tests.stack import CHECKOUT

DOCS = CHECKOUT / "docs"
KEYS = {name: key for name, key in vars(Conf).items() if isinstance(key, Key)}
COMMANDS = sorted(name for name, app in get_commands().items() if app == "django_logtail")


def sections(page: Path) -> dict[str, str]:
    """The text under each heading of the second level, by heading, in order."""
    _, *parts = re.split(r"^## (.+)$", page.read_text(), flags=re.MULTILINE)
    return dict(zip(parts[::2], parts[1::2], strict=True))


def snippet(page: Path, name: str) -> str:
    found = re.search(rf"<!-- {name} -->\n```python\n(.*?)```", page.read_text(), re.DOTALL)
    assert found
    return found[1]


def test_the_settings_page_has_every_key_in_order_and_no_other() -> None:
    assert list(sections(DOCS / "reference" / "settings.md")) == list(KEYS)


@pytest.mark.parametrize("name", KEYS)
def test_the_settings_page_says_of_a_key_what_the_code_says(name: str) -> None:
    text = sections(DOCS / "reference" / "settings.md")[name]

    assert " ".join(text.split("- Value:")[0].split()).startswith(KEYS[name].why)
    assert f"- Value: {KEYS[name].unit}\n" in text
    assert f"- Default: `{KEYS[name].default!r}`\n" in text


def test_the_commands_page_has_every_command_and_no_other() -> None:
    assert sorted(sections(DOCS / "reference" / "commands.md")) == COMMANDS


@pytest.mark.parametrize("name", COMMANDS)
def test_the_commands_page_has_every_argument_of_a_command_and_no_other(name: str) -> None:
    parser = load_command_class("django_logtail", name).create_parser("manage.py", name)
    common = {action.dest for action in argparse_of_no_command()._actions}
    arguments = [
        action.option_strings[-1] if action.option_strings else str(action.metavar or action.dest)
        for action in parser._actions
        if action.dest not in common
    ]

    documented = re.findall(
        r"^\| `([^`]+)` \|", sections(DOCS / "reference" / "commands.md")[name], re.MULTILINE
    )

    assert documented == arguments


def argparse_of_no_command() -> argparse.ArgumentParser:
    from django.core.management.base import BaseCommand

    return BaseCommand().create_parser("manage.py", "none")


def test_the_declared_logs_of_the_howto_are_valid_and_show_every_field() -> None:
    found: dict[str, Any] = {}
    exec(snippet(DOCS / "howto" / "register.md", "declared"), found)

    logs = found["LOGTAIL"]["LOGS"]

    assert set(logs["requests"]) == {*FIELDS, *MEMBERS}
    assert found["LOGTAIL"].keys() <= KEYS.keys()


def test_the_declared_logs_of_the_howto_are_accepted(settings: Any) -> None:
    found: dict[str, Any] = {}
    exec(snippet(DOCS / "howto" / "register.md", "declared"), found)
    settings.LOGTAIL = found["LOGTAIL"]

    slugs = [declaration(slug, log).slug for slug, log in settings.LOGTAIL["LOGS"].items()]

    assert slugs == ["django", "requests"]


@pytest.mark.django_db
def test_the_policy_of_the_howto_does_what_the_page_says() -> None:
    from django.contrib.auth.models import AnonymousUser, Group, User

    from django_logtail.models import Log

    found: dict[str, Any] = {}
    exec(snippet(DOCS / "howto" / "access.md", "policy"), found)
    (policy,) = (value() for value in found.values() if isinstance(value, type) and value is not AccessPolicy)
    ann, ops = User.objects.create_user("ann"), User.objects.create_user("ops")
    ops.groups.add(Group.objects.create(name="operations"))
    for slug in ("production", "staging"):
        Log.objects.create(name=slug, slug=slug, group=slug, path=f"/tmp/{slug}.log", access="signed-in")

    seen = {
        user.username: [log.slug for log in policy.visible_logs(user)] for user in (ann, ops, AnonymousUser())
    }

    assert seen == {"ann": ["staging"], "ops": ["production", "staging"], "": []}


def test_the_session_of_the_howto_comes_from_the_header_or_the_cookie() -> None:
    found: dict[str, Any] = {}
    exec(snippet(DOCS / "howto" / "access.md", "session_key"), found)
    cookie, header = (b"cookie", b"sessionid=from-cookie"), (b"x-session-token", b"from-header")

    keys = [found["ByToken"]().session_key({"headers": sent}) for sent in ([], [cookie], [cookie, header])]

    assert keys == ["", "from-cookie", "from-header"]
