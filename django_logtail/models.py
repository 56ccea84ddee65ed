"""The registry: which logs exist, where their files are, and who may watch them."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Collection, Iterable
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings
from django.contrib.auth.models import Group
from django.core.exceptions import ValidationError
from django.core.validators import MaxLengthValidator, MaxValueValidator, MinValueValidator, RegexValidator
from django.db import models, router
from django.db.models import signals
from django.urls.converters import SlugConverter
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from django_logtail.audit.models import Viewing, ViewingEvent  # noqa: F401 - Django looks for models here
from django_logtail.conf import QUEUE_NAME, conf
from django_logtail.formats.given import BadFormat, given
from django_logtail.rights import Right
from django_logtail.tailing.belonging import Belonging
from django_logtail.tailing.files.found import is_pattern
from django_logtail.tailing.files.looks import NoAnswer, looks
from django_logtail.tailing.files.roots import Roots, tidied
from django_logtail.tailing.files.system import System
from django_logtail.tailing.member_names import is_member_name, mistake_in_pattern
from django_logtail.tailing.mistakes import Mistake
from django_logtail.tailing.newest import resolved
from django_logtail.tailing.reasons import in_full, reason_of_errno
from django_logtail.tailing.rotated_names import BadPattern, Names
from django_logtail.tailing.text.encodings import UnknownEncoding, browser_label
from django_logtail.tailing.text.matching import reason_of_re2

#: The codename of the permission that `Access.PERMISSION` requires. Django's own `view_log` is different: it shows the
#: registry's rows (paths, queues) in the admin, but not the content of the files.
WATCH_PERMISSION = "watch_log"
#: The codename of the permission to save views for others.
SHARE_PERMISSION = "share_view"

#: Characters of a saved view's fragment, and of an address that the page writes (`log/view.js`). A list of logs
#: carries the fragments of its views every few seconds.
FRAGMENT_CHARACTERS = 4_000


#: The most hours of earlier lines that a row may allow: ten years.
MOST_HISTORY_HOURS = 87_600
#: The fields that make up a revision, in addition to the row's id and its queue.
REVISED = ("path", "follow", "encoding", "rotated_as", "enabled", "access", "history_hours", "membership")
#: Where a member's path has bytes of a file name that are not text: databases don't store lone surrogates.
_STORED = {0xDC80 + byte: 0xF780 + byte for byte in range(128)}
_UNSTORED = {stored: surrogate for surrogate, stored in _STORED.items()}


def stored_path(path: str) -> str | None:
    """The path of a member as its row has it, with bytes that are not text; None if no row can have it."""
    if any(ord(letter) in _UNSTORED for letter in path) or len(path) > 1024 or "\0" in path:
        return None
    return path.translate(_STORED)


#: Rows that may be watched if the policy allows it: enabled logs, and members of enabled patterns.
READABLE = models.Q(parent=None, enabled=True) & ~models.Q(follow="each") | models.Q(
    parent__enabled=True, parent__follow="each"
)


def invalid(mistake: Mistake | BadFormat, code: str) -> ValidationError:
    """The mistake as a form reports it, in the active language."""
    params = dict(mistake.params)
    if "said" in params:
        params["said"] = in_full(reason_of_re2(params["said"]), gettext)
    return ValidationError(_(mistake.sentence), code=code, params=params)


def _files_meant(path: Path, roots: Roots, refusal: Mistake) -> list[ValidationError]:
    """The files that may be registered instead, as a second sentence; nothing if there are none."""
    try:
        found = looks.take(path, lambda: roots.files_meant(path, refusal))
    except NoAnswer:
        found = []
    return [invalid(Mistake("files-found", files=", ".join(map(str, found))), "path")] if found else []


def validate_encoding(value: str) -> None:
    try:
        browser_label(value)
    except UnknownEncoding as error:
        raise invalid(error, "encoding") from None


def validate_format(value: str) -> None:
    try:
        given(value)
    except BadFormat as error:
        raise invalid(error, "format") from None


def validate_time_zone(value: str) -> None:
    try:
        ZoneInfo(value)
    except (KeyError, ValueError, OSError):
        text = _("“%(name)s” is not a time zone. Write its name, such as Europe/Berlin or UTC.")
        raise ValidationError(text, code="time_zone", params={"name": value}) from None


validate_queue = RegexValidator(
    rf"\A{QUEUE_NAME}\Z",
    _("A queue name consists of letters, digits, “-” and “_”, and starts with a letter or “_”."),
    code="queue",
)


class Access(models.TextChoices):
    """Who may watch a log. Superusers may watch every enabled log."""

    SIGNED_IN = "signed-in", _("all signed-in users")
    STAFF = "staff", _("staff")
    CHOSEN = "chosen", _("the groups and users chosen below")
    PERMISSION = "permission", _("users with the permission “Can watch logs live”")


class Follow(models.TextChoices):
    """What a row's path names: one file, or by a pattern several."""

    FILE = "", _("the file with this path")
    EACH = "each", _("every file that matches, each as a log of its own")
    NEWEST = "newest", _("the newest file that matches; the others are its history")


class Log(models.Model):
    """A file that people may watch, on the host that serves its queue.

    With `follow` "each" it is a pattern, and its members are the files: rows with it as their `parent`. What may be
    done with a member, and how it is read, is decided by its parent's fields, never by its own.
    """

    #: Whether the user for whom this row was loaded may see its host; set by `access.admit`.
    sees_host = False
    #: What the user for whom this row was loaded may do; set by `access.admit`, and nothing for any other row.
    rights: frozenset[Right] = frozenset()
    #: What they may do with its recent lines, without the right to see earlier ones; set by `access.admit`, too.
    recent_rights: frozenset[Right] = frozenset()
    #: That user's name, for the record; set by `viewing.admission`.
    user_name = ""

    name = models.CharField(_("name"), max_length=100)
    slug = models.SlugField(
        _("slug"),
        max_length=100,
        unique=True,
        help_text=_("The last part of the log's address."),
    )
    group = models.CharField(
        _("group"),
        max_length=100,
        blank=True,
        help_text=_("The heading under which the log is listed, such as a service or a host. Optional."),
    )
    order = models.IntegerField(
        _("order"), default=0, help_text=_("Lower numbers come first within the group.")
    )
    description = models.TextField(_("description"), blank=True)
    path = models.CharField(
        _("path"),
        max_length=1024,
        help_text=_("The absolute path of the file on the host that serves the queue."),
    )
    follow = models.CharField(
        _("follow"),
        max_length=10,
        blank=True,
        choices=Follow.choices,
        default=Follow.FILE,
        help_text=_(
            "For a path whose last part is a pattern with *, ? or […], as in /var/log/sites/*.log, or has codes of a "
            "date, as in app-%Y-%m-%d.log."
        ),
    )
    queue = models.CharField(
        _("queue"),
        max_length=100,
        blank=True,
        validators=[validate_queue],
        help_text=_(
            "The Dramatiq queue of the worker on the host that has the file. "
            "If empty, the queue in the settings is used."
        ),
    )
    rotated_as = models.CharField(
        _("rotated as"),
        max_length=200,
        blank=True,
        help_text=_(
            "Needed only if rotation gives older files unusual names: a pattern of {name}, {stem}, {ext}, {number} and "
            "{date}, with the directory first if it differs, as in archive/{name}-{date}. "
            "If empty, the usual names are recognised, such as app.log.1 and app.log-20261128."
        ),
    )
    encoding = models.CharField(
        _("encoding"),
        max_length=40,
        default="utf-8",
        validators=[validate_encoding],
        help_text=_("The text encoding: utf-8, latin-1, gbk, shift_jis, utf-16-le or another."),
    )
    format = models.CharField(
        _("format"),
        max_length=500,
        blank=True,
        validators=[validate_format],
        help_text=_(
            "How an entry begins: the name of a format, such as nginx or postgres, or an expression (RE2) with the "
            "groups time, level, logger and message. If empty, it is detected from the log’s lines."
        ),
    )
    time_zone = models.CharField(
        _("time zone"),
        max_length=64,
        blank=True,
        validators=[validate_time_zone],
        help_text=_(
            "The time zone of times that the log writes without one, such as Europe/Berlin or UTC. "
            "If empty, the TIME_ZONE setting is used, as in Django’s own log times."
        ),
    )
    enabled = models.BooleanField(
        _("enabled"),
        default=True,
        help_text=_("A disabled log is hidden, and its current viewers are disconnected."),
    )
    access = models.CharField(_("who may watch"), max_length=20, choices=Access.choices, default=Access.STAFF)
    history_hours = models.PositiveIntegerField(
        _("hours of earlier lines"),
        null=True,
        blank=True,
        validators=[MinValueValidator(1), MaxValueValidator(MOST_HISTORY_HOURS)],
        help_text=_(
            "For people who may watch the log but not see earlier lines: they see lines that are at most this many "
            "hours old, as far as their times can be told. If empty, they see what is written from then on."
        ),
    )
    groups = models.ManyToManyField(Group, verbose_name=_("groups"), blank=True, related_name="+")
    users = models.ManyToManyField(
        settings.AUTH_USER_MODEL, verbose_name=_("users"), blank=True, related_name="+"
    )
    declared = models.BooleanField(_("declared in the settings"), default=False, editable=False)
    #: The pattern that this row is a member of. Readers make and remove members (`registering.members`).
    parent = models.ForeignKey(
        "self",
        verbose_name=_("pattern"),
        on_delete=models.CASCADE,
        null=True,
        editable=False,
        related_name="members",
    )
    #: Of a member: since when its file is gone; None while it is there.
    gone_since = models.DateTimeField(null=True, editable=False)
    #: Of a pattern: how many files matched when its reader last looked; None before that.
    matches = models.PositiveIntegerField(null=True, editable=False)
    #: Of a pattern: why its reader could not look, one of `tailing.reasons`; "" if it could.
    trouble = models.CharField(max_length=500, blank=True, editable=False)
    #: Counts changes of `groups` and `users`, so that the row itself shows whether they changed.
    membership = models.PositiveBigIntegerField(default=0, editable=False)
    created = models.DateTimeField(_("created"), auto_now_add=True)
    updated = models.DateTimeField(_("updated"), auto_now=True)

    class Meta:
        ordering = ["group", "order", "name"]
        verbose_name = _("log")
        verbose_name_plural = _("logs")
        permissions = [
            (WATCH_PERMISSION, "Can watch logs live"),
            ("history_log", "Can see earlier lines of logs"),
            ("search_log", "Can search logs"),
            ("download_log", "Can download logs"),
            ("see_unredacted_log", "Can ask for what is hidden in logs"),
            ("stop_log", "Can stop the reading of logs"),
        ]

    def __str__(self) -> str:
        return self.name

    def save(self, *args: Any, **kwargs: Any) -> None:
        super().save(*args, **kwargs)
        if self._was_pattern and not self.is_pattern:
            for member in self.members.all():
                member.delete()
        self._was_pattern = self.is_pattern

    #: Whether it was a pattern when it was loaded or saved last.
    _was_pattern = False

    @classmethod
    def from_db(cls, db: str | None, field_names: Any, values: Any, **options: Any) -> Log:
        log: Log = super().from_db(db, field_names, values, **options)
        log._was_pattern = log.__dict__.get("follow") == Follow.EACH and log.parent_id is None
        return log

    #: Whether an error may name other logs: only for people who can see them in the admin anyway.
    may_name_others = False

    @property
    def registration(self) -> Log:
        """The row that somebody registered, whose fields decide: a member's pattern, or this one."""
        return self if self.parent is None else self.parent

    @property
    def is_pattern(self) -> bool:
        """Whether it stands for its members, and is no log itself."""
        return self.follow == Follow.EACH and self.parent_id is None

    @property
    def is_member(self) -> bool:
        """Whether its pattern is one still, and means its file."""
        parent = self.parent
        return (
            parent is not None and parent.is_pattern and is_member_name(Path(tidied(parent.path)), self.file)
        )

    @property
    def is_enabled(self) -> bool:
        """Whether it is among the READABLE rows."""
        return self.registration.enabled and self.registration.is_pattern == (self.parent_id is not None)

    @property
    def is_readable(self) -> bool:
        """Whether its lines may be read at all, whoever asks."""
        return self.registration.enabled and (self.is_member if self.parent_id else not self.is_pattern)

    @property
    def file(self) -> Path:
        """Where its file is. Names of members are as the file system has them, and may not be text."""
        return Path(tidied(self.path if self.parent_id is None else self.path.translate(_UNSTORED)))

    @property
    def heading(self) -> str:
        """The group under which it is listed: members are listed under their pattern's name."""
        return self.group if self.parent is None else self.parent.name

    def clean(self) -> None:
        super().clean()
        self._clean_pattern()
        if not self.path:
            return  # its own field reports that it is required
        self.path = tidied(self.path)
        if self.follow and (mistake := mistake_in_pattern(Path(self.path))) is not None:
            raise ValidationError({"path": [invalid(mistake, "path")]})
        path, roots = Path(self.path), Roots(conf.ROOTS)
        try:
            refusal = looks.take(path, lambda: roots.may_register(path))
        except NoAnswer:  # another host may have it, and the reader decides by the open file
            refusal = roots.may_register_unseen(path)
        if refusal is not None:
            raise ValidationError({"path": [invalid(refusal, "path"), *_files_meant(path, roots, refusal)]})

    def validate_unique(self, exclude: Collection[str] | None = None) -> None:
        """One file has one row. This can't be a database constraint: the default queue is a setting, a local reader has
        no queues, earlier versions may have left duplicates, and some databases can't index paths of this length. The
        reader therefore checks too, and reads the oldest row.
        """
        super().validate_unique(exclude)
        if "path" not in (exclude or ()) and (others := self.others_of_its_file()):
            raise ValidationError({"path": ValidationError(self._taken_by(others[0]), code="taken")})

    def _taken_by(self, other: Log) -> str:
        """The error for a second row with a file: access must not depend on the row."""
        if not self.may_name_others:
            return gettext("Another log already has this file.")
        said = gettext(
            "The log “%(name)s” (%(slug)s) already has this file. Change or delete that one first."
        )
        return said % {"name": other.name, "slug": other.slug}

    @property
    def file_key(self) -> tuple[str, str]:
        """Equal for two rows that name the same file. A local reader reads all queues on its own host."""
        return "" if conf.READER == "local" else self.queue_name, str(self.file)

    def others_of_its_file(self, using: str | None = None) -> list[Log]:
        """The other rows that somebody registered for this file, oldest first; only a file's oldest row is read."""
        rows = Log.objects.using(using) if using else Log.objects.all()
        alike = (
            rows.filter(parent=None)
            .filter(path__contains=Path(self.path).name)
            .exclude(pk=self.pk)
            .order_by("pk")
        )
        return [row for row in alike if row.file_key == self.file_key]

    def _clean_pattern(self) -> None:
        if self.follow == Follow.NEWEST and self.rotated_as:
            text = _("Leave this empty: the older files of this log are those that its path matches.")
            raise ValidationError({"rotated_as": ValidationError(text, code="rotated_as")})
        try:
            names = Names(Path(self.path).name, self.rotated_as)
        except BadPattern as error:
            raise ValidationError({"rotated_as": invalid(error, "rotated_as")}) from None
        directory = names.directory
        if directory.startswith("/"):
            refusal = Roots(conf.ROOTS).may_register_unseen(Path(directory) / "log")
            if refusal is not None:
                text = _(
                    "The directory %(directory)s is outside LOGTAIL['ROOTS'], so its files are never read."
                )
                raise ValidationError(
                    {"rotated_as": ValidationError(text, code="rotated_as", params={"directory": directory})}
                )

    @property
    def has_address(self) -> bool:
        """Whether the log's routes accept its slug: a row that no form has validated may have any."""
        return re.fullmatch(SlugConverter.regex, self.slug) is not None

    @property
    def queue_name(self) -> str:
        """The queue whose worker reads this log."""
        return self.registration.queue or conf.QUEUE

    @property
    def zone_name(self) -> str:
        """The zone of times that the log writes without one."""
        return self.registration.time_zone or settings.TIME_ZONE or "UTC"

    @property
    def revision(self) -> str:
        """Identifies the row's state as far as it determines what is read and for whom; a short text, without a query.

        A viewer is admitted for one revision and sees no byte of another.
        """
        row = self.registration
        said = [self.pk, self.queue_name, *(getattr(row, name) for name in REVISED)]
        if row is not self:
            said += [row.pk, self.path]
        return hashlib.sha256(json.dumps(said).encode()).hexdigest()[:16]

    @property
    def encoding_label(self) -> str:
        """The log's encoding as `TextDecoder` and the protocol's `hello` name it.

        Unchanged for a row that was never validated; the page then reports that it can't decode it.
        """
        try:
            return browser_label(self.registration.encoding)
        except UnknownEncoding:
            return self.registration.encoding

    def _has_newest(self) -> bool:
        """Whether any file matches. Blocks."""
        path = Path(tidied(self.path))
        return resolved(System(), Belonging(path, matching=path.name)).path != path

    def absence(self) -> str | None:
        """A hint for the person registering the log, or None. Not an error, because another host may have the file."""
        if self.follow == Follow.EACH:
            return None  # what it matches is seen below it
        path = Path(self.path)
        try:
            if looks.take(path, self._has_newest if self.follow else path.is_file):
                return None
        except NoAnswer:
            said = gettext("%(path)s does not respond on this host: its disk or network may be down.")
            return said % {"path": self.path}
        except OSError as error:
            said = gettext("This host can't look at %(path)s: %(error)s.")
            return said % {"path": self.path, "error": in_full(reason_of_errno(error.errno), gettext)}
        if self.follow:
            said = gettext(
                "No file on this host matches %(path)s. "
                "That is fine if the worker of queue “%(queue)s” has one or will have one."
            )
            return said % {"path": self.path, "queue": self.queue_name}
        if is_pattern(self.path) or "%" in path.name:
            said = gettext(
                "No file on this host is named %(path)s. To register the files that it matches, choose how to follow "
                "them."
            )
            return said % {"path": self.path}
        said = gettext(
            "There is no file at %(path)s on this host. "
            "That is fine if the worker of queue “%(queue)s” has it or will have it."
        )
        return said % {"path": self.path, "queue": self.queue_name}


def validate_fragment(value: str) -> None:
    if not re.fullmatch(r"[!-~]*", value) or "#" in value:
        raise ValidationError(
            _(
                "This must be the part of the log page’s address after “#”. Save the view on that page instead."
            ),
            code="fragment",
        )


class SavedView(models.Model):
    """A saved arrangement of a log's page: filter, columns, panes and so on, as in its address.

    It grants nothing. It is listed under its log, to people who may watch that log and whom it is for.
    """

    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, verbose_name=_("owner"), on_delete=models.CASCADE, related_name="+"
    )
    log = models.ForeignKey(Log, verbose_name=_("log"), on_delete=models.CASCADE, related_name="views")
    name = models.CharField(_("name"), max_length=100)
    fragment = models.TextField(
        _("arrangement"),
        max_length=FRAGMENT_CHARACTERS,
        blank=True,
        validators=[MaxLengthValidator(FRAGMENT_CHARACTERS), validate_fragment],
        help_text=_("The part of the address after “#”. The page writes it."),
    )
    everyone = models.BooleanField(
        _("for everyone"), default=False, help_text=_("Everyone who may watch the log sees the view.")
    )
    #: If the group is deleted, only the owner sees the view again.
    group = models.ForeignKey(
        Group,
        verbose_name=_("for the group"),
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        help_text=_("Members of the group who may watch the log see the view."),
    )
    created = models.DateTimeField(_("created"), auto_now_add=True)
    updated = models.DateTimeField(_("updated"), auto_now=True)

    class Meta:
        ordering = ["name", "pk"]
        verbose_name = _("saved view")
        verbose_name_plural = _("saved views")
        permissions = [(SHARE_PERMISSION, "Can share saved views")]
        constraints = [
            models.UniqueConstraint(fields=["owner", "log", "name"], name="logtail_view_name_once"),
        ]

    def __str__(self) -> str:
        return self.name


def first_of_each_file(rows: Iterable[Log] | None = None) -> dict[tuple[str, str], int]:
    """By `file_key`, the primary key of the oldest row, the only one that is read. `rows`: `rows_with_files()`."""
    first: dict[tuple[str, str], int] = {}
    # What somebody registered goes before members; of these, those of the older pattern.
    for row in sorted(
        rows_with_files() if rows is None else rows, key=lambda row: (row.parent_id or 0, row.pk)
    ):
        first.setdefault(row.file_key, row.pk)
    return first


def rows_with_files(using: str | None = None) -> models.QuerySet[Log]:
    """Every row that names a file, enabled or not: all but patterns whose members do."""
    rows = Log.objects.using(using) if using else Log.objects.all()
    return rows.exclude(parent=None, follow=Follow.EACH).select_related("parent").order_by("pk")


def watch_membership() -> None:
    """Start counting changes of logs' groups and users. Called once, from the app's `ready`."""
    for members in (Log.groups, Log.users):
        signals.m2m_changed.connect(_note_membership, sender=members.through)
    signals.pre_delete.connect(_note_group_gone, sender=Group)


def _note_membership(
    sender: type[models.Model],
    instance: models.Model,
    action: str,
    using: str,
    pk_set: set[int] | None = None,
    **kwargs: Any,
) -> None:
    """Count a change of a log's groups or users."""
    if action not in ("post_add", "post_remove", "post_clear") or not isinstance(instance, Log):
        return
    rows = Log.objects.using(using).filter(pk=instance.pk)
    rows.update(membership=models.F("membership") + 1)
    instance.membership = rows.values_list("membership", flat=True).first() or 0


def _note_group_gone(sender: type[Group], instance: Group, using: str, **kwargs: Any) -> None:
    """Count a group's deletion for the logs that had chosen it, because no other signal reports it."""
    if not router.allow_migrate_model(using, Log):
        return
    chosen = Log.objects.using(using).filter(groups=instance).values_list("pk", flat=True)
    Log.objects.using(using).filter(pk__in=list(chosen)).update(membership=models.F("membership") + 1)
