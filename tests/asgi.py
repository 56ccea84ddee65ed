"""The test host's ASGI application. It also serves static files, so that a browser can use it."""

import os

from django.contrib.staticfiles.handlers import ASGIStaticFilesHandler
from django.core.asgi import get_asgi_application

from django_logtail.asgi import with_logtail

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.settings")
pages = get_asgi_application()

application = with_logtail(ASGIStaticFilesHandler(pages))
