"""Do the student's migrations make the tables that the models ask for? Asked in this process, without a database."""

import inspect

from lessons.engine.harness import project


def students_models() -> list[type]:
    """Return the models of the student's own apps."""
    from django.apps import apps

    return [model for model in apps.get_models() if project.is_students(inspect.getfile(model))]


def label(model: type) -> str:
    return model._meta.app_label


def missing() -> str:
    """Return what `makemigrations` would write for the student's apps, in its own words; "" if it is nothing."""
    from django.apps import apps
    from django.db.migrations.autodetector import MigrationAutodetector
    from django.db.migrations.loader import MigrationLoader
    from django.db.migrations.questioner import MigrationQuestioner
    from django.db.migrations.state import ProjectState

    loader = MigrationLoader(None)
    questioner = MigrationQuestioner({"ask_initial": True}, dry_run=True)
    detector = MigrationAutodetector(loader.project_state(), ProjectState.from_apps(apps), questioner)
    own = {label(model) for model in students_models()} | {"chat"}
    changes = detector.changes(loader.graph, trim_to_apps=own, convert_apps=own)
    operations = [operation for app in own for migration in changes.get(app, []) for operation in migration.operations]
    return "; ".join(operation.describe() for operation in operations[:3])
