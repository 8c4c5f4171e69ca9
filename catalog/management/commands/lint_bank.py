"""`manage.py lint_bank FILE-or-SLUG`: what an editor would say of these questions."""

import sys
from argparse import ArgumentParser
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from catalog.importing.linting import lint_bank
from catalog.models import TestBank
from questions.formats.detect import READERS, read_questions_of
from questions.formats.parsing import LARGEST_FILE_BYTES
from questions.images import ImagesBeside
from questions.linting import Linted, lint
from questions.linting.statistics import figures_of


class Command(BaseCommand):
    """Exit code 0: nothing to say. 1: issues, or errors in the file. 2: wrong use."""

    help = (
        "Check the questions in a file or test bank for quality issues, such as answers that are "
        "easy to guess, missing explanations and feedback, and duplicates. Read-only."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """The file or bank."""
        parser.add_argument("bank", help="a file for import_bank, or the slug of a test bank")
        parser.add_argument(
            "--format",
            choices=sorted(READERS),
            help="detected from the file name and content by default",
        )

    def handle(self, *_args: Any, bank: str, **options: Any) -> None:
        """Say everything, the figures last."""
        file = Path(bank)
        if file.is_dir():
            file /= "questions.jsonl"
        if file.is_file():
            linted, errors = self._of_file(file, options["format"])
        else:
            linted, errors = self._of_bank(bank), 0
        for finding in linted.findings:
            self.stdout.write(f"{bank}:{finding.line}: question {finding.number}: {finding.text}")
        self._print_figures(linted)
        total = len(linted.findings) + errors
        self.stdout.write(f"{total} issues found." if total != 1 else "1 issue found.")
        if total:
            sys.exit(1)

    def _of_file(self, file: Path, format_name: str | None) -> tuple[Linted, int]:
        """What is said of a file, and how many errors it has beside that."""
        with file.open("rb") as opened:
            content = opened.read(LARGEST_FILE_BYTES + 1)
        read = read_questions_of(
            content,
            name=file.name,
            format_name=format_name,
            domain="",
            images=ImagesBeside(file.parent),
        )
        for problem in read.errors:
            self.stdout.write(f"{file}:{problem.line}: error: {problem.text}")
        return lint(read.items, read.lines), len(read.errors)

    def _of_bank(self, slug: str) -> Linted:
        test_bank = TestBank.objects.filter(slug=slug).first()
        if test_bank is None:
            raise CommandError(f"There is no file or test bank {slug!r}.", returncode=2)
        return lint_bank(test_bank)

    def _print_figures(self, linted: Linted) -> None:
        figures = figures_of(linted.questions)
        self.stdout.write(f"Questions: {figures.total} ({_counts(figures.kinds)}).")
        self.stdout.write(f"Domains: {_counts(figures.domains)}.")
        self.stdout.write(f"Difficulty: {_counts(figures.difficulties)}.")
        if figures.singles:
            self.stdout.write(
                f"Keys: {_counts(figures.keys)}. The longest choice is correct in "
                f"{figures.longest} of {figures.singles} single-choice questions."
            )
        self.stdout.write(
            f"With images: {figures.pictures}. With formulas: {figures.formulas}. "
            f"With code blocks: {figures.code}."
        )


def _counts(counted: Mapping[str, int]) -> str:
    return ", ".join(f"{name or 'none'} {count}" for name, count in counted.items()) or "none"
