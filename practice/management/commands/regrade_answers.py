"""`manage.py regrade_answers`: grade answers again that older rules marked incorrect."""

from typing import Any

from django.core.management.base import BaseCommand
from django.utils import timezone

from practice.regrading import regrade_answers


class Command(BaseCommand):
    """Safe to run at any time, also twice and while learners practice."""

    help = (
        "Grades short answers and numbers again that were graded before the rules in "
        "docs/authors.md. An answer can only earn more; learners see that it was graded again."
    )

    def handle(self, *_args: Any, **_options: Any) -> None:
        """Regrade, and say how many answers changed."""
        report = regrade_answers(at=timezone.now())
        self.stdout.write(
            f"Answers checked: {report.checked}. Answers that earn more now: {report.raised}."
        )
