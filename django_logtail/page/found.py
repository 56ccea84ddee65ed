"""What the list of found files needs on a page that is not the logs' own: the admin's form for a new log."""

from __future__ import annotations

from typing import Any, Final

from django.http import HttpRequest
from django.urls import NoReverseMatch, reverse

from django_logtail.page.config import viewer_config

#: Texts that the list takes from others.
_OTHERS: Final = ("view.failed", "sel.copy", "row.copied")


def found_config(request: HttpRequest) -> dict[str, Any] | None:
    """The page's configuration, with the texts of this list only; None if the package's routes are not mounted."""
    try:
        urls = {name: reverse(f"logtail:{name}") for name in ("found", "add-found")}
    except NoReverseMatch:
        return None
    config = viewer_config(request)
    texts = {key: text for key, text in config["texts"].items() if key.startswith("first.") or key in _OTHERS}
    kept = {key: config[key] for key in ("version", "language", "plurals", "csrf")}
    return {**kept, "texts": texts, "urls": urls}
