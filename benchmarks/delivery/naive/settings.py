"""Settings of the naive design's host."""

from tests.settings import *  # noqa: F403

INSTALLED_APPS = ["django_dramatiq", "channels", "benchmarks.delivery.naive", "django.contrib.contenttypes"]
ROOT_URLCONF = "benchmarks.delivery.naive.settings"
urlpatterns: list[object] = []
