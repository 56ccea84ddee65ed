from django.conf.urls.i18n import i18n_patterns
from django.urls import include, path
from django.utils.translation import gettext_lazy as _

urlpatterns = [
    path("accounts/", include("django.contrib.auth.urls")),
    *i18n_patterns(path(_("logs/"), include("django_logtail.urls"))),
]
