"""`manage.py load_demo`: load the demo's content."""

import logging
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from demo.activity import load_demo_activity, load_demo_people
from demo.banks import load_demo_banks


class Command(BaseCommand):
    """Refuse to run on a real site, since it creates accounts with a known password."""

    help = "Load the demo's test banks, users, and activity. Existing data is not changed."

    def handle(self, *_args: Any, **_options: Any) -> None:
        """Load the content, and print what was created."""
        if not settings.DEMO:
            raise CommandError(
                "This is not a demo site. To start one, run `make demo`.", returncode=2
            )
        logging.disable(logging.INFO)  # the history is not news
        try:
            self._load()
        finally:
            logging.disable(logging.NOTSET)

    def _load(self) -> None:
        at = timezone.now()
        for test_bank in load_demo_banks(at=at):
            self.stdout.write(f"  {test_bank.title}: {test_bank.bank_questions.count()} questions")
        load_demo_people()
        if made := load_demo_activity(at=at):
            self.stdout.write(f"  {made} purchases, with reviews and practice sessions")
