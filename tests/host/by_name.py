"""A policy of a project's own."""

from typing import Any

from django_logtail.access import AccessPolicy
from django_logtail.rights import READING, Right


class ByName(AccessPolicy):
    """Those whose name has a right, after "custom", have it for the log "rights" alone."""

    def may(self, user: Any, right: Right, log: Any = None) -> bool:
        if right not in READING:
            return super().may(user, right, log)
        source, *rights = user.get_username().split("+")
        return source == "custom" and right.value in rights and log.slug == "rights"
