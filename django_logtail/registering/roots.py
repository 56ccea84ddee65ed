"""What to write into the settings where no file can be offered. Never advises a directory that holds more than logs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from textwrap import indent
from typing import Final

from django.conf import settings

from django_logtail.conf import conf
from django_logtail.conf import declared as written
from django_logtail.handlers import spool_paths
from django_logtail.project import settings_file
from django_logtail.tailing.files.looks import NoAnswer, looks

#: Directories that hold much besides logs.
WIDE: Final = frozenset(
    map(
        Path,
        (
            *(
                "/",
                "/etc",
                "/home",
                "/root",
                "/usr",
                "/usr/local",
                "/var",
                "/var/lib",
                "/var/www",
                "/opt",
                "/srv",
            ),
            *("/tmp", "/var/tmp", "/proc", "/sys", "/dev", "/run", "/boot", "/mnt", "/media"),  # noqa: S108
        ),
    )
)


class Case(Enum):
    """Why there is nothing to offer."""

    #: The project logs to files, and no directory is allowed.
    NO_ROOTS = "noroots"
    #: The project logs to files beside its source, which must not be opened to readers of logs.
    MIXED = "mixed"
    #: The project's logging has no file.
    STDOUT = "stdout"


@dataclass(frozen=True, slots=True)
class Advice:
    """`paste`: lines for the settings in `file`; `path`: the log that lies in a directory with other things."""

    case: Case
    paste: str
    file: str
    path: str = ""


def advice(own: Sequence[Path]) -> Advice | None:
    """What to do about a project with these log files; None if there is nothing to do about it."""
    if not own:
        return None if spool_paths() else Advice(Case.STDOUT, _handler(), settings_file())
    if conf.ROOTS:
        return None
    narrow = list(dict.fromkeys(path.parent for path in own if not is_wide(path.parent)))
    if narrow:
        return Advice(Case.NO_ROOTS, _setting(narrow), settings_file())
    return Advice(Case.MIXED, _setting([_own_directory()]), settings_file(), str(own[0]))


def is_wide(directory: Path) -> bool:
    """Whether it holds the project, a home or much of the system, so that it must not be opened to readers of logs."""
    if directory in WIDE or directory.parent == Path("/home"):
        return True
    project = [Path(settings_file()).absolute().parent, _base()]
    return any(one.is_relative_to(directory) for one in project) or _has_source(directory)


def _has_source(directory: Path) -> bool:
    try:
        return looks.take(directory / "log", lambda: any(directory.glob("*.py")))
    except (NoAnswer, OSError):
        return True  # what is in it is unknown


def _own_directory() -> Path:
    return _base() / "logs"


def _base() -> Path:
    return Path(getattr(settings, "BASE_DIR", None) or Path.cwd())


def _setting(directories: Sequence[Path]) -> str:
    listed = ", ".join(_quoted(str(directory)) for directory in directories)
    return f'LOGTAIL["ROOTS"] = [{listed}]' if written() else f'LOGTAIL = {{"ROOTS": [{listed}]}}'


def _handler() -> str:
    """`SpoolHandler` in `LOGGING`, with what else has to be set."""
    directory = conf.ROOTS[0] if conf.ROOTS else _own_directory()
    lines = [] if conf.ROOTS else [f"{_setting([directory])}  # create this directory"]
    spool = "\n".join(
        [
            "{",
            '    "class": "django_logtail.handlers.SpoolHandler",',
            f'    "directory": {_quoted(str(directory))},',
            "}",
        ]
    )
    present = getattr(settings, "LOGGING", None)
    if not isinstance(present, dict) or not present:
        return "\n".join(
            [
                *lines,
                "LOGGING = {",
                '    "version": 1,',
                '    "disable_existing_loggers": False,',
                '    "handlers": {',
                '        "console": {"class": "logging.StreamHandler"},',
                indent(f'"spool": {spool},', " " * 8),
                "    },",
                '    "root": {"handlers": ["console", "spool"], "level": "INFO"},',
                "}",
            ]
        )
    if "handlers" in present:
        lines.append(f'LOGGING["handlers"]["spool"] = {spool}')
    else:
        lines.append(f'LOGGING["handlers"] = {{"spool": {spool}}}')
    if "handlers" in present.get("root", {}):
        lines.append('LOGGING["root"]["handlers"] += ["spool"]')
    else:
        lines.append('LOGGING["root"] = {"handlers": ["spool"], "level": "INFO"}')
    return "\n".join(lines)


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
