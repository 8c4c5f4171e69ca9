"""`manage.py upgrade`: bring the data to the version that was just installed."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import DatabaseError
from django.utils import timezone

from operations.backup.errors import BackupError
from operations.schema import NewerSchema
from operations.upgrade import UpgradeFailed, upgrade
from testbank import __version__

RESTART = """Now restart the site. With systemd, no connections are refused during the restart:
  systemctl restart testbank-worker 'testbank@*.service'
Without systemd, stop `manage.py serve` and `manage.py work` with SIGTERM and start them again."""


class Command(BaseCommand):
    """Backs up, collects static files and migrates while the old version runs."""

    help = (
        "Back up the site, run the migrations, and print how to restart. Run this command after you "
        "install a new version."
    )
    # It runs the checks itself, to say what they are about.
    requires_system_checks = []

    def handle(self, *_args: Any, **_options: Any) -> None:
        self.stdout.write(f"Upgrading to Testbank {__version__}")
        try:
            upgrade(at=timezone.now(), say=self.stdout.write)
        except (UpgradeFailed, BackupError, NewerSchema) as error:
            raise CommandError(str(error)) from error
        except (DatabaseError, OSError) as error:
            raise CommandError(f"The upgrade stopped, and no table was changed: {error}") from error
        self.stdout.write(RESTART)
