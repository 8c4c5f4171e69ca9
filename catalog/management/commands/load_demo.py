"""`manage.py load_demo`: the demo's content, on a demo only."""

from typing import Any

from allauth.account.models import EmailAddress
from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from accounts.models import User
from catalog.demo import LEARNER, SELLER, load_demo_banks, load_demo_people


class Command(BaseCommand):
    """Refuses on a real site, whose people would get accounts with a known password."""

    help = "Loads the demo's test banks and people. What is there already stays as it is."

    def handle(self, *_args: Any, **_options: Any) -> None:
        """Load, and say what was made."""
        if not settings.DEMO:
            raise CommandError("This is not a demo. `make demo` starts one.", returncode=2)
        load_demo_people()
        for user in User.objects.filter(email__in=[LEARNER, SELLER]):
            EmailAddress.objects.get_or_create(
                user=user, email=user.email, defaults={"verified": True, "primary": True}
            )
        for test_bank in load_demo_banks():
            self.stdout.write(f"  {test_bank.title}: {test_bank.bank_questions.count()} questions")
