"""`manage.py reset_second_factor EMAIL`: remove the second factor of a user who lost it."""

from argparse import ArgumentParser
from typing import Any

from allauth.mfa.models import Authenticator
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from accounts.models import User
from safety.security_log import Kind, record_event


class Command(BaseCommand):
    """Exit with code 2 if no user has the address."""

    help = "Remove a user's authenticator and recovery codes so that they can set up new ones."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Add the email address, which is not case-sensitive."""
        parser.add_argument("email")

    def handle(self, *_args: Any, email: str, **_options: Any) -> None:
        """Delete the user's authenticators, and print how many."""
        user = User.objects.filter(email=email.lower()).first()
        if user is None:
            raise CommandError(f"There is no user with the email address {email}.", returncode=2)
        removed, _kinds = Authenticator.objects.filter(user=user).delete()
        if removed:
            record_event(
                kind=Kind.FACTOR_REMOVED,
                user_id=user.pk,
                address=None,
                at=timezone.now(),
                detail="manage.py reset_second_factor",
            )
        self.stdout.write(
            f"Removed: {removed}. {user.email} must set up two-factor authentication at the next "
            "visit to /admin/."
            if removed
            else f"{user.email} has no second factor. Nothing was changed."
        )
