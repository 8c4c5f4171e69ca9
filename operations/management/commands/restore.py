"""`manage.py restore`: put a backup into an empty site, or check it."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import DatabaseError

from operations.backup.errors import BackupError
from operations.backup.services import check_backup, restore_backup


class Command(BaseCommand):
    """Restores a backup after checking it completely."""

    help = (
        "Restore a backup into an empty database and media folder. With --check, read the complete "
        "backup, compare all checksums, and check its database, without restoring anything."
    )
    requires_system_checks = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Add FILE and --check."""
        parser.add_argument("file", type=Path, help="a file created by `manage.py backup`")
        parser.add_argument(
            "--check", action="store_true", help="check the backup without restoring it"
        )

    def handle(self, *_args: Any, file: Path, check: bool, **_options: Any) -> None:
        try:
            manifest = check_backup(file) if check else restore_backup(file)
        except BackupError as error:
            raise CommandError(str(error)) from error
        except (OSError, DatabaseError) as error:
            did = "checked" if check else "restored"
            raise CommandError(f"The backup could not be {did}: {error}") from error
        found = (
            f"{manifest.database}, {len(manifest.files)} files, made {manifest.made_at} by "
            f"Testbank {manifest.testbank} at {manifest.site_url}"
        )
        if check:
            self.stdout.write(f"The backup is complete: {found}.")
        else:
            self.stdout.write(
                f"Restored: {found}.\nNow run `manage.py migrate`, start the site, and run "
                "`manage.py reconcile_payments`, which lists payments made after the backup."
            )
