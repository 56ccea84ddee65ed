"""Another thread of the process may be the first to find that Redis is another server now."""

import time

from django_logtail.control.in_memory import MemoryControl
from django_logtail.control.mailboxes import MemoryMailboxes
from django_logtail.reader.lease import Lease


class Counted(MemoryMailboxes):
    renewals = 0

    async def renew_sending(self) -> None:
        self.renewals += 1


async def test_a_reader_sends_anew_when_a_server_was_lost_elsewhere() -> None:
    control, mailboxes = MemoryControl(), Counted()
    lease = Lease("q", control, mailboxes, time.monotonic)
    await lease.tick(may_end=False)
    assert mailboxes.renewals == 0

    control.losses += 1
    await lease.tick(may_end=False)
    await lease.tick(may_end=False)

    assert mailboxes.renewals == 1
