"""A small host project for the tests; real Redis comes from the fixtures in conftest.py."""

import json
import os
import tempfile

SECRET_KEY = "tests-only"
DEBUG = False
ALLOWED_HOSTS = ["testserver", "localhost", "127.0.0.1"]
USE_TZ = True
ROOT_URLCONF = os.environ.get("ROOT_URLCONF", "tests.urls")
FORCE_SCRIPT_NAME = os.environ.get("SCRIPT_NAME")
LANGUAGE_CODE = os.environ.get("LANGUAGE_CODE", "en-us")
ASGI_APPLICATION = "tests.asgi.application"
INSTALLED_APPS = [
    "django_dramatiq",
    "channels",
    "django_logtail",
    "tests.host",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.messages",
    "django.contrib.sessions",
    "django.contrib.staticfiles",
]
MIDDLEWARE = [
    "tests.host.policy.StrictPolicyMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
]
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ]
        },
    }
]
DATABASES = {
    "default": {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": os.environ.get("DATABASE_PATH", ":memory:"),
    }
}
STATIC_URL = "/static/"
LOGIN_URL = "/accounts/login/"
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
REDIS_URL = os.environ.get("REDIS_URL", "redis://127.0.0.1:6379/0")
# redis-py 8's default socket_timeout would end a silent consumer of the core layer.
CHANNEL_LAYERS = {
    "default": {
        "BACKEND": os.environ.get("CHANNEL_LAYER", "channels_redis.pubsub.RedisPubSubChannelLayer"),
        "CONFIG": {"hosts": [{"address": os.environ.get("LAYER_URL", REDIS_URL), "socket_timeout": None}]},
    }
}
DRAMATIQ_BROKER = {
    "BROKER": "dramatiq.brokers.redis.RedisBroker",
    "OPTIONS": {"url": REDIS_URL},
    "MIDDLEWARE": [
        "dramatiq.middleware.AgeLimit",
        "dramatiq.middleware.TimeLimit",
        "dramatiq.middleware.Callbacks",
        "dramatiq.middleware.Retries",
        "django_dramatiq.middleware.DbConnectionsMiddleware",
    ],
}
#: What users have at a time is counted for each run of tests alone, however many there are on this machine.
RUNTIME = tempfile.TemporaryDirectory()
LOGTAIL = {
    "RUNTIME_DIR": os.environ.get("LOGTAIL_RUNTIME_DIR", RUNTIME.name),
    "READER": "dramatiq",
    # Whole modules share a user, and open hundreds of logs a minute.
    "CONNECTS_PER_MINUTE_PER_USER": 100_000,
    # All of them come from one address, and many fail on purpose.
    "MAX_FAILED_HANDSHAKES_PER_ADDRESS": 100_000,
    "ROOTS": os.environ.get("LOGTAIL_ROOTS", "/tmp").split(os.pathsep),
    **json.loads(os.environ.get("LOGTAIL_MORE", "{}")),
}
