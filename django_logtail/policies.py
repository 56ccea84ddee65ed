"""Policies to name in `LOGTAIL["ACCESS_POLICY"]`."""

from __future__ import annotations

from django.db.models import Q, QuerySet

from django_logtail.access import AccessPolicy, User
from django_logtail.models import WATCH_PERMISSION, Access, Log
from django_logtail.rights import READING, Right


class PermissionPolicy(AccessPolicy):
    """Watching as usual; earlier lines, searches, downloads and what rules hide only with a permission for each.

    A permission counts for all logs if the user has it, and for one log if `has_perm` grants it for this object, as
    with django-guardian or django-rules. The latter also holds for watching logs with access "permission".
    """

    def may(self, user: User, right: Right, log: Log | None = None) -> bool:
        if right in READING:
            return has_perm(user, f"logtail.{right.value}_log", log)
        return super().may(user, right, log)

    def may_view(self, user: User, log: Log) -> bool:
        if type(self).visible_logs is not PermissionPolicy.visible_logs:
            return super().may_view(user, log)
        log = log.registration
        return self._may_view(user, log) or (
            user.is_active
            and log.enabled
            and log.access == Access.PERMISSION
            and user.has_perm(f"logtail.{WATCH_PERMISSION}", log)
        )

    def visible_logs(self, user: User) -> QuerySet[Log]:
        """One `has_perm` for each log with access "permission" whose content the user may not see anyway."""
        logs = super().visible_logs(user)
        if not (user.is_authenticated and user.is_active):
            return logs
        others = Log.objects.filter(enabled=True, access=Access.PERMISSION, parent=None)
        others = others.exclude(pk__in=logs.values("pk"))
        found = [log.pk for log in others if user.has_perm(f"logtail.{WATCH_PERMISSION}", log)]
        return Log.objects.filter(Q(pk__in=logs.values("pk")) | Q(pk__in=found)) if found else logs


def has_perm(user: User, permission: str, log: Log | None) -> bool:
    """Whether the user has the permission, for all logs or for this one."""
    return bool(user.has_perm(permission) or (log is not None and user.has_perm(permission, log)))
