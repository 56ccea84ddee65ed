"""The units, the requirements and the release steps of the docs are right, as far as reading them can tell."""

from __future__ import annotations

import configparser
import re
import sys

import pytest
import yaml
from django.core.management import load_command_class

from tests.stack import CHECKOUT

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

DOCS = CHECKOUT / "docs"
PROJECT = tomllib.loads((CHECKOUT / "pyproject.toml").read_text())["project"]
UNITS = re.findall(r"```ini\n(\[Unit\].*?)```", (DOCS / "howto" / "deploy.md").read_text(), re.DOTALL)
RELEASE = (DOCS / "release.md").read_text()


def unit(text: str) -> configparser.ConfigParser:
    parser = configparser.ConfigParser(interpolation=None, strict=True)
    parser.optionxform = str  # type: ignore[assignment,method-assign]
    parser.read_string(text)
    return parser


@pytest.mark.parametrize("text", UNITS, ids=["worker", "web"])
def test_a_unit_restarts_and_may_open_as_many_files_as_a_reader_does(text: str) -> None:
    service = unit(text)["Service"]

    assert service["Restart"] == "always"
    assert int(service["LimitNOFILE"]) > 8_000
    assert unit(text)["Install"]["WantedBy"] == "multi-user.target"


def test_the_worker_s_unit_starts_a_worker_of_the_log_queue() -> None:
    _, _, command = unit(UNITS[0])["Service"]["ExecStart"].partition("manage.py rundramatiq ")

    parser = load_command_class("django_dramatiq", "rundramatiq").create_parser("manage.py", "rundramatiq")
    options = parser.parse_args(command.split())
    assert (options.processes, options.threads, options.queues) == (1, 2, ["logtail"])


def test_the_web_server_s_unit_waits_longer_than_the_server_for_its_requests() -> None:
    service = unit(UNITS[1])["Service"]
    (graceful,) = re.findall(r"--timeout-graceful-shutdown (\d+)", service["ExecStart"])

    assert int(service["TimeoutStopSec"]) > int(graceful)


def test_alpine_needs_no_re2_without_the_extra() -> None:
    assert not any(requirement.startswith("google-re2") for requirement in PROJECT["dependencies"])
    assert [requirement.split(">")[0] for requirement in PROJECT["optional-dependencies"]["regex"]] == [
        "google-re2"
    ]


def test_only_the_job_that_uploads_may_ask_for_an_identity() -> None:
    (text,) = re.findall(r"<!-- release: workflow -->\n```yaml\n(.*?)```", RELEASE, re.DOTALL)
    workflow = yaml.safe_load(text)

    asking = {name for name, job in workflow["jobs"].items() if "id-token" in job.get("permissions", {})}
    commands = [step.get("run", "") for step in workflow["jobs"]["build"]["steps"]]
    assert asking == {"publish"}
    assert workflow["permissions"] == {"contents": "read"}
    assert "run" not in {key for step in workflow["jobs"]["publish"]["steps"] for key in step}
    assert "python -m twine check --strict dist/*" in commands


def test_a_new_name_on_the_index_is_written_in_one_place() -> None:
    code = [*(CHECKOUT / "django_logtail").rglob("*.py"), *(CHECKOUT / "docs").rglob("*.md")]
    installs = re.compile(rf"pip install [^\n]*{PROJECT['name']}\b|{PROJECT['name']}\[")

    assert (CHECKOUT / "pyproject.toml").read_text().count(f'"{PROJECT["name"]}"') == 1
    assert [path.name for path in code if installs.search(path.read_text())] == []
