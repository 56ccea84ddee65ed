"""Record the messages of this version, once, when `control.VERSION` was raised: `python -m tests.recorded_messages`."""

import json
import os
from pathlib import Path
from typing import Any

import django


def record() -> None:
    from django.test import override_settings

    from django_logtail.control import VERSION, messages
    from tests.control.test_messages import LEASE, NOTE, SAID, VIEWERS, WANT

    facts = {"state": "reading", "reason": "", "size": 508, "flows": 1, "rate": 3, "behind": 0}
    report = {"host": "web-2", "pid": 77, "thread": "worker", "version": "0.9", "since": 12.5}
    with override_settings(
        SECRET_KEY="the recordings'", SECRET_KEY_FALLBACKS=[], LOGTAIL={"NAMESPACE": "shop"}
    ):
        recorded: dict[str, Any] = {
            "mailbox": {name: in_hex(messages.sealed("mailbox", message)) for name, message in SAID.items()},
            "redis": {
                "want": messages.want_text("logtail", WANT),
                "lease": messages.lease_text("logtail", LEASE),
                "note": messages.note_text("logtail", NOTE),
                "report": messages.report_text("logtail", {**report, "logs": {"7": facts}, "ignored": {}}),
                "viewers": messages.viewers_text("p", VIEWERS, {"not ours": 2}),
                "wake-up": messages.wake_up_text("logtail", messages.WakeUp("shop", 12.5, "web-1")),
            },
        }
    path = Path(__file__).parent / f"version-{VERSION}.json"
    if path.exists():
        raise SystemExit(f"{path.name} is there, and stays as it is: raise control.VERSION first")
    path.write_text(json.dumps(recorded, indent=1) + "\n")


def in_hex(envelope: dict[str, Any]) -> dict[str, Any]:
    found = {**envelope, "by": [signature.hex() for signature in envelope["by"]]}
    return {**found, "data": envelope["data"].hex()} if "data" in envelope else found


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.settings")
    django.setup()
    record()
