"""The settings of the chat: only what it uses."""

import os
from pathlib import Path

BASE_DIR = Path(__file__).resolve().parent.parent

# Good enough on your own machine. A real server gets a real one through its environment.
SECRET_KEY = os.environ.get("DJANGO_SECRET_KEY", "insecure-key-for-development-only")

DEBUG = True

# The names under which a browser may ask for this server.
ALLOWED_HOSTS = os.environ.get("DJANGO_ALLOWED_HOSTS", "localhost 127.0.0.1").split()

INSTALLED_APPS = [
    "daphne",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "chat",
]

MIDDLEWARE = [
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
]

# What a session holds lies in a signed cookie: its owner can read it, and not change it.
SESSION_ENGINE = "django.contrib.sessions.backends.signed_cookies"

ROOT_URLCONF = "mywebsite.urls"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
        },
    },
]

# A database of one file. Whoever is going to write takes it at once (IMMEDIATE), and the
# others wait in line, for 20 seconds at most.
DATABASES = {
    "default": {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": BASE_DIR / "db.sqlite3",
        "OPTIONS": {"transaction_mode": "IMMEDIATE", "timeout": 20},
    },
}

DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

STATIC_URL = "static/"

WSGI_APPLICATION = "mywebsite.wsgi.application"
ASGI_APPLICATION = "mywebsite.asgi.application"

# The post office between consumers: on a Redis server, for all processes, if there is one;
# else inside this process.
CHANNEL_REDIS_URL = os.environ.get("CHANNEL_REDIS_URL")
if CHANNEL_REDIS_URL:
    CHANNEL_LAYERS = {
        "default": {
            "BACKEND": "channels_redis.pubsub.RedisPubSubChannelLayer",
            "CONFIG": {"hosts": [CHANNEL_REDIS_URL]},
        },
    }
else:
    CHANNEL_LAYERS = {
        "default": {"BACKEND": "channels.layers.InMemoryChannelLayer"},
    }

TIME_ZONE = "Europe/Berlin"
