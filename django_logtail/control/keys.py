"""Every key in Redis. `<ns>` is the project's namespace, and all times are Redis' own clock.

`lua/family.lua` describes those of a queue that scripts change. These are the others:

    logtail:<ns>:{queue}:waiting   string  what the broker calls the wake-up that was sent last
    logtail:<ns>:{queue}:servers   zset    "<host>|<pid>|<named>" of the workers that serve it, by when that lapses
                                           (60 s)
    logtail:<ns>:{queue}:status    string  what the reader last reported, signed; lapses after 10 s
    logtail:<ns>:{queue}:probe     string  what `ping` wrote to see whether it can; lapses after a second
    logtail:<ns>:viewers:<process> string  one web process' viewers, signed; lapses after 30 s
    logtail:<ns>:viewers           set     the processes that have such a key, or had one: to scan for them could take
                                           Redis, which may hold millions of others' keys, half a minute
    logtail:projects               zset    outside every namespace: JSON of each project that uses this Redis, by when
                                           it last said so; forgotten after an hour
"""

from __future__ import annotations

from typing import Final

from django_logtail.conf import conf

#: Milliseconds after which an unused key family is gone.
FAMILY_LEASE_MS: Final = 60_000
#: Milliseconds a reader's report lives; it is renewed each second, and every four while nothing moves.
STATUS_LEASE_MS: Final = 10_000

#: Milliseconds that a worker's word counts that it serves a queue.
SERVER_LEASE_MS: Final = 60_000
#: Milliseconds that what `ping` writes lasts.
PROBE_LEASE_MS: Final = 1_000
#: Milliseconds that a wake-up which nobody takes is remembered.
WAITING_LEASE_MS: Final = 7 * 24 * 3_600_000

#: What every script of a queue gets as KEYS, in the order in which `lua/family.lua` takes them.
_FAMILY: Final = ("reader", "wants", "expiry", "changed", "version", "wake", "wakes", "stop", "notes")


def family(queue: str) -> list[str]:
    return [key(queue, name) for name in _FAMILY]


def key(queue: str, name: str) -> str:
    return f"logtail:{conf.NAMESPACE}:{{{queue}}}:{name}"


def viewers() -> str:
    """The names of processes."""
    return f"logtail:{conf.NAMESPACE}:viewers"


def viewers_of(process: str) -> str:
    return f"{viewers()}:{process}"


#: Of every project on this Redis, whatever its namespace.
PROJECTS: Final = "logtail:projects"
#: Milliseconds after which a project that said nothing is forgotten.
PROJECT_LEASE_MS: Final = 3_600_000
