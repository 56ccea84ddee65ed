"""The reference matches the code: each key, each command, each option, and the snippets of the how-to pages."""

import argparse
import ast
import re
from pathlib import Path
from typing import Any

import pytest
from django.core.management import get_commands, load_command_class

from django_logtail.access import AccessPolicy
from django_logtail.conf import SETTINGS
from django_logtail.declared import FIELDS, MEMBERS, declaration
from django_logtail.remedies import REMEDIES
from docs.settings_page import page
from tests.stack import CHECKOUT

DOCS = CHECKOUT / "docs"
COMMANDS = sorted(name for name, app in get_commands().items() if app == "django_logtail")


def sections(page: Path) -> dict[str, str]:
    """The text under each heading of the second level, by heading, in order."""
    _, *parts = re.split(r"^## (.+)$", page.read_text(), flags=re.MULTILINE)
    return dict(zip(parts[::2], parts[1::2], strict=True))


def snippet(page: Path, name: str) -> str:
    found = re.search(rf"<!-- {name} -->\n```python\n(.*?)```", page.read_text(), re.DOTALL)
    assert found
    return found[1]


def test_the_settings_page_is_made_from_the_blocks() -> None:
    assert (DOCS / "reference" / "settings.md").read_text() == page()


def test_a_section_has_the_reason_the_limits_and_where_the_key_is_read() -> None:
    text = sections(DOCS / "reference" / "settings.md")

    assert text.keys() == SETTINGS.keys()
    assert text["BACKLOG_LINES"] == (
        "\n\nLines shown on joining: a few screens of context, one batch on the wire.\n\n"
        "- Value: lines\n- Limits: 0 to 10,000\n- Default: `500`\n- Read in: `page/config`, `views`\n\n"
    )
    assert text["MAX_DOWNLOADS_PER_USER"].startswith(
        "\n\nEach also counts as an open log.\nFurther ones are refused with 429 before their first byte.\n\n"
        "- Value: downloads"
    )


@pytest.mark.parametrize("name", SETTINGS)
def test_a_key_is_read_where_its_block_says(name: str) -> None:
    """But for what only reports: the checks, the admin, the commands and the doctor."""
    package = CHECKOUT / "django_logtail"
    reads = {
        path.relative_to(package).with_suffix("").as_posix().removesuffix("/__init__")
        for path in package.rglob("*.py")
        if re.search(rf"\bconf\.{name}\b", path.read_text())
    }
    only_report = ("admin", "checks/", "management/", "operating/")

    assert {path for path in reads if not path.startswith(only_report)} == set(SETTINGS[name].read_in)
    assert reads


def test_the_commands_page_has_every_command_and_no_other() -> None:
    found = sections(DOCS / "reference" / "commands.md")

    assert sorted(found.keys() - {"With the rights of a user"}) == COMMANDS


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


def test_every_other_id_of_the_doctor_has_its_row() -> None:
    files = (CHECKOUT / "django_logtail" / "operating" / "doctor").glob("*.py")
    calls = [
        node
        for file in files
        for node in ast.walk(ast.parse(file.read_text()))
        if isinstance(node, ast.Call) and ast.unparse(node.func) in ("ok", "note", "problem")
    ]
    words = {
        word.value
        for call in calls
        for word in [*call.args[1:], *(keyword.value for keyword in call.keywords)]
        if isinstance(word, ast.Constant) and re.fullmatch(r"[a-z-]+", word.value)
    }
    text = (DOCS / "reference" / "checks.md").read_text()

    listed = re.findall(r'^\| <a id="([a-z-]+)"></a>`\1` \|', text, re.MULTILINE)
    assert words | {"channel-layer", *REMEDIES} == {*listed, "live"}
    assert all(re.search(rf"`{name}`", text) for name in words)


def argparse_of_no_command() -> argparse.ArgumentParser:
    from django.core.management.base import BaseCommand

    return BaseCommand().create_parser("manage.py", "none")


def test_the_declared_logs_of_the_howto_are_valid_and_show_every_field() -> None:
    found: dict[str, Any] = {}
    exec(snippet(DOCS / "howto" / "register.md", "declared"), found)

    logs = found["LOGTAIL"]["LOGS"]

    assert set(logs["requests"]) == {*FIELDS, *MEMBERS}
    assert found["LOGTAIL"].keys() <= SETTINGS.keys()


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


@pytest.mark.django_db
def test_the_rule_of_the_howto_takes_away_downloads_from_interns() -> None:
    from django.contrib.auth.models import Group, User

    from django_logtail.rights import Right

    found: dict[str, Any] = {}
    exec(snippet(DOCS / "howto" / "access.md", "may"), found)
    ann, intern = User.objects.create_user("ann"), User.objects.create_user("intern")
    intern.groups.add(Group.objects.create(name="interns"))

    may = [
        [found["Interns"]().may(user, right) for right in (Right.HISTORY, Right.DOWNLOAD)]
        for user in (ann, intern)
    ]

    assert may == [[True, True], [True, False]]


def test_the_session_of_the_howto_comes_from_the_header_or_the_cookie() -> None:
    found: dict[str, Any] = {}
    exec(snippet(DOCS / "howto" / "access.md", "session_key"), found)
    cookie, header = (b"cookie", b"sessionid=from-cookie"), (b"x-session-token", b"from-header")

    keys = [found["ByToken"]().session_key({"headers": sent}) for sent in ([], [cookie], [cookie, header])]

    assert keys == ["", "from-cookie", "from-header"]
