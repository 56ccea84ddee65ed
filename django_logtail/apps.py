"""The app: label `logtail`, so its tables and permissions are `logtail_…` and `logtail.…`."""

from typing import Any

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class LogtailConfig(AppConfig):
    name = "django_logtail"
    label = "logtail"
    verbose_name = _("Logs")
    default_auto_field = "django.db.models.BigAutoField"

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        from django_logtail.broker import refuse_missing_broker

        refuse_missing_broker()

    def ready(self) -> None:
        from django.db.models.signals import post_delete, post_migrate

        from django_logtail import checks, declared, models, polls, stop_flag
        from django_logtail.audit import registry
        from django_logtail.viewing.signals import watch_access

        checks.register_all()
        post_migrate.connect(declared.sync_after_migrate, sender=self, dispatch_uid="logtail.declared")
        log = self.get_model("Log")
        post_delete.connect(stop_flag.forget_stop, sender=log, dispatch_uid="logtail.stop_flag")
        models.watch_membership()
        polls.leave_out_polls()
        registry.watch(log)
        watch_access()
