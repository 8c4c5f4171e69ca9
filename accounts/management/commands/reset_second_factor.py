"""`manage.py reset_second_factor EMAIL`: for a colleague whose telephone is gone."""

from argparse import ArgumentParser
from typing import Any

from allauth.mfa.models import Authenticator
from django.core.management.base import BaseCommand, CommandError

from accounts.models import User


class Command(BaseCommand):
    """Exit code 2 where nobody has the address."""

    help = "Remove a user's authenticator and recovery codes so that they can set up new ones."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """The address, in any case."""
        parser.add_argument("email")

    def handle(self, *_args: Any, email: str, **_options: Any) -> None:
        """Remove them, and say how many."""
        user = User.objects.filter(email=email.lower()).first()
        if user is None:
            raise CommandError(f"There is no user with the email address {email}.", returncode=2)
        removed, _kinds = Authenticator.objects.filter(user=user).delete()
        self.stdout.write(
            f"{removed} removed. {user.email} will set up two-factor authentication at the next "
            "visit to /admin/."
            if removed
            else f"{user.email} has no second factor. Nothing was changed."
        )
