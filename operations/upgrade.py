"""Bring the data of a site to the version that is installed."""

import os
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from django.conf import settings
from django.core.management import CommandError, call_command
from django.db import DatabaseError, connection
from django.db.migrations.exceptions import IrreversibleError
from django.db.migrations.executor import MigrationExecutor
from django.db.migrations.recorder import MigrationRecorder

from operations import maintenance
from operations.backup.services import create_backup, scheduled_path
from operations.schema import refuse_newer_schema

Say = Callable[[str], None]


class UpgradeFailed(Exception):
    """The upgrade did not happen; the message says why, and in which state the site is."""


def upgrade(*, at: datetime, say: Say) -> None:
    """Check, back up, collect static files and migrate. Safe to run again.

    The old version keeps running. While tables change, people see the maintenance page, which
    ends when the new version starts. If a migration fails, those before it are undone, so that
    the old version can go on. Raises: UpgradeFailed, BackupError, NewerSchema.
    """
    refuse_newer_schema()
    call_command("check")
    missing = missing_migrations()
    _collect_static_files(say)
    if not missing:
        say("Database: up to date")
        return
    backup = create_backup(scheduled_path(at=at), at=at)
    say(f"Backup: {backup}")
    maintenance.turn_on(at=at, ends_at_restart=True)
    _migrate(backup)
    say(f"Database: migrations applied: {', '.join(missing)}")


def _collect_static_files(say: Say) -> None:
    root: Path = settings.STATIC_ROOT
    if not settings.HASHED_STATIC:
        return
    if root.is_dir() and not os.access(root, os.W_OK):
        say("Static files: installed with the code")
        return
    call_command("collectstatic", interactive=False, verbosity=0)
    say("Static files: collected")


def missing_migrations() -> list[str]:
    """Return the migrations that are not applied, as `app.name`, in their order."""
    executor = MigrationExecutor(connection)
    plan = executor.migration_plan(executor.loader.graph.leaf_nodes())
    return [f"{migration.app_label}.{migration.name}" for migration, _backwards in plan]


def _migrate(backup: Path) -> None:
    before = set(MigrationRecorder(connection).applied_migrations())
    try:
        call_command("migrate", interactive=False, verbosity=0)
    except Exception as error:
        try:
            _undo(before)
        except (DatabaseError, IrreversibleError, CommandError) as second:
            raise UpgradeFailed(
                f"A migration failed ({error}), and the migrations before it cannot be undone ({second}). "
                "Maintenance mode stays on. Move the current database out of the way, install the old "
                f"version, and restore the backup: manage.py restore {backup}"
            ) from error
        maintenance.turn_off()
        raise UpgradeFailed(
            f"A migration failed, and all new migrations were undone: {type(error).__name__}: {error}. The "
            "running version is not affected. Install that version again before you restart it."
        ) from error


def _undo(before: set[tuple[str, str]]) -> None:
    """Unapply, newest first, every migration that is not in `before`."""
    for app in sorted({key[0] for key in MigrationRecorder(connection).applied_migrations()}):
        loader = MigrationExecutor(connection).loader
        applied = loader.applied_migrations or {}
        if not [key for key in applied if key[0] == app and key not in before]:
            continue
        leaves = [key[1] for key in loader.graph.nodes if key[0] == app and key in before]
        call_command("migrate", app, max(leaves, default="zero"), interactive=False, verbosity=0)
