from django.urls import include, path

urlpatterns = [
    path("accounts/", include("django.contrib.auth.urls")),
    path("ops/", include([path("tools/logs/", include("django_logtail.urls"))])),
]
