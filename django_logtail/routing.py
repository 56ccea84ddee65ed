"""For projects that need `URLRouter`. `with_logtail` finds the mount point by itself; here you write it.

URLRouter([path("logs/", URLRouter(django_logtail.routing.websocket_urlpatterns)), ...])
"""

from __future__ import annotations

from django.urls import path

from django_logtail.consumers import LogConsumer

websocket_urlpatterns = [path("<slug:slug>/socket/", LogConsumer.as_asgi())]  # type: ignore[arg-type]
