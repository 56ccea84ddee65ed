"""The test host on the Redis server that the environment variable REDIS_SERVER describes: a `RedisServer` as JSON.

Only the core layer is told to wait without end; the others live with the time-outs of redis-py.
"""

import json
import os

from tests.redis_servers import broker_options
from tests.settings import *  # noqa: F403
from tests.settings import CHANNEL_LAYERS, DRAMATIQ_BROKER
from tests.stack import CORE_LAYER

_described = json.loads(os.environ["REDIS_SERVER"])
_layer = CHANNEL_LAYERS["default"]
_patience = {"socket_timeout": None} if _layer["BACKEND"] == CORE_LAYER else {}
_layer["CONFIG"] = {"hosts": [{**_described["layer"], **_patience}]}
DRAMATIQ_BROKER["OPTIONS"] = broker_options(_described["broker"])
