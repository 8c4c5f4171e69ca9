"""`manage.py export_bank SLUG`: the questions of a bank as a file."""

import sys
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from catalog.models import TestBank
from studio.exporting import export_bank
from testbank.private_files import write_private


class Command(BaseCommand):
    """Exit code 0: exported. 1: exported, and the format left something out. 2: wrong use."""

    help = (
        "Export the questions of a test bank as jsonl (a zip file with all data and images), gift, or "
        "aiken. The command lists anything that the format cannot include. To correct questions, edit "
        "the file and import it again."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """The bank, the format and the file."""
        parser.add_argument("bank", help="the slug of the test bank")
        parser.add_argument("--format", choices=("jsonl", "gift", "aiken"), default="jsonl")
        parser.add_argument(
            "--output",
            type=Path,
            help="the output file (default: SLUG.zip, SLUG.gift, or SLUG.txt)",
        )

    def handle(self, *_args: Any, bank: str, output: Path | None, **options: Any) -> None:
        """Write the file, and say what it leaves out."""
        test_bank = TestBank.objects.filter(slug=bank).first()
        if test_bank is None:
            raise CommandError(f"There is no test bank {bank!r}.", returncode=2)
        export = export_bank(test_bank=test_bank, format_name=options["format"])
        path = output or Path(export.name)
        try:
            write_private(path, export.content)
        except OSError as error:
            raise CommandError(
                f"{path} cannot be written: {error.strerror}.", returncode=2
            ) from error
        count = test_bank.bank_questions.count()
        noun = "question" if count == 1 else "questions"
        self.stdout.write(f"{count} {noun} written to {path}.")
        for loss in export.losses:
            self.stdout.write(f"question {loss.number}: {loss.text}")
        if export.losses:
            sys.exit(1)
