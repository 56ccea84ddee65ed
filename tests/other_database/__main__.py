"""Register a log there, declare one, look at both and delete them. Prints what happened."""

import django
from django.conf import settings

settings.configure(
    SECRET_KEY="tests-only",
    USE_TZ=False,
    INSTALLED_APPS=[
        "django.contrib.auth",
        "django.contrib.contenttypes",
        "django.contrib.sessions",
        "django_dramatiq",
        "django_logtail",
    ],
    DATABASES={"default": {}, "core": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}},
    DATABASE_ROUTERS=["tests.other_database.routers.Everything"],
    DRAMATIQ_BROKER={"BROKER": "dramatiq.brokers.stub.StubBroker", "OPTIONS": {}, "MIDDLEWARE": []},
    LOGTAIL={"READER": "dramatiq", "ROOTS": ["/tmp"], "LOGS": {"declared": "/tmp/declared.log"}},
    SILENCED_SYSTEM_CHECKS=["logtail.E007", "logtail.E008"],
)
django.setup()

from django.core.management import call_command  # noqa: E402

from django_logtail.control.in_memory import MemoryControl  # noqa: E402
from django_logtail.control.process import use  # noqa: E402
from django_logtail.models import Log  # noqa: E402
from django_logtail.operating.doctor.project import examine_database  # noqa: E402

use(MemoryControl())
call_command("migrate", database="core", verbosity=0)
call_command("logtail_add", "/tmp/no-such.log", "--name", "App")
call_command("logtail_sync")
print(*examine_database(), sep="\n")
print(Log.objects.all().delete()[0])
