"""The host's ASGI application: pages, its own WebSocket, and the logs around both."""

import os

from django.core.asgi import get_asgi_application

from django_logtail.asgi import with_logtail

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "host.settings")
pages = get_asgi_application()

# Only now: these need the apps that get_asgi_application() has loaded.
from channels.auth import AuthMiddlewareStack  # noqa: E402
from channels.routing import ProtocolTypeRouter, URLRouter  # noqa: E402
from channels.security.websocket import AllowedHostsOriginValidator  # noqa: E402
from chat.routing import websocket_urlpatterns  # noqa: E402
from django.conf import settings  # noqa: E402
from django.contrib.staticfiles.handlers import ASGIStaticFilesHandler  # noqa: E402

application = with_logtail(
    ProtocolTypeRouter(
        {
            "http": ASGIStaticFilesHandler(pages) if settings.DEBUG else pages,
            "websocket": AllowedHostsOriginValidator(AuthMiddlewareStack(URLRouter(websocket_urlpatterns))),
        }
    )
)
