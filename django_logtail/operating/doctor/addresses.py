"""Addresses of the pages, as a visitor without a chosen language gets them."""

from __future__ import annotations

import contextlib

from django.conf import settings
from django.conf.urls.i18n import is_language_prefix_patterns_used
from django.urls import reverse
from django.utils import translation


def path_of(name: str, *arguments: str) -> str:
    """The path of a route. Raises `NoReverseMatch` without it.

    Behind `i18n_patterns` it has the prefix that `LocaleMiddleware` accepts: for the language "en-us", where a project
    has only "en", that is `/en/`.
    """
    language = settings.LANGUAGE_CODE
    is_prefixed, has_default_prefix = is_language_prefix_patterns_used(settings.ROOT_URLCONF)
    if is_prefixed and has_default_prefix:
        with contextlib.suppress(LookupError):
            language = translation.get_supported_language_variant(language)
    with translation.override(language):
        return reverse(f"logtail:{name}", args=arguments)
