"""The chat, and what it needs."""

from .base import INSTALLED_APPS
from .env import BASE_DIR, env

INSTALLED_APPS = ["daphne", *INSTALLED_APPS, "chat"]
ASGI_APPLICATION = "mywebsite.asgi.application"
CHANNEL_LAYERS = {"default": {"BACKEND": "channels.layers.InMemoryChannelLayer"}}

CHAT_GROUP = env["CHAT_GROUP"]
CHAT_MAX_LENGTH = 500

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "%(asctime)s %(levelname)s %(message)s"}},
    "handlers": {"file": {"class": "logging.FileHandler", "filename": BASE_DIR / "chat.log", "formatter": "line"}},
    "loggers": {"chat": {"handlers": ["file"], "level": "DEBUG", "propagate": False}},
}
