"""The test host as another project, on another host, or of another release, as environment variables say."""

import json
import os
import socket
from collections.abc import Mapping
from typing import Any

from django_logtail import control
from django_logtail.control import wire
from tests.settings import *  # noqa: F403
from tests.settings import INSTALLED_APPS

SECRET_KEY = os.environ.get("SECRET", "tests-only")
SECRET_KEY_FALLBACKS = json.loads(os.environ.get("FALLBACKS", "[]"))
INSTALLED_APPS = [*INSTALLED_APPS, "tests.surroundings.impatient.Impatient"]

if "HOST_NAME" in os.environ:
    socket.gethostname = lambda: os.environ["HOST_NAME"]

#: How the words of another release differ: its version, fields that it adds to every message, and those that it does
#: not know.
SKEW = {"version": wire.VERSION, "more": {}, "less": [], **json.loads(os.environ.get("SKEW", "{}"))}
_written_head = wire.written_head


def _skewed_head(kind: str, fields: Mapping[str, Any]) -> str:
    kept = {name: value for name, value in fields.items() if name not in SKEW["less"]}
    return _written_head(kind, {**kept, **SKEW["more"]})


control.VERSION = wire.VERSION = SKEW["version"]  # type: ignore[misc]
wire.written_head = _skewed_head
