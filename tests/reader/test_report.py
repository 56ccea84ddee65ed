"""What one reader reports about itself and its logs."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Callable

import pytest

from django_logtail.control.in_memory import MemoryControl
from django_logtail.control.mailboxes import MemoryMailboxes
from django_logtail.control.wants import Want
from django_logtail.reader import report
from django_logtail.reader.flow import Flow
from django_logtail.reader.flows import Flows
from django_logtail.reader.lease import Lease


async def come_true(claim: Callable[[], object]) -> None:
    async def until() -> None:
        while not claim():
            await asyncio.sleep(0)

    await asyncio.wait_for(until(), 10)


def raise_it(flow: Flow, error: Exception) -> None:
    raise error


async def test_a_log_that_nobody_wants_any_more_leaves_the_report_at_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(report, "REPORT_SECONDS", 0)
    control, moments = MemoryControl(lambda: 0.0), itertools.count(step=0.0001)
    flows = Flows("token")
    lease = Lease("q", control, MemoryMailboxes(), lambda: 0.0)
    await lease.tick(may_end=False, starting=True)
    reporting = asyncio.create_task(
        report.Report(flows, lease, control, lambda: next(moments), raise_it).keep()
    )
    flow = flows.begin(Want("p", "shop", "1", "box", serial=1, credit=0))

    def logs() -> list[str]:
        return list((control.status("q") or {}).get("logs", {}))

    await come_true(lambda: logs() == ["shop"])
    flows.moving.clear()

    flows.drop(flow.member)

    await come_true(lambda: logs() == [])
    assert next(moments) < report.RESTING_REPORT_SECONDS
    reporting.cancel()
