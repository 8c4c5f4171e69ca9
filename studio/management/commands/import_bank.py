"""`manage.py import_bank FILE --bank SLUG`: questions from a file into a bank."""

import sys
from argparse import ArgumentParser, ArgumentTypeError
from contextlib import nullcontext
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.exceptions import NON_FIELD_ERRORS, ValidationError
from django.core.management.base import BaseCommand, CommandError
from django.db import transaction
from django.utils import timezone

from catalog.importing.items import ImportReport, import_items
from catalog.models import Category, TestBank
from questions.formats.detect import READERS, read_questions_of
from questions.formats.parsing import LARGEST_FILE_BYTES
from questions.formats.problems import ReadFile
from questions.images import ImagesBeside
from questions.items import LONGEST_DOMAIN
from questions.linting import lint
from studio.importing.services import import_questions

OPTION_OF = {
    NON_FIELD_ERRORS: "--price",
    "price_minor": "--price",
    "slug": "--bank",
    "title": "--title",
}


def domain(text: str) -> str:
    """The name of a domain, as `--domain` takes it."""
    if len(text) > LONGEST_DOMAIN:
        raise ArgumentTypeError(f"longer than {LONGEST_DOMAIN} characters")
    return text


def counted(number: int, noun: str) -> str:
    """The number with its noun, such as "1 error" or "2 errors"."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


class Command(BaseCommand):
    """Exit code 0: imported. 1: the file has errors, nothing was written. 2: wrong use."""

    help = (
        "Import a question file (Aiken, GIFT, or JSON Lines) into a test bank. The command lists each "
        "problem with its line number. If the file has errors, nothing is imported. Use --title to "
        "create a new test bank as a draft."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """The file, the bank, and what is said of both."""
        parser.add_argument("file", type=Path, help="UTF-8 text; see docs/formats.md")
        parser.add_argument(
            "--format",
            choices=sorted(READERS),
            help="detected from the file name and content by default",
        )
        parser.add_argument(
            "--bank", required=True, metavar="SLUG", help="the slug of the test bank"
        )
        parser.add_argument(
            "--title",
            default="",
            help="create the test bank with this title if it does not exist",
        )
        parser.add_argument(
            "--domain", default="", type=domain, help="the domain of these questions"
        )
        parser.add_argument("--publish", action="store_true", help="publish the test bank")
        parser.add_argument(
            "--price",
            type=int,
            metavar="MINOR",
            help="in the currency's smallest unit, such as 1900 for $19.00",
        )
        parser.add_argument(
            "--dry-run",
            action="store_true",
            help="show what would happen, without writing anything",
        )

    def handle(self, *_args: Any, file: Path, **options: Any) -> None:
        """Read, report, and write unless something is wrong."""
        content = self._content(file)
        images = ImagesBeside(file.parent)
        read = read_questions_of(
            content,
            name=file.name,
            format_name=options["format"],
            domain=options["domain"],
            images=images,
        )
        self._print_problems(file, read)
        if read.errors:
            self.stderr.write(
                f"{counted(len(read.errors), 'error')} in {file}. Nothing was imported. Correct the "
                "file and try again."
            )
            sys.exit(1)
        # Without a transaction around it, an import lets others write while it stages.
        with transaction.atomic() if options["dry_run"] else nullcontext():
            with transaction.atomic():
                test_bank = self._bank(options)
            report = self._import(test_bank, read, images, options, file.name)
            if options["dry_run"]:
                transaction.set_rollback(True)
        self._print_report(test_bank, report, options)
        self._print_hints(file, read)

    def _import(
        self,
        test_bank: TestBank,
        read: ReadFile,
        images: ImagesBeside,
        options: dict[str, Any],
        name: str,
    ) -> ImportReport:
        """Import as an upload does, with history and undo; a dry run stores no picture."""
        at = timezone.now()
        if options["dry_run"]:
            return import_items(test_bank=test_bank, read=read, at=at)
        return import_questions(
            test_bank=test_bank, read=read, images=images, names=[name], by=None, at=at
        )

    def _content(self, file: Path) -> bytes:
        try:
            with file.open("rb") as opened:
                return opened.read(LARGEST_FILE_BYTES + 1)
        except OSError as error:
            raise CommandError(f"{file} cannot be read: {error.strerror}.", returncode=2) from error

    def _bank(self, options: dict[str, Any]) -> TestBank:
        """The bank, made where a title is given; with its price and state as asked for."""
        slug = options["bank"]
        test_bank = TestBank.objects.filter(slug=slug).first() or self._new_bank(slug, options)
        if options["price"] is not None:
            test_bank.price_minor = options["price"]
        if options["publish"]:
            test_bank.status = TestBank.Status.PUBLISHED
        self._refuse_mistakes(test_bank, options)
        is_new = test_bank.pk is None
        test_bank.save(update_fields=None if is_new else ["price_minor", "status"])
        return test_bank

    def _refuse_mistakes(self, test_bank: TestBank, options: dict[str, Any]) -> None:
        """Refuse invalid values and a missing price. Raises: CommandError."""
        if options["publish"] and options["price"] is None and test_bank.is_free:
            raise CommandError(
                "--publish requires a --price, such as --price 1900. Use --price 0 for a free "
                "test bank.",
                returncode=2,
            )
        try:
            test_bank.full_clean()
        except ValidationError as error:
            faults = [
                f"{OPTION_OF.get(name, name)}: {' '.join(texts)}"
                for name, texts in error.message_dict.items()
            ]
            raise CommandError(" ".join(faults), returncode=2) from None

    def _new_bank(self, slug: str, options: dict[str, Any]) -> TestBank:
        """The bank, not yet written: a draft."""
        if not options["title"]:
            raise CommandError(
                f"There is no test bank {slug!r}. To create it, add --title 'My test bank'.",
                returncode=2,
            )
        category, _created = Category.objects.get_or_create(
            slug="general", defaults={"title": "General"}
        )
        return TestBank(
            slug=slug,
            title=options["title"],
            category=category,
            price_minor=0,
            currency=settings.CURRENCY,
        )

    def _print_problems(self, file: Path, read: ReadFile) -> None:
        for problem in sorted(read.problems, key=lambda problem: problem.line):
            word = "error" if problem.is_error else "warning"
            stream = self.stderr if problem.is_error else self.stdout
            stream.write(f"{file}:{problem.line}: {word}: {problem.text}")

    def _print_report(
        self, test_bank: TestBank, report: ImportReport, options: dict[str, Any]
    ) -> None:
        done = "would be added" if options["dry_run"] else "added"
        self.stdout.write(f"{counted(report.added, 'question')} {done} to {test_bank.slug}.")
        if len(report.added_kinds) > 1:
            kinds = [f"{name} {count}" for name, count in report.added_kinds.most_common()]
            self.stdout.write(f"By type: {', '.join(kinds)}.")
        corrected = "Would be corrected" if options["dry_run"] else "Corrected"
        self._print_lines(report.changed_lines, corrected)
        self._print_lines(report.known_lines, "Already in the test bank")
        self.stdout.write(
            f"The test bank has {counted(report.total, 'question')}. Its status is "
            f"{test_bank.status}."
        )
        if report.unasked:
            self.stdout.write(
                f"Of a type that is not available for practice yet: {report.unasked}."
            )

    def _print_lines(self, numbers: list[int], what: str) -> None:
        if numbers:
            lines = ", ".join(str(line) for line in numbers[:20])
            more = " …" if len(numbers) > 20 else ""
            noun = "line" if len(numbers) == 1 else "lines"
            self.stdout.write(f"{what}: {len(numbers)} ({noun} {lines}{more}).")

    def _print_hints(self, file: Path, read: ReadFile) -> None:
        if hints := len(lint(read.items, read.lines).findings):
            self.stdout.write(
                f"Quality check: {counted(hints, 'issue')}. To view the details, run: "
                f"manage.py lint_bank {file}"
            )
