"""Every key in Redis. `<ns>` is the project's namespace, and all times are from Redis's own clock.

`lua/family.lua` describes a queue's keys that scripts change. These are the others:

    logtail:<ns>:{queue}:waiting   string  the broker's id of the last wake-up
    logtail:<ns>:{queue}:servers   zset    "<host>|<pid>|<named>" of the workers that serve it, by expiry time (60 s)
    logtail:<ns>:{queue}:busy      zset    "<host>|<pid>|<tasks>" of those whose threads are all busy, likewise (6 s)
    logtail:<ns>:{queue}:status    string  the reader's last report, signed; expires after 10 s
    logtail:<ns>:{queue}:probe     string  what `ping` writes to test write access; expires after a second
    logtail:<ns>:{queue}:answer:<id> string  what a worker saw on its host, signed, for whoever asked; deleted when
                                           read, or after 60 s
    logtail:<ns>:{queue}:members   string  that its patterns' members were just asked for; expires after 2 s
    logtail:<ns>:viewers:<process> string  one web process's viewers, signed; expires after 30 s
    logtail:<ns>:viewers           set     the processes that have such a key, or had one; scanning for them could take
                                           half a minute in a Redis with millions of other keys
    logtail:<ns>:ticket:<digest>   string  a ticket that was used; expires with the ticket, after 60 s
    logtail:<ns>:changes           zset    whose access changed lately ("user|7", "log|app", "all"), and, signed, which
                                           viewings staff ended, by the time when that is forgotten (60 s)
    logtail:<ns>:bell              stream  the queues into which something was put lately, for idle workers to fetch it;
                                           at most 64, expires after 60 s
    logtail:<ns>:{limits}:processes zset   web processes whose users have something open, by when they lapse (3 s)
    logtail:<ns>:{limits}:held:<kind>:<user> set  "<process>|<name>" of each viewer, download or search that a user has;
                                           expires 60 s after it was last said
    logtail:<ns>:{limits}:spent:<what>:<user> string  a user's connects in a minute, or bytes in a day; expires with it
    logtail:<ns>:{limits}:users    zset    users by when they last read something; at most 1,000, for 25 h
    logtail:projects               zset    outside every namespace: JSON of each project that uses this Redis, by the
                                           time of its last announcement; forgotten after an hour
"""

from __future__ import annotations

from typing import Final

from django_logtail.conf import conf

#: Milliseconds after which an unused key family expires.
FAMILY_LEASE_MS: Final = 60_000
#: Milliseconds until a reader's report expires; it is renewed every second, or every four while nothing changes.
STATUS_LEASE_MS: Final = 10_000

#: Milliseconds until a worker's announcement that it serves a queue expires.
SERVER_LEASE_MS: Final = 60_000
#: Milliseconds until a worker's announcement that it is busy expires; it is renewed every other second.
BUSY_LEASE_MS: Final = 6_000
#: Milliseconds until what `ping` writes expires.
PROBE_LEASE_MS: Final = 1_000
#: Milliseconds for which a wake-up that nobody takes is remembered.
WAITING_LEASE_MS: Final = 7 * 24 * 3_600_000

#: The KEYS of every script of a queue, in the order of `lua/family.lua`.
_FAMILY: Final = ("reader", "wants", "expiry", "changed", "version", "wake", "wakes", "stop", "notes")


def family(queue: str) -> list[str]:
    return [key(queue, name) for name in _FAMILY]


def key(queue: str, name: str) -> str:
    return f"logtail:{conf.NAMESPACE}:{{{queue}}}:{name}"


def viewers() -> str:
    """The key with the names of processes."""
    return f"logtail:{conf.NAMESPACE}:viewers"


def viewers_of(process: str) -> str:
    return f"{viewers()}:{process}"


#: Milliseconds until an answer that nobody takes expires.
ANSWER_LEASE_MS: Final = 60_000


def answer(queue: str, question: str) -> str:
    return key(queue, f"answer:{question}")


def ticket(digest: str) -> str:
    return f"logtail:{conf.NAMESPACE}:ticket:{digest}"


def bell() -> str:
    return f"logtail:{conf.NAMESPACE}:bell"


#: Rings that are kept for workers that have not heard them.
MOST_RINGS: Final = 64


def changes() -> str:
    return f"logtail:{conf.NAMESPACE}:changes"


def processes() -> str:
    return f"logtail:{conf.NAMESPACE}:{{limits}}:processes"


def held(kind: str, user: str) -> str:
    return f"logtail:{conf.NAMESPACE}:{{limits}}:held:{kind}:{user}"


def spent(what: str, user: str) -> str:
    return f"logtail:{conf.NAMESPACE}:{{limits}}:spent:{what}:{user}"


def users() -> str:
    return f"logtail:{conf.NAMESPACE}:{{limits}}:users"


#: Milliseconds for which a change of access is kept for web processes that have not heard of it.
CHANGE_LEASE_MS: Final = 60_000
#: Shared by every project on this Redis, whatever its namespace.
PROJECTS: Final = "logtail:projects"
#: Milliseconds after which a silent project is forgotten.
PROJECT_LEASE_MS: Final = 3_600_000
