"""The settings of the chat: only what it uses. On a real server they come from the environment."""

import mimetypes
import os
import re
from pathlib import Path

from csp.constants import NONE, SELF
from django.core.exceptions import ImproperlyConfigured

BASE_DIR = Path(__file__).resolve().parent.parent

DEBUG = os.environ.get("DJANGO_DEBUG", "1") == "1"


def told(name, in_development):
    """Return what the environment says. Only in development may it say nothing."""
    text = os.environ.get(name, "").strip()
    if not text and not DEBUG:
        raise ImproperlyConfigured(f"With DJANGO_DEBUG=0 the environment has to set {name}, too.")
    return text or in_development


def number(name, usually):
    """Return a number from the environment, or the usual one."""
    text = os.environ.get(name, str(usually))
    if not text.isdecimal():
        raise ImproperlyConfigured(f"{name} should be a whole number, and is {text!r}.")
    return int(text)


SECRET_KEY = told("DJANGO_SECRET_KEY", "insecure-key-for-development-only")

# The names under which a browser may ask for this server.
ALLOWED_HOSTS = told("DJANGO_ALLOWED_HOSTS", "localhost 127.0.0.1").split()

# Whose pages may open a socket here: whole origins, such as https://chat.example.org.
# In development the hosts are enough, whatever the port.
ORIGINS = told("DJANGO_ORIGINS", " ".join(ALLOWED_HOSTS)).split()

# Is an nginx in front, and nothing else can reach us? Then what it says of the browser is true.
BEHIND_PROXY = os.environ.get("DJANGO_BEHIND_PROXY", "0") == "1"

# May guests enter every room? If not, the lobby is theirs, and the rest is for members.
CHAT_GUESTS_EVERYWHERE = os.environ.get("CHAT_GUESTS_EVERYWHERE", "1") == "1"

# How much is too much.
CHAT_MAX_LENGTH = number("CHAT_MAX_LENGTH", 500)  # characters of a message
CHAT_MAX_FRAME = number("CHAT_MAX_FRAME", 131072)  # of a frame, with all that is around the message
CHAT_BURST = number("CHAT_BURST", 100)  # frames at once,
CHAT_RATE = number("CHAT_RATE", 5)  # and then so many a second
CHAT_WARNINGS = number("CHAT_WARNINGS", 10)  # error frames for whoever is faster, before we hang up
CHAT_MAX_UNREAD = number("CHAT_MAX_UNREAD", 200)  # frames that wait while we are busy
CHAT_MAX_CONNECTIONS = number("CHAT_MAX_CONNECTIONS", 0)  # from one address; 0: no limit

INSTALLED_APPS = [
    "daphne",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.messages",
    "django.contrib.sessions",
    "django.contrib.staticfiles",
    "csp",
    "chat",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]

LOGIN_URL = "login"
LOGIN_REDIRECT_URL = "lobby"
LOGOUT_REDIRECT_URL = "lobby"
CSRF_FAILURE_VIEW = "chat.views.too_old"

AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator"},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]

# What a page of ours may load, and from where: from here, and nothing that stands inside the page.
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [SELF],
        "connect-src": [SELF],  # the socket, too
        "img-src": [SELF, "data:"],
        "object-src": [NONE],
        "base-uri": [NONE],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
    },
}

# A real server does not start with what would let everybody in, or nobody.
if not DEBUG:
    if len(SECRET_KEY) < 50 or len(set(SECRET_KEY)) < 5:
        raise ImproperlyConfigured("DJANGO_SECRET_KEY has to be random, of 50 characters or more.")
    if "*" in ALLOWED_HOSTS:
        raise ImproperlyConfigured("DJANGO_ALLOWED_HOSTS has to name each host: * is all of them.")
    for origin in ORIGINS:
        if not re.fullmatch(r"https?://[^/*]+", origin):
            raise ImproperlyConfigured(f"DJANGO_ORIGINS: {origin} is not like https://chat.example.org.")

# https: or nothing. The health page is asked by this machine itself.
if not DEBUG:
    SECURE_SSL_REDIRECT = True
    SECURE_REDIRECT_EXEMPT = [r"^health/$"]
    SECURE_HSTS_SECONDS = number("DJANGO_HSTS_SECONDS", 3600)
    SECURE_HSTS_INCLUDE_SUBDOMAINS = True
    SESSION_COOKIE_SECURE = True
    CSRF_COOKIE_SECURE = True
    SILENCED_SYSTEM_CHECKS = ["security.W021"]  # HSTS "preload" is for good, and for a whole domain
if BEHIND_PROXY:
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")

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
        "NAME": os.environ.get("DJANGO_DATABASE", BASE_DIR / "db.sqlite3"),
        "OPTIONS": {"transaction_mode": "IMMEDIATE", "timeout": 20},
    },
}

DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

STATIC_URL = "static/"
STATIC_ROOT = os.environ.get("DJANGO_STATIC_ROOT")  # where collectstatic puts them, for nginx
mimetypes.add_type("text/javascript", ".js")  # not every Windows knows, and then no script runs

WSGI_APPLICATION = "mywebsite.wsgi.application"
ASGI_APPLICATION = "mywebsite.asgi.application"

# The post office between consumers: on a Redis server, for all processes, if there is one;
# else inside this process.
CHANNEL_REDIS_URL = os.environ.get("CHANNEL_REDIS_URL")
if CHANNEL_REDIS_URL:
    CHANNEL_LAYERS = {
        "default": {
            "BACKEND": "channels_redis.core.RedisChannelLayer",
            "CONFIG": {"hosts": [CHANNEL_REDIS_URL]},
        },
    }
else:
    CHANNEL_LAYERS = {
        "default": {"BACKEND": "chat.layer.QuickLayer"},
    }

# What happens goes to the console, and so into the journal of a real server. What people write does
# not: no mails to the admins, with all that was posted, and no SQL.
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "handlers": {"console": {"class": "logging.StreamHandler"}},
    "loggers": {
        "django": {"handlers": ["console"], "level": "INFO", "propagate": False},
        "django.db.backends": {"level": "INFO"},
        "chat": {"handlers": ["console"], "level": "INFO", "propagate": False},
    },
}

TIME_ZONE = "UTC"  # the default is America/Chicago
