"""The test host with django-guardian and django-rules, which give permissions for single objects."""

import rules

from tests.settings import *  # noqa: F403
from tests.settings import INSTALLED_APPS

INSTALLED_APPS = [*INSTALLED_APPS, "guardian"]
AUTHENTICATION_BACKENDS = [
    "django.contrib.auth.backends.ModelBackend",
    "guardian.backends.ObjectPermissionBackend",
    "rules.permissions.ObjectPermissionBackend",
]
ANONYMOUS_USER_NAME = None


def _named(right: str) -> rules.Predicate:
    """Those whose name has the right, after "rules", for the log "rights" alone."""

    @rules.predicate(name=right)
    def is_named(user: object, log: object) -> bool:
        source, *rights = str(user).split("+")
        return source == "rules" and right in rights and getattr(log, "slug", "") == "rights"

    return is_named


for _right in ("watch", "history", "search", "download", "see_unredacted"):
    rules.add_perm(f"logtail.{_right}_log", _named(_right))
