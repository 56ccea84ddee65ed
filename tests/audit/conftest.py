"""Files of records are closed after each test, as they are when a process ends."""

from collections.abc import Iterator
from typing import Any

import pytest

from django_logtail.audit.disk import OnDisk


@pytest.fixture(autouse=True)
def closed_files(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    made: list[OnDisk] = []
    init = OnDisk.__init__

    def noted(self: OnDisk, *args: Any) -> None:
        made.append(self)
        init(self, *args)

    monkeypatch.setattr(OnDisk, "__init__", noted)
    yield
    for disk in made:
        if disk._file is not None:
            disk._file.close()
