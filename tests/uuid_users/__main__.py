"""Admit such a user, then not any more. Prints what happened."""

import django
from django.conf import settings

settings.configure(
    SECRET_KEY="tests-only",
    USE_TZ=True,
    INSTALLED_APPS=[
        "django.contrib.auth",
        "django.contrib.contenttypes",
        "django.contrib.sessions",
        "tests.uuid_users",
        "django_logtail",
    ],
    AUTH_USER_MODEL="uuid_users.Person",
    DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}},
    DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
    LOGTAIL={"ROOTS": ["/tmp"]},
    SILENCED_SYSTEM_CHECKS=["logtail.E006", "logtail.E007", "logtail.E008"],
)
django.setup()

from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY  # noqa: E402
from django.contrib.sessions.backends.db import SessionStore  # noqa: E402
from django.core.management import call_command  # noqa: E402

from django_logtail.access import Refused, admit, issue_ticket, read_ticket  # noqa: E402
from django_logtail.models import Log  # noqa: E402
from tests.uuid_users.models import Person  # noqa: E402

call_command("migrate", run_syncdb=True, verbosity=0)
person = Person.objects.create(address="ann@example.org")
person.set_unusable_password()
person.save()
log = Log.objects.create(name="app", slug="app", path="/tmp/app.log", access="chosen")
log.users.add(person)
session = SessionStore()
session[SESSION_KEY] = str(person.pk)
session[BACKEND_SESSION_KEY] = "django.contrib.auth.backends.ModelBackend"
session[HASH_SESSION_KEY] = person.get_session_auth_hash()
session.save()

ticket = read_ticket(
    issue_ticket(user_id=str(person.pk), slug="app", session_key=session.session_key),
    slug="app",
    session_key=session.session_key,
)
assert admit(user_id=ticket.user_id, session_key=session.session_key, slug="app") == (person, log)
log.users.clear()
try:
    admit(user_id=ticket.user_id, session_key=session.session_key, slug="app", joined=True)
except Refused as refused:
    print(f"admitted, then refused: {refused.reason}")
