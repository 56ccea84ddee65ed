"""The app: label `logtail`, so its tables and permissions are `logtail_…` and `logtail.…`."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class LogtailConfig(AppConfig):
    name = "django_logtail"
    label = "logtail"
    verbose_name = _("Logs")
    default_auto_field = "django.db.models.BigAutoField"
