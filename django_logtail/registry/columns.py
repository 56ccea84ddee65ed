"""The columns of the admin's list of logs that are not fields of their rows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib import admin, messages
from django.http import HttpRequest
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from django_logtail.amounts import size_in_words
from django_logtail.models import Log
from django_logtail.registry.asked import may_ask
from django_logtail.registry.listed import Facts, listed, since

if TYPE_CHECKING:
    _Admin = admin.ModelAdmin[Log]
else:
    _Admin = object

_NONE = "–"
_NUMBER = '<span class="lt-fact lt-number">{}</span>'


class FactColumns(_Admin):
    """Size, last change, state and viewers of the rows of a page, which are found for all of them at once."""

    def get_changelist_instance(self, request: HttpRequest) -> Any:
        found = super().get_changelist_instance(request)
        if request.method == "GET":
            rows = list(found.result_list)
            asks = bool(rows) and self.may_register(request) and may_ask(request.user)
            known = listed(rows, may_ask=asks)
            for row in rows:
                row.listed = known.facts[row.pk]
            found.result_list = rows
            for notice in known.notices:
                messages.warning(request, notice)
        return found

    def may_register(self, request: HttpRequest) -> bool:
        """Whether the user may make hosts look at files."""
        return self.has_add_permission(request) or self.has_change_permission(request)

    @admin.display(description=_("path"), ordering="path")
    def file_path(self, log: Log) -> SafeString:
        """Where a line may break behind each slash."""
        return format_html_join(mark_safe("/<wbr>"), "{}", ((part,) for part in log.path.split("/")))

    @admin.display(description=_("size"))
    def file_size(self, log: Log) -> SafeString:
        size = _facts(log).size
        return format_html(_NUMBER, _NONE if size is None else size_in_words(size))

    @admin.display(description=_("last written"))
    def last_written(self, log: Log) -> SafeString | str:
        written = _facts(log).written
        return (
            _NONE
            if written is None
            else format_html('<span class="lt-fact" title="{1}">{0}</span>', *since(written))
        )

    @admin.display(description=_("state"))
    def state(self, log: Log) -> SafeString | str:
        facts = _facts(log)
        if not facts.state:
            return _NONE
        return format_html(
            '<span class="lt-state" data-tone="{}" title="{}">{}</span>', facts.tone, facts.hint, facts.state
        )

    @admin.display(description=_("viewers"))
    def viewers(self, log: Log) -> SafeString:
        return format_html(_NUMBER, _facts(log).viewers)

    @admin.display(description=_("live"))
    def watch(self, log: Log) -> SafeString | str:
        address = self.view_on_site(log)  # type: ignore[operator]
        return (
            format_html('<a class="lt-open" href="{}">{}</a>', address, gettext("Open live"))
            if address
            else ""
        )


def _facts(log: Log) -> Facts:
    return getattr(log, "listed", Facts())
