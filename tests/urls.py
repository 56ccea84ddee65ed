from django.contrib import admin
from django.urls import include, path

from tests.host.inside import inside

urlpatterns = [
    path("admin/", admin.site.urls),
    path("accounts/", include("django.contrib.auth.urls")),
    path("logs/", include("django_logtail.urls")),
    path("inside/", inside),
]
