"""How often each user may make a host look at files."""

from __future__ import annotations

import threading
from typing import Any, Final

from django_logtail.shares import Shares

#: Questions a second, which a form asks as somebody types; in all, for this web process.
PER_USER: Final = 5
IN_ALL: Final = 20

_shares = Shares(PER_USER, IN_ALL)
_lock = threading.Lock()


def may_ask(user: Any) -> bool:
    """Whether the user, who may register or change logs, may ask now; counts as having asked."""
    name = str(user.pk)
    with _lock:
        if _shares.left(name) < 1:
            return False
        _shares.spend(name, 1)
        return True
