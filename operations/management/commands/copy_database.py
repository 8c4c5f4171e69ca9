"""`manage.py copy_database URL`: move the data of another database into that of DATABASE_URL."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import DatabaseError

from operations.database_copy import CopyDiffers, CopyRefused, copy_database
from operations.row_hashes import TableHash


class Command(BaseCommand):
    """Copies all rows and compares their checksums. Changes nothing in the source."""

    help = (
        "Copy all rows of the database at URL, such as sqlite:///var/testbank.sqlite3, to the "
        "empty database in DATABASE_URL, and compare the checksums of all rows. Stop the site first."
    )
    requires_system_checks = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Add URL."""
        parser.add_argument("url", help="the database to copy from")

    def handle(self, *_args: Any, url: str, **_options: Any) -> None:
        try:
            copy_database(source_url=url, progress=self._report)
        except (CopyRefused, CopyDiffers) as error:
            raise CommandError(f"Nothing was copied. {error}") from error
        except DatabaseError as error:
            raise CommandError(f"Nothing was copied. {type(error).__name__}: {error}") from error
        self.stdout.write("All rows are identical in both databases.")

    def _report(self, table: TableHash) -> None:
        self.stdout.write(f"{table.rows:9} {table.digest[:16]} {table.table}")
