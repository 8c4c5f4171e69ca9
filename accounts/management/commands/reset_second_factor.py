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

    help = "Remove a user's authenticator app and recovery codes so that they can set up new ones."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Add the email address, which is not case-sensitive."""
        parser.add_argument("email")

    def handle(self, *_args: Any, email: str, **_options: Any) -> None:
        """Delete the user's authenticators, and print the result."""
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
        self.stdout.write(_result(user) if removed else _nothing_to_remove(user))


def _result(user: User) -> str:
    done = f"Removed the second factor for {user.email}."
    if not user.is_staff:
        return done
    return f"{done} The user must set up a new one the next time they open /admin/."


def _nothing_to_remove(user: User) -> str:
    return f"{user.email} has no second factor. Nothing was changed."
