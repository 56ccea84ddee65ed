"""Addresses of the pages, as a visitor without a chosen language gets them."""

from __future__ import annotations

from django.urls import reverse
from django.utils import translation

from django_logtail.project import default_language


def path_of(name: str, *arguments: str) -> str:
    """The path of a route. Raises `NoReverseMatch` without it."""
    with translation.override(default_language()):
        return reverse(f"logtail:{name}", args=arguments)
