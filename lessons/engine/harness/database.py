"""The checks' own database, made when the first check asks for it. The student's is never opened.

It is a file: in the memory, SQLite would not let a thread of the student's (lesson 9) wait while another one writes.
Two users are in it, so that a check can be somebody who has logged in. All is done in the thread of the consumers and
views (Loop.call): in the main thread Playwright has a loop running, and there Django refuses.
"""

import logging
import sqlite3
import tempfile
from contextlib import closing
from pathlib import Path

from . import project
from .asgi_tab import Loop

USERS = {"teacher": True, "pupil": False}  # {name: is staff}


class Database:
    """`make` it, `reset` it before each check, `copy_to` the folder of a server. `cookies` are those of the users."""

    def __init__(self, loop: Loop, blocker) -> None:
        self.loop, self.blocker = loop, blocker  # pytest-django's: it lets nobody at a database until told to
        self.fresh: sqlite3.Connection | None = None  # a copy, as it was in the beginning
        self.cookies: dict[str, dict[str, str]] = {}
        self.problem: Exception | None = None  # why nobody can log in
        self.folder = tempfile.TemporaryDirectory(prefix="course-database-", ignore_cleanup_errors=True)

    def make(self) -> None:
        """Make the tables and the users, unless that is done."""
        if not self.fresh:
            self.students = self.students_file()
            self.blocker.unblock()
            self.loop.call(self.create)

    def create(self) -> None:
        from django.db import connection

        settings = connection.settings_dict  # those of all threads
        settings["TEST"]["NAME"] = str(Path(self.folder.name) / "checks.sqlite3")
        if connection.vendor == "sqlite":
            settings["OPTIONS"].setdefault("init_command", "PRAGMA synchronous=OFF")  # it need not outlive a power cut
        connection.creation.create_test_db(verbosity=0, autoclobber=True, serialize=False)
        try:
            self.cookies = {name: log_in(name, staff) for name, staff in USERS.items()}
        except Exception as error:
            self.problem = error
        self.fresh = sqlite3.connect(":memory:")
        connection.connection.backup(self.fresh)

    def cookies_of(self, name: str) -> dict[str, str]:
        """Return the cookies of a browser in which one of the users is logged in."""
        assert project.has_database(), "The settings name no database, so there are no users, and nobody can log in."
        if self.problem:
            raise AssertionError("Nobody can log in.") from self.problem
        return self.cookies[name]

    def set_password(self, name: str, password: str) -> None:
        from django.contrib.auth import get_user_model

        def work() -> None:
            user = get_user_model().objects.get_by_natural_key(name)
            user.set_password(password)
            user.save()

        self.loop.call(work)

    def reset(self) -> None:
        """Let everything be as in the beginning."""
        self.loop.call(lambda: self.fresh.backup(self.connection()))

    def copy_to(self, place: Path) -> None:
        """Put a copy where a server that runs in `place` looks for its database."""
        self.make()
        assert not self.students.is_absolute(), (
            f"The settings have the database at {self.students}, outside of the project. A server of the checks would"
            ' open that very file. What does "NAME": BASE_DIR / "db.sqlite3" say?'
        )
        (place / self.students).parent.mkdir(parents=True, exist_ok=True)

        def copy() -> None:
            with closing(sqlite3.connect(place / self.students)) as file:
                self.fresh.backup(file)

        self.loop.call(copy)

    def students_file(self) -> Path:
        """Return where the settings have the student's database, seen from the top of the project if it is in there."""
        from django.conf import settings

        name = Path(settings.DATABASES["default"]["NAME"])
        return name.relative_to(project.ROOT) if name.is_relative_to(project.ROOT) else name

    def connection(self) -> sqlite3.Connection:
        from django.db import connection

        connection.ensure_connection()
        return connection.connection

    def close(self) -> None:
        logging.disable()  # a thread of the student's may still beat, and find no database any more
        if self.fresh:
            self.loop.call(lambda: (self.fresh.close(), self.connection().close()))
        self.folder.cleanup()


def log_in(name: str, staff: bool) -> dict[str, str]:
    """Make a user and return the cookies of a browser in which that one is logged in."""
    from django.contrib.auth import get_user_model
    from django.test import Client

    model, client = get_user_model(), Client()
    user = model(**{model.USERNAME_FIELD: name, "is_staff": staff, "is_superuser": staff})
    user.set_unusable_password()
    user.save()
    client.force_login(user)
    return {cookie.key: cookie.coded_value for cookie in client.cookies.values()}
