"""Django itself."""

from .env import BASE_DIR, env

SECRET_KEY = env["DJANGO_SECRET_KEY"]
DEBUG = env["DJANGO_DEBUG"] == "1"
ALLOWED_HOSTS = env["DJANGO_ALLOWED_HOSTS"].split()

INSTALLED_APPS = ["django.contrib.staticfiles"]
ROOT_URLCONF = "mywebsite.urls"
TEMPLATES = [{"BACKEND": "django.template.backends.django.DjangoTemplates", "DIRS": [BASE_DIR / "templates"]}]

STATIC_URL = "static/"
STATICFILES_DIRS = [BASE_DIR / "static"]
