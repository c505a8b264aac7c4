"""A program for a process of its own: load the website, bring its database up to date, and look at its settings."""

NO_HOSTS, NO_KEY = 8, 16  # what the settings do not read, together the exit code of MIGRATE
MIGRATE = f"""
import os, sys, django
from django.conf import settings
django.setup()
if settings.DATABASES.get("default"):
    from django.core.management import call_command
    from django.db import connection
    from django.db.migrations.loader import MigrationLoader
    call_command("migrate", verbosity=0)
    loader = MigrationLoader(connection)
    if foreign := sorted(set(loader.applied_migrations) - set(loader.disk_migrations)):
        print("The database has migrations that your code does not have:", ", ".join(map(".".join, foreign)))
        print("What to do: make doctor", flush=True)
hosts = "*" in settings.ALLOWED_HOSTS or set(sys.argv[1:]) <= set(settings.ALLOWED_HOSTS)
key = settings.SECRET_KEY == os.environ.get("DJANGO_SECRET_KEY", settings.SECRET_KEY)
sys.exit({NO_HOSTS} * (not hosts) + {NO_KEY} * (not key))
"""
