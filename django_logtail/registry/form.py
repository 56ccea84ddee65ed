"""The fields of the admin's form for a log: they suggest values, show last lines, and work without a script."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Collection, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from django import forms
from django.forms import ModelForm
from django.utils.text import slugify
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from django_logtail.conf import conf
from django_logtail.control import ControlUnavailable
from django_logtail.control.process import control
from django_logtail.formats.given import names as format_names
from django_logtail.models import Log
from django_logtail.page.assets import asset_url
from django_logtail.redaction_rules import lost_by

if TYPE_CHECKING:
    _ModelForm = ModelForm[Log]
else:
    _ModelForm = ModelForm

#: Characters of a slug.
MOST_CHARACTERS: Final = 100
#: Queues whose workers are looked up.
MOST_QUEUES: Final = 50
#: Encodings by the label that is stored, and how people call them.
ENCODINGS: Final = {
    "utf-8": "UTF-8",
    "gbk": "GBK",
    "gb18030": "GB18030",
    "big5": "Big5",
    "shift_jis": "Shift_JIS",
    "euc-jp": "EUC-JP",
    "euc-kr": "EUC-KR",
    "latin-1": "Latin-1",
    "windows-1251": "Windows-1251",
    "windows-1252": "Windows-1252",
    "koi8-r": "KOI8-R",
    "utf-16-le": "UTF-16LE",
    "utf-16-be": "UTF-16BE",
}


class ListedInput(forms.TextInput):
    """A text field with a list of suggestions, each a value and what it means."""

    template_name = "admin/logtail/log/listed_input.html"

    def __init__(self, options: Callable[[], Iterable[tuple[str, str]]] = tuple, attrs: Any = None) -> None:
        super().__init__({"class": "vTextField", "autocomplete": "off", **(attrs or {})})
        self.options = options

    def get_context(self, name: str, value: Any, attrs: Any) -> dict[str, Any]:
        context = super().get_context(name, value, attrs)
        context["widget"]["attrs"]["list"] = f"id_{name}_names"
        context["names"] = list(self.options())
        return context


class FormatInput(ListedInput):
    """A field that suggests the names of formats, and below it shows how the file's last lines would be read."""

    template_name = "admin/logtail/log/format_input.html"
    #: The URL that asks a queue's host; None if the user may not, or the project's admin has none.
    host: str | None = None
    #: The nonce that a Content-Security-Policy requires in our tags.
    nonce = ""

    def get_context(self, name: str, value: Any, attrs: Any) -> dict[str, Any]:
        context = super().get_context(name, value, attrs)
        names = {id: (name, gettext(name)) for id, name in format_names().items()}
        context["names"] = sorted(
            ((id, said) for id, (_, said) in names.items()), key=lambda one: one[1].lower()
        )
        context["host"] = self.host
        context["script"] = asset_url("admin/log-form.js") if self.host else None
        context["nonce"] = self.nonce
        context["words"] = json.dumps(
            {
                "time": gettext("Time"),
                "level": gettext("Level"),
                "logger": gettext("Logger"),
                "message": gettext("Message"),
                "none": gettext("no format was recognised"),
                "bad": gettext("This is not a valid format. Save to see why."),
                "nothing": gettext("No lines to preview: the file is empty."),
                "failed": gettext("The preview failed. Change a field to try again."),
                "use": gettext("Use {encoding}"),
                "names": dict(names.values()),
                "read": gettext("Read as {format}: {entries} entries in the last {lines} lines."),
            }
        )
        return context


def encodings() -> Iterable[tuple[str, str]]:
    return ENCODINGS.items()


def queues() -> list[tuple[str, str]]:
    """The queues of registered logs and the default one, each with the hosts whose workers serve it."""
    if conf.READER == "local":
        return []
    named = Log.objects.exclude(queue="").values_list("queue", flat=True).order_by("queue").distinct()
    found = list(dict.fromkeys([conf.QUEUE, *named[:MOST_QUEUES]]))
    try:
        return [(queue, _served_by(queue)) for queue in found]
    except ControlUnavailable:
        return [(queue, "") for queue in found]


def _served_by(queue: str) -> str:
    hosts = dict.fromkeys(server.host for server in control().servers(queue))
    return ", ".join(hosts) or gettext("no worker")


class LogForm(_ModelForm):
    """Names the log that already has a file, but only to users who may see that log."""

    may_name_others = False

    class Meta:
        widgets = {
            "path": ListedInput(attrs={"class": "vTextField lt-long"}),
            "encoding": ListedInput(encodings),
            "queue": ListedInput(queues),
            "format": FormatInput(attrs={"class": "vTextField lt-long"}),
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if (slug := self.fields.get("slug")) is not None:
            slug.required = False
            slug.help_text = _("The last part of the log’s address. If empty, it is made from the name.")

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        if "slug" in cleaned and not cleaned["slug"]:
            taken = Log.objects.exclude(pk=self.instance.pk).values_list("slug", flat=True)
            cleaned["slug"] = free_slug(cleaned.get("name", ""), cleaned.get("path", ""), set(taken))
        self._keep_rules(cleaned.get("slug"))
        return cleaned

    def _keep_rules(self, slug: str | None) -> None:
        """Refuse a slug by which rules that hide secrets in this log would no longer find it."""
        old = self.instance.slug  # `_post_clean` gives it the new one
        if self.instance.pk is None or not slug or not (lost := lost_by(old, slug)):
            return
        said = _(
            "With this slug, what these rules of LOGTAIL[“REDACT”] hide would be seen: %(rules)s. First add “%(slug)s” "
            "to their “logs” in the settings, beside “%(old)s”, and restart web processes and workers."
        )
        self.add_error("slug", said % {"rules": ", ".join(lost), "slug": slug, "old": old})

    def _post_clean(self) -> None:
        self.instance.may_name_others = self.may_name_others
        super()._post_clean()  # type: ignore[misc]


def free_slug(name: str, path: str, taken: Collection[str]) -> str:
    """A slug for a log that no other has: of its name, or else of its file's, or else of its path's digest."""
    digest = hashlib.sha256((path or name).encode("utf-8", "surrogateescape")).hexdigest()[:8]
    base = slugify(name.replace(".", "-")) or slugify(Path(path).stem) or f"log-{digest}"
    tried = (
        base[:MOST_CHARACTERS],
        *(f"{base[: MOST_CHARACTERS - 8]}-{n}" for n in range(2, len(taken) + 3)),
    )
    return next(one for one in tried if one not in taken)
