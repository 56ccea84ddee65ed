"""A host project as its users have them; what differs between installations is in the environment."""

import os
from pathlib import Path

BASE_DIR = Path(__file__).resolve().parent.parent
DEMO_DIR = BASE_DIR.parent / ".demo"

SECRET_KEY = os.environ.get("SECRET_KEY", "only-for-the-demo-on-your-own-machine")
DEBUG = os.environ.get("DEBUG", "1") == "1"
ALLOWED_HOSTS = ["localhost", "127.0.0.1", "[::1]"]
ROOT_URLCONF = "host.urls"
ASGI_APPLICATION = "host.asgi.application"

SILENCED_SYSTEM_CHECKS = ["logtail.W020"]  # the demo runs uvicorn, not runserver

INSTALLED_APPS = [
    "host",  # before django_logtail, whose page it extends
    "chat",
    "demo",
    "django_dramatiq",
    "django_logtail",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.messages",
    "django.contrib.sessions",
    "django.contrib.staticfiles",
]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
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
        "NAME": os.environ.get("DATABASE_PATH", str(DEMO_DIR / "db.sqlite3")),
        "OPTIONS": {"transaction_mode": "IMMEDIATE"},
    }
}
USE_TZ = True
TIME_ZONE = "UTC"
STATIC_URL = "/static/"
LOGIN_URL = "login"
LOGIN_REDIRECT_URL = "home"
LOGOUT_REDIRECT_URL = "home"

REDIS_URL = os.environ.get("REDIS_URL", "redis://127.0.0.1:6379/0")
CHANNEL_LAYERS = {
    "default": {
        "BACKEND": "channels_redis.pubsub.RedisPubSubChannelLayer",
        "CONFIG": {"hosts": [REDIS_URL]},
    }
}
# Without dramatiq.middleware.Prometheus, which dramatiq 2 no longer loads from this list.
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
LOGTAIL = {
    "READER": os.environ.get("LOGTAIL_READER", "dramatiq"),
    "ROOTS": os.environ.get("LOGTAIL_ROOTS", str(DEMO_DIR / "logs")).split(os.pathsep),
    "QUEUE": os.environ.get("LOGTAIL_QUEUE", "logtail"),
    "AUDIT": os.environ.get("LOGTAIL_AUDIT") == "1",
}
if os.environ.get("LOGTAIL_REDACT") == "1":
    LOGTAIL["REDACT"] = [
        "token",
        "cookie",
        "password",
        "email",
        {"ready": "card", "logs": ["django"]},
        {"name": "order token", "pattern": r"\bot_[0-9a-z]{20}\b"},
        "own",
    ]
