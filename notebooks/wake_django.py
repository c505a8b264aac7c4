"""Wakes Django up for a notebook. Where the website has a database, the notebook gets an empty one of its own.

Importing it does the work, so that it is one line in a notebook:

    from wake_django import stage
"""

import os
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import SimpleNamespace

COURSE = Path(__file__).resolve().parents[1]
DATABASE = "NOTEBOOK_DATABASE"  # in the environment of a server that a notebook starts: use mine

stage = int((COURSE / "lessons" / "STAGE").read_text(encoding="utf-8"))

later_scope = {  # what later lessons put into the scope of a socket
    "url_route": {"args": (), "kwargs": {"room": "lobby"}},
    "session": {},
    "user": SimpleNamespace(is_authenticated=False),
    "client": ("127.0.0.1", 50000),
}

if not (COURSE / "manage.py").exists():
    raise SystemExit("There is no website yet. Lesson 0 makes it.")
sys.path.insert(0, str(COURSE))
os.environ["DJANGO_SETTINGS_MODULE"] = "mywebsite.settings"
if DATABASE in os.environ:  # we are such a server
    database = Path(os.environ[DATABASE])
else:
    os.environ.pop("CHANNEL_REDIS_URL", None)  # nobody who is in your chat shall hear of our experiments
    folder = tempfile.TemporaryDirectory(prefix="notebook-", ignore_cleanup_errors=True)  # gone with the notebook
    database = Path(folder.name) / "db.sqlite3"

import django
from django.conf import settings

if settings.DATABASES.get("default"):
    sqlite = {"ENGINE": "django.db.backends.sqlite3", "NAME": database}
    settings.DATABASES = {"default": {**sqlite, "OPTIONS": {"transaction_mode": "IMMEDIATE", "timeout": 20}}}
django.setup()


def make_tables() -> None:
    from django.core.management import call_command
    from django.db import connections

    call_command("migrate", verbosity=0)
    connections.close_all()


if settings.DATABASES.get("default") and not database.exists():
    with ThreadPoolExecutor(1) as pool:  # Django refuses to do it in a cell itself: there, an event loop is running
        pool.submit(make_tables).result()
