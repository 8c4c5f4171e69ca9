"""`manage.py erase_person EMAIL`: delete a person's data, and say what was kept and why."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from accounts.models import User
from operations.erasure import erase_person


class Command(BaseCommand):
    """Exit with code 2 if no user has the address, or without --yes."""

    help = "Delete a person's data. Orders are kept because accounting records must be complete."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Add the email address, which is not case-sensitive, and the confirmation."""
        parser.add_argument("email")
        parser.add_argument(
            "--yes", action="store_true", help="confirm the deletion, which cannot be undone"
        )

    def handle(self, *_args: Any, email: str, yes: bool, **_options: Any) -> None:
        """Erase, and print what was deleted and kept."""
        user = User.objects.filter(email=email.lower()).first()
        if user is None:
            raise CommandError(f"There is no user with the email address {email}.", returncode=2)
        if not yes:
            raise CommandError(
                f"This permanently deletes the account {user.email}. To confirm, add --yes.",
                returncode=2,
            )
        erasure = erase_person(user=user, at=timezone.now())
        for name, count in erasure.deleted.items():
            self.stdout.write(f"deleted  {count:5}  {name}")
        for name, (count, reason) in erasure.kept.items():
            self.stdout.write(f"kept     {count:5}  {name}: {reason}")
        self.stdout.write("Existing backups contain the person's data until you delete them.")
