"""The host's own pages, with the logs mounted beside them."""

from django.contrib import admin
from django.contrib.auth.decorators import login_required
from django.urls import include, path
from django.views.generic import TemplateView

urlpatterns = [
    path("", TemplateView.as_view(template_name="host/home.html"), name="home"),
    path("accounts/", include("django.contrib.auth.urls")),
    path("admin/", admin.site.urls),
    path("chat/", include("chat.urls")),
    path("status/", login_required(TemplateView.as_view(template_name="host/status.html")), name="status"),
    path("logs/", include("django_logtail.urls")),
]
