"""The project's own files are right: links lead somewhere, and CI runs what tox names."""

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.stack import CHECKOUT

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

GITHUB = CHECKOUT / ".github"
PAGES = [CHECKOUT / "CONTRIBUTING.md", CHECKOUT / "SECURITY.md", GITHUB / "pull_request_template.md"]
FORMS = sorted(GITHUB.glob("ISSUE_TEMPLATE/[!c]*.yml"))
WORKFLOW = yaml.safe_load((GITHUB / "workflows" / "check.yml").read_text())


def anchors(page: Path) -> set[str]:
    """What a link to a heading of `page` may end in, as GitHub makes it."""
    headings = re.findall(r"^#+ (.+)$", page.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def name(path: Path) -> str:
    return path.name


@pytest.mark.parametrize("page", [*PAGES, CHECKOUT / "README.md", CHECKOUT / "README.zh-hans.md"], ids=name)
def test_links_between_the_project_s_pages_lead_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\((?!https?:)([^)]+)\)", page.read_text()):
        path, _, anchor = target.partition("#")
        linked = page.parent / path if path else page
        assert linked.is_file(), target
        assert not anchor or anchor in anchors(linked), target


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_files_that_the_project_s_pages_name_are_there(page: Path) -> None:
    text = re.sub(r"```.*?```", "", page.read_text(), flags=re.DOTALL)
    words = {word for code in re.findall(r"`([^`\n]+)`", text) for word in code.split()}

    for word in words:
        is_path = re.fullmatch(r"[\w.]+(/[\w.]*)+|\w+\.(md|toml|ini|css)", word)
        made_later = word.startswith("locale/de")
        if is_path and not made_later:
            patterns = (word, f"django_logtail/**/{word}", f"docs/**/{word}")
            found = any(True for pattern in patterns for _ in CHECKOUT.glob(pattern))
            assert found, word


@pytest.mark.parametrize("page", [*PAGES, CHECKOUT / "README.md"], ids=name)
def test_make_has_every_target_that_a_page_names(page: Path) -> None:
    makefile = (CHECKOUT / "Makefile").read_text()

    for target in re.findall(r"(?:`|^ *)make ([a-z-]+)", page.read_text(), re.MULTILINE):
        assert re.search(rf"^{target}:", makefile, re.MULTILINE), target


def test_the_project_s_address_stands_in_one_place() -> None:
    urls = tomllib.loads((CHECKOUT / "pyproject.toml").read_text())["project"]["urls"]
    elsewhere = [*CHECKOUT.glob("*.md"), *(CHECKOUT / "docs").rglob("*.md"), *GITHUB.rglob("*.*")]

    assert set(urls) == {"Repository", "Documentation", "Changelog", "Issues"}
    assert all(url.startswith(urls["Repository"]) for url in urls.values())
    assert [
        path.name for path in elsewhere if path.is_file() and urls["Repository"] in path.read_text()
    ] == []


def test_ci_runs_the_pythons_and_djangos_of_tox(tmp_path: Path) -> None:
    listed = subprocess.run(
        [sys.executable, "-m", "tox", "list", "--no-desc", "-q", "--workdir", str(tmp_path)],
        cwd=CHECKOUT,
        capture_output=True,
        text=True,
        check=True,
    )
    matrix = WORKFLOW["jobs"]["matrix"]["strategy"]["matrix"]
    excluded = [(pair["python"], pair["django"]) for pair in matrix["exclude"]]
    combinations = [
        f"py{python}-django{django}".replace(".", "")
        for python in matrix["python"]
        for django in matrix["django"]
        if (python, django) not in excluded
    ]

    assert sorted(combinations) == sorted(listed.stdout.split())
    assert sorted(combinations) == [
        "py310-django52",
        "py311-django52",
        *(f"py3{minor}-django{django}" for minor in (12, 13, 14) for django in (52, 60, 61)),
    ]


def test_ci_runs_scripts_that_are_there() -> None:
    commands = [step["run"] for job in WORKFLOW["jobs"].values() for step in job["steps"] if "run" in step]
    scripts = [command for command in commands if command.startswith(".ci/")]

    assert ".ci/run" in scripts
    assert all(os.access(CHECKOUT / script, os.X_OK) for script in scripts)


def test_the_hosted_docs_are_built_as_make_docs_builds_them() -> None:
    hosted = yaml.safe_load((CHECKOUT / ".readthedocs.yaml").read_text())

    assert hosted["version"] == 2
    assert hosted["sphinx"] == {"configuration": "docs/conf.py", "fail_on_warning": True}
    assert (CHECKOUT / "docs" / "conf.py").is_file()
    assert "--group docs" in hosted["build"]["jobs"]["install"][-1]


@pytest.mark.parametrize("form", FORMS, ids=name)
def test_an_issue_form_has_what_the_host_asks_for(form: Path) -> None:
    fields: dict[str, Any] = yaml.safe_load(form.read_text())
    asked = [field for field in fields["body"] if field["type"] != "markdown"]

    assert fields["name"]
    assert fields["description"]
    assert {field["type"] for field in asked} <= {"input", "textarea", "dropdown", "checkboxes"}
    assert len({field["id"] for field in asked}) == len(asked)
    assert all(field["attributes"]["label"] for field in asked)
