"""`manage.py render_questions [SLUG ...]`: show stored questions by the rules of today."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import transaction
from django.utils import timezone

from catalog.indexing.banks import reindex_bank
from catalog.models import TestBank
from questions.models import Question
from questions.services import render_again


class Command(BaseCommand):
    """Safe to run twice: the second time changes nothing."""

    help = (
        "Render stored questions again. This fixes formulas that appear as raw TeX and text that "
        "appears empty. The source text does not change, and sessions in progress continue to "
        "show the earlier version."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """The banks."""
        parser.add_argument("banks", nargs="*", metavar="SLUG", help="all test banks by default")
        parser.add_argument(
            "--dry-run",
            action="store_true",
            help="show what would happen, without writing anything",
        )

    def handle(self, *_args: Any, banks: list[str], dry_run: bool, **_options: Any) -> None:
        """Render bank after bank, each in a transaction."""
        chosen = TestBank.objects.filter(slug__in=banks) if banks else TestBank.objects.all()
        if missing := set(banks) - set(chosen.values_list("slug", flat=True)):
            raise CommandError(f"There is no test bank {sorted(missing)[0]!r}.", returncode=2)
        for test_bank in chosen.order_by("slug"):
            count = self._render(test_bank, dry_run=dry_run)
            done = "would be rendered" if dry_run else "rendered"
            questions = "question" if count == 1 else "questions"
            self.stdout.write(f"{test_bank.slug}: {count} {questions} {done} again.")

    @transaction.atomic
    def _render(self, test_bank: TestBank, *, dry_run: bool) -> int:
        questions = Question.objects.filter(bank_questions__test_bank=test_bank)
        changed = render_again(questions=questions.select_related("current").order_by("pk"))
        if changed:
            reindex_bank(test_bank=test_bank, at=timezone.now())
        transaction.set_rollback(dry_run)
        return len(changed)
