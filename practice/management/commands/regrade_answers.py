"""`manage.py regrade_answers`: grade answers again that older rules marked incorrect."""

from typing import Any

from django.core.management.base import BaseCommand
from django.utils import timezone

from practice.regrading import regrade_answers


class Command(BaseCommand):
    """Safe to run at any time, also twice and while learners practice."""

    help = (
        "Regrade short and numeric answers with the current rules. Scores can only "
        "increase, and learners see that an answer was regraded."
    )

    def handle(self, *_args: Any, **_options: Any) -> None:
        """Regrade, and say how many answers changed."""
        report = regrade_answers(at=timezone.now())
        self.stdout.write(f"Answers checked: {report.checked}. Scores increased: {report.raised}.")
