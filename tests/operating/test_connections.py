"""What the doctor finds about the channel layer."""

from __future__ import annotations

import logging
from typing import Any

import pytest

from django_logtail.control.mailboxes import MailboxUnavailable
from django_logtail.operating.doctor import connections


class Refusing:
    """A layer whose library logs each failure with a traceback, as `channels_redis` does in a task of its own."""

    async def new(self) -> str:
        logging.getLogger("channels_redis.pubsub").error("Unexpected exception in receive task")
        raise MailboxUnavailable("no permission")


async def test_a_failure_of_the_layer_is_a_finding_and_no_traceback_of_its_library(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    made: Any = Refusing
    monkeypatch.setattr(connections, "LayerMailboxes", made)

    (finding,) = await connections.examine_channel_layer()

    assert finding.text == "channel layer: no permission"
    assert caplog.messages == []

    logging.getLogger("channels_redis.pubsub").error("later")
    assert caplog.messages == ["later"]
