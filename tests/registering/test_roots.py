"""What a project is advised that has nothing to offer."""

from pathlib import Path
from typing import Any

import pytest

from django_logtail.registering.roots import Case, advice, is_wide


@pytest.fixture(autouse=True)
def project(settings: Any, tmp_path: Path) -> Path:
    """A project's directory, with its source and a directory of logs."""
    base = tmp_path / "shop"
    for name in ("logs", "web", "docs"):
        (base / name).mkdir(parents=True)
    (base / "web" / "views.py").touch()
    settings.BASE_DIR = base
    settings.LOGTAIL = {}
    settings.LOGGING = {}
    return base


def test_directories_of_the_projects_own_logs_are_advised(project: Path, settings: Any) -> None:
    own = [project / "logs" / "a.log", project / "logs" / "b.log", project / "docs" / "c.log"]

    found = advice(own)

    assert found is not None
    assert found.case is Case.NO_ROOTS
    assert found.paste == f'LOGTAIL = {{"ROOTS": ["{project}/logs", "{project}/docs"]}}'
    assert found.file == "tests/settings.py"
    settings.LOGTAIL = {"READER": "local"}
    assert advice(own).paste == f'LOGTAIL["ROOTS"] = ["{project}/logs", "{project}/docs"]'


@pytest.mark.parametrize("directory", [".", "..", "web"])
def test_no_directory_with_other_things_is_advised(project: Path, directory: str) -> None:
    found = advice([(project / directory).resolve() / "debug.log"])

    assert found is not None
    assert found.case is Case.MIXED
    assert found.path.endswith("/debug.log")
    assert found.paste == f'LOGTAIL = {{"ROOTS": ["{project}/logs"]}}'


@pytest.mark.parametrize(
    ("directory", "wide"),
    [
        ("/", True),
        ("/etc", True),
        ("/var", True),
        ("/home/ann", True),
        ("/home/ann/logs", False),
        ("/var/log", False),
        ("/var/log/shop", False),
    ],
)
def test_which_directories_hold_more_than_logs(directory: str, wide: bool) -> None:
    assert is_wide(Path(directory)) is wide


def test_with_roots_there_is_nothing_to_advise_about_files(project: Path, settings: Any) -> None:
    settings.LOGTAIL = {"ROOTS": [project / "logs"]}

    assert advice([project / "logs" / "a.log"]) is None
    assert advice([project / "debug.log"]) is None


def test_a_project_that_logs_to_standard_output_gets_the_spool(project: Path, settings: Any) -> None:
    found = advice([])

    assert found is not None
    assert found.case is Case.STDOUT
    assert found.paste == (
        f'LOGTAIL = {{"ROOTS": ["{project}/logs"]}}  # create this directory\n'
        "LOGGING = {\n"
        '    "version": 1,\n'
        '    "disable_existing_loggers": False,\n'
        '    "handlers": {\n'
        '        "console": {"class": "logging.StreamHandler"},\n'
        '        "spool": {\n'
        '            "class": "django_logtail.handlers.SpoolHandler",\n'
        f'            "directory": "{project}/logs",\n'
        "        },\n"
        "    },\n"
        '    "root": {"handlers": ["console", "spool"], "level": "INFO"},\n'
        "}"
    )


def test_what_is_pasted_adds_to_the_logging_that_is_there(project: Path, settings: Any) -> None:
    settings.LOGTAIL = {"ROOTS": [project / "logs"]}
    spool = (
        f'{{\n    "class": "django_logtail.handlers.SpoolHandler",\n    "directory": "{project}/logs",\n}}'
    )

    settings.LOGGING = {"version": 1, "handlers": {}, "root": {"handlers": ["console"]}}
    assert advice([]).paste == (
        f'LOGGING["handlers"]["spool"] = {spool}\nLOGGING["root"]["handlers"] += ["spool"]'
    )
    settings.LOGGING = {"version": 1}
    assert advice([]).paste == (
        f'LOGGING["handlers"] = {{"spool": {spool}}}\n'
        'LOGGING["root"] = {"handlers": ["spool"], "level": "INFO"}'
    )


def test_a_project_with_a_spool_needs_no_advice(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("django_logtail.registering.roots.spool_paths", lambda: [Path("/x/application.log")])

    assert advice([]) is None
