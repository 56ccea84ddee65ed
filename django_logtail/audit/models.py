"""The tables of the record. Only `storing` and `retention` write to them."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from django_logtail.audit.records import MOST_NAME_CHARACTERS


class Recorded(models.Model):
    """What viewings and events have in common. Users and logs are kept as text, so that records outlive them."""

    id = models.UUIDField(primary_key=True, editable=False)
    began = models.DateTimeField(_("started"))
    ended = models.DateTimeField(_("ended at"), null=True)
    user = models.CharField(_("user id"), max_length=MOST_NAME_CHARACTERS)
    user_name = models.CharField(_("user"), max_length=MOST_NAME_CHARACTERS)
    log = models.CharField(_("log id"), max_length=MOST_NAME_CHARACTERS)
    slug = models.CharField(_("slug"), max_length=MOST_NAME_CHARACTERS)
    log_name = models.CharField(_("log"), max_length=MOST_NAME_CHARACTERS)
    address = models.CharField(_("address"), max_length=MOST_NAME_CHARACTERS)
    via = models.CharField(_("way"), max_length=20)
    outcome = models.CharField(_("ended"), max_length=100)
    bytes = models.BigIntegerField(_("bytes"), default=0)
    hosts = models.JSONField(_("hosts"), default=list)
    ranges = models.JSONField(_("parts of the files"), default=list)
    is_exact = models.BooleanField(_("parts are exact"), default=True)

    class Meta:
        abstract = True


class Viewing(Recorded):
    """One viewer of one log, from admission to end."""

    #: The web process that knows when it ends; and when that last said that the viewing goes on.
    process = models.CharField(_("process"), max_length=MOST_NAME_CHARACTERS)
    seen = models.DateTimeField(_("last seen"))
    code = models.IntegerField(_("close code"), null=True)

    class Meta:
        ordering = ["-began", "id"]
        verbose_name = _("viewing")
        verbose_name_plural = _("viewings")
        default_permissions = ("view",)
        indexes = [
            models.Index(fields=["-began", "id"], name="logtail_viewing_began"),
            models.Index(fields=["user_name", "-began"], name="logtail_viewing_user"),
            models.Index(fields=["slug", "-began"], name="logtail_viewing_slug"),
            models.Index(fields=["ended", "seen"], name="logtail_viewing_ended"),
        ]

    def __str__(self) -> str:
        return f"{self.user_name}, {self.log_name}"


class ViewingEvent(Recorded):
    """Something that was done: in a viewing, or without one."""

    viewing = models.ForeignKey(
        Viewing,
        verbose_name=_("viewing"),
        # The two are pruned alike; and an event must be stored even if its viewing was lost.
        on_delete=models.DO_NOTHING,
        db_constraint=False,
        null=True,
        related_name="events",
    )
    action = models.CharField(_("action"), max_length=40)
    detail = models.JSONField(_("detail"), default=dict)

    class Meta:
        ordering = ["-began", "id"]
        verbose_name = _("recorded action")
        verbose_name_plural = _("recorded actions")
        default_permissions = ("view",)
        indexes = [
            models.Index(fields=["-began", "id"], name="logtail_event_began"),
            models.Index(fields=["user_name", "-began"], name="logtail_event_user"),
            models.Index(fields=["slug", "-began"], name="logtail_event_slug"),
            models.Index(fields=["action", "-began"], name="logtail_event_action"),
        ]

    def __str__(self) -> str:
        return f"{self.action}, {self.user_name}"
