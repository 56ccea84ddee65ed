"""The test host with other people's middleware: MIDDLEWARE_SET names which of it."""

import os

from tests.settings import *  # noqa: F403
from tests.settings import INSTALLED_APPS, MIDDLEWARE

#: Outermost first, as in MIDDLEWARE.
SETS = {
    "gzip": ["django.middleware.gzip.GZipMiddleware"],
    "compression": ["compression_middleware.middleware.CompressionMiddleware"],
    "conditional": [
        "django.middleware.gzip.GZipMiddleware",
        "django.middleware.http.ConditionalGetMiddleware",
    ],
    "whitenoise": ["whitenoise.middleware.WhiteNoiseMiddleware", "django.middleware.gzip.GZipMiddleware"],
    "policy": ["csp.middleware.CSPMiddleware", "django.middleware.gzip.GZipMiddleware"],
    "watchers": [
        "tests.surroundings.middleware.counts_pieces",
        "tests.surroundings.middleware.reads_bodies",
        "tests.surroundings.middleware.marks_versions",
    ],
    "unlabelled": [
        "django.middleware.gzip.GZipMiddleware",
        "tests.surroundings.middleware.drops_identity",
    ],
}
MIDDLEWARE = [*SETS[os.environ.get("MIDDLEWARE_SET", "gzip")], *MIDDLEWARE]
INSTALLED_APPS = [*INSTALLED_APPS, "csp"]
STATIC_ROOT = os.environ.get("STATIC_ROOT")
CONTENT_SECURITY_POLICY = {"DIRECTIVES": {"default-src": ["'self'"]}}
