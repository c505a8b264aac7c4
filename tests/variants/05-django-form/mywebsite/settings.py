"""The settings, typed."""

import os
from pathlib import Path
from typing import Any

BASE_DIR: Path = Path(__file__).resolve().parents[1]
TEMPLATE_DIR = BASE_DIR / "templates"
CHANNEL_LAYER = {"BACKEND": "channels.layers.InMemoryChannelLayer"}

SECRET_KEY: str = os.getenv("SECRET_KEY") or "for-my-own-machine-only"
DEBUG: bool = os.getenv("DEBUG", "yes") == "yes"
ALLOWED_HOSTS: list[str] = ["*"] if DEBUG else os.environ["HOSTS"].split(",")
USE_TZ: bool = True

INSTALLED_APPS: list[str] = ["daphne", "chat"]
ROOT_URLCONF: str = "mywebsite.urls"
ASGI_APPLICATION: str = "mywebsite.asgi.application"

TEMPLATES: list[dict[str, Any]] = [
    {"BACKEND": "django.template.backends.django.DjangoTemplates", "DIRS": [TEMPLATE_DIR]},
]
CHANNEL_LAYERS: dict[str, dict[str, Any]] = {"default": CHANNEL_LAYER}

LOGGING: dict[str, Any] = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"short": {"format": "{levelname:<8} {name}: {message}", "style": "{"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "short"}},
    "loggers": {"chat": {"handlers": ["console"], "level": "INFO"}},
}
