"""`manage.py backup`: back up the running site into one file."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import DatabaseError
from django.utils import timezone

from operations.backup.errors import BackupError
from operations.backup.services import create_backup, delete_old_backups, scheduled_path


class Command(BaseCommand):
    """Backs up the database, media and secret key while the site runs."""

    help = (
        "Back up the database, media, and secret key to FILE. Without FILE, back up to BACKUP_DIR and "
        "delete all but the newest BACKUP_KEEP backups there."
    )
    requires_system_checks = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Add FILE."""
        parser.add_argument(
            "file", nargs="?", type=Path, help="a new file, such as /mnt/backup/monday.tar.gz"
        )

    def handle(self, *_args: Any, file: Path | None, **_options: Any) -> None:
        at = timezone.now()
        try:
            path = create_backup(file or scheduled_path(at=at), at=at)
        except (BackupError, OSError, DatabaseError) as error:
            raise CommandError(f"No backup was made. {error}") from error
        self.stdout.write(f"{path} ({path.stat().st_size / 1_000_000:.1f} MB)")
        if file is None:
            for old in delete_old_backups(made=path):
                self.stdout.write(f"deleted {old}")
