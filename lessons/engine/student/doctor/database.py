"""The database: whose it is, and whether it has the migrations that the code has, no more and no less."""

import json
import os

from ...repository import databases
from ...repository.git import Git
from ...repository.sqlite_file import is_database
from .finding import CURE, NOTE, OK, Finding
from .website import child, take_stdout


def probe_database() -> None:
    """In the child: compare the migrations that db.sqlite3 has with those of the code, as Django does."""
    out = take_stdout()
    facts = {}
    try:
        import django
        from django.conf import settings
        from django.db import connection
        from django.db.migrations.loader import MigrationLoader

        django.setup()
        name = str(settings.DATABASES.get("default", {}).get("NAME", ""))
        facts = {"name": os.path.relpath(name) if name else ""}
        if facts["name"] == databases.TOP.name:
            loader = MigrationLoader(connection)
            done, known = set(loader.applied_migrations), set(loader.disk_migrations)
            replaced = {name for key in known for name in loader.disk_migrations[key].replaces}
            facts["foreign"] = sorted(map(".".join, done - known - replaced))
            facts["missing"] = sorted(map(".".join, set(loader.graph.nodes) - done))
    except BaseException as error:
        facts["problem"] = f"{type(error).__name__}: {error}"
    print(json.dumps(facts), file=out, flush=True)
    os._exit(0)


def database(git: Git) -> Finding:
    top = databases.TOP
    if not os.path.lexists(top):
        return Finding(NOTE, f"no {top.name} yet: make run makes it, where the settings name it")
    if not is_database(top):
        what = "a link" if top.is_symlink() else "a folder" if top.is_dir() else "no SQLite database"
        return Finding(NOTE, f"{top.name} is {what}: the course leaves it alone, and all branches share it")
    here, whose = databases.branch_or_stage(git), databases.current()
    if whose and whose != here and not databases.is_students_own(git):
        return Finding(CURE, f"{top.name} is the database of {whose}, and you are on {here}", "Run: make run")
    facts, _ = child("probe_database()", top.parent, 20, "database")
    if "foreign" not in facts:
        if "problem" in facts:
            return Finding(NOTE, f"{top.name} cannot be compared with your code ({facts['problem']})")
        return Finding(NOTE, f"{top.name} is not used: the settings name {facts.get('name') or 'no database'}")
    if facts["foreign"]:
        what = f"{top.name} has migrations that your code does not have: {', '.join(facts['foreign'])}"
        return Finding(
            CURE,
            what,
            "Did you delete a migration? Bring it back. Or begin with a new database; this one"
            " is kept: make run FRESH=1",
        )
    if facts["missing"]:
        what = f"{top.name} lacks migrations of your code: {', '.join(facts['missing'])}"
        return Finding(CURE, what, "Run: python manage.py migrate (make run does it, too)")
    return Finding(OK, f"{top.name} is the database of {here}, and has the migrations of your code")
