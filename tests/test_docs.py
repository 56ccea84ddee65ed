"""The documentation is right: its Python is valid, its commands exist, its words are the code's."""

import ast
import re
import shlex
import textwrap
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

import pytest
from django.conf import settings
from django.core.management import get_commands, load_command_class

from django_logtail.conf import SETTINGS
from tests.host.policy import STRICT
from tests.stack import CHECKOUT

README, CHINESE = CHECKOUT / "README.md", CHECKOUT / "README.zh-hans.md"
DOOR = [README, CHINESE, *(CHECKOUT / name for name in ("CONTRIBUTING.md", "SECURITY.md"))]
PAGES = sorted([*DOOR, *(CHECKOUT / "docs").rglob("*.md")])


def blocks(language: str) -> list[object]:
    """Every fenced block of `language` in the README and the docs, each named for its place."""
    found = []
    for page in PAGES:
        text = page.read_text()
        for match in re.finditer(rf"^( *)```{language}\n(.*?)^ *```$", text, re.DOTALL | re.MULTILINE):
            line = text.count("\n", 0, match.start()) + 1
            place = f"{page.relative_to(CHECKOUT)}:{line}"
            found.append(pytest.param(textwrap.dedent(match[2]), id=place))
    return found


@pytest.mark.parametrize("code", blocks("python"))
def test_python_in_the_docs_parses_and_what_it_imports_of_ours_exists(code: str) -> None:
    tree = ast.parse(code)

    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("django_logtail"):
            module = import_module(node.module)
            for name in node.names:
                is_there = hasattr(module, name.name) or find_spec(f"{node.module}.{name.name}")
                assert is_there, f"{node.module} has no {name.name}"


@pytest.mark.parametrize("script", [*blocks("sh"), *blocks("console"), *blocks("bash")])
def test_commands_in_the_docs_exist_and_take_the_options_given(script: str) -> None:
    for line in script.replace("\\\n", " ").splitlines():
        words = shlex.split(line.removeprefix("$ "), comments=True)
        if words[:1] == ["make"]:
            assert f"\n{words[1]}:" in (CHECKOUT / "Makefile").read_text()
        if len(words) > 2 and words[1] == "manage.py" and words[2] in get_commands():
            parser = load_command_class(get_commands()[words[2]], words[2]).create_parser(
                "manage.py", words[2]
            )
            parser.parse_args(words[3:])
        if len(words) > 2 and words[1] == "manage.py":
            example_commands = {
                path.stem for path in (CHECKOUT / "example_project").glob("*/management/commands/*.py")
            }
            assert words[2] in {*get_commands(), *example_commands}


def test_every_page_is_one_sentence_a_line() -> None:
    for page in PAGES:
        prose = re.sub(r"```.*?```", "", page.read_text(), flags=re.DOTALL)
        for line in prose.splitlines():
            if not line.lstrip().startswith(("|", "-", "#", "<", "![")):
                assert len(re.findall(r"[a-z)][.!?] [A-Z]", line)) == 0, f"{page.name}: {line}"


@pytest.mark.parametrize("readme", [README, CHINESE], ids=["English", "Chinese"])
def test_the_readme_shows_a_picture_that_exists(readme: Path) -> None:
    pictures = re.findall(r"!\[.+?\]\((.+?)\)", readme.read_text())

    assert pictures
    assert all((CHECKOUT / picture).is_file() for picture in pictures)


def test_the_readme_is_included_in_the_docs_and_not_copied() -> None:
    included = "".join(Path(page).read_text() for page in PAGES if page.parent != CHECKOUT)

    assert "{include} ../README.md" in included
    assert "three edits" not in included


def code(text: str) -> list[str]:
    """The fenced blocks, without comments and spaces at the ends of lines."""
    return [
        re.sub(r" *#.*$", "", block, flags=re.MULTILINE)
        for block in re.findall(r"```\w+\n.*?```", text, re.DOTALL)
    ]


def test_the_chinese_readme_has_the_code_of_the_english_one() -> None:
    english, chinese = (page.read_text() for page in (README, CHINESE))

    # The end, about work on the project itself, is in English alone.
    assert code(chinese) == code(english.partition("\n## Work on it")[0])


def test_the_quickstart_has_as_many_commands_and_edits_as_it_says() -> None:
    quickstart = README.read_text().partition("\n## Quickstart")[2].partition("\nOpen <http")[0]

    commands = "".join(re.findall(r"```sh\n(.*?)```", quickstart, re.DOTALL)).splitlines()
    assert "Four commands and three edits" in quickstart
    assert [command.split()[:3][-1] for command in commands] == [
        "/path/to/this/checkout",
        "migrate",
        "createsuperuser",
        "runserver",
    ]
    assert len(re.findall(r"^<!-- edit: ", quickstart, re.MULTILINE)) == 3


def test_the_tests_that_the_review_page_names_are_there() -> None:
    text = (CHECKOUT / "docs" / "explanation" / "review.md").read_text()
    named = re.findall(r"`(tests/[^`]+)`", text)

    assert len(named) > 20
    assert [name for name in named if not (CHECKOUT / name).is_file()] == []


def test_the_policy_that_the_review_page_has_is_the_one_that_browser_tests_run_under() -> None:
    text = (CHECKOUT / "docs" / "explanation" / "review.md").read_text()

    assert f"```text\n{STRICT}\n```" in text
    assert "tests.host.policy.StrictPolicyMiddleware" in settings.MIDDLEWARE


@pytest.mark.parametrize(
    ("name", "default"),
    [
        ("MAX_VIEWERS_PER_USER", "16"),
        ("MAX_VIEWERS_PER_PROCESS", "2,000"),
        ("MAX_NEW_SOCKETS", "512, and 64"),
        ("MAX_DOWNLOADS_PER_USER", "4 and 4"),
    ],
)
def test_the_limits_that_the_review_page_has_are_the_defaults(name: str, default: str) -> None:
    text = (CHECKOUT / "docs" / "explanation" / "review.md").read_text()
    (row,) = (line for line in text.splitlines() if f"[`{name}`]" in line)

    assert f"| {default}" in row
    assert f"{SETTINGS[name].default:,}" == default.split()[0].rstrip(",")
