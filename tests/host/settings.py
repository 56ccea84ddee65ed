"""The test host, on a channel layer and with a clock that can go wrong: see `tests.host.faults`."""

import json
import os

from tests.host import faults
from tests.settings import *  # noqa: F403
from tests.settings import CHANNEL_LAYERS

faults.step_clock(os.environ.get("CLOCK", "clock"))
_layer = CHANNEL_LAYERS["default"]
_layer["CONFIG"] |= {"BASE": _layer["BACKEND"], **json.loads(os.environ.get("LAYER_MORE", "{}"))}
_layer["BACKEND"] = "tests.host.faults.FaultyLayer"
