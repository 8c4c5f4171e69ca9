"""`manage.py restore_email OLD NEW`: give an account that lost its email address a new one."""

from argparse import ArgumentParser
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError
from django.core.validators import validate_email
from django.utils import timezone

from accounts.freezing import AddressTaken, HasAddress, NotFrozen, give_address
from accounts.models import User
from safety.security_log import Kind, record_event


class Command(BaseCommand):
    """Exit with code 2 if nothing was changed."""

    help = (
        "Give a frozen account that has no email address a new one. "
        "First make sure that the new address belongs to the owner of the account."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Add the two addresses, which are not case-sensitive."""
        parser.add_argument("old", help="the address in the back office, which starts with none-")
        parser.add_argument("new", help="the owner's email address")

    def handle(self, *_args: Any, old: str, new: str, **_options: Any) -> None:
        """Change the address, and print what the owner does next."""
        user = User.objects.filter(email=old.lower()).first()
        if user is None:
            raise CommandError(f"There is no user with the email address {old}.", returncode=2)
        now = timezone.now()
        try:
            validate_email(new)
            user = give_address(user=user, email=new, at=now)
        except ValidationError:
            raise CommandError(f"{new} is not an email address.", returncode=2) from None
        except HasAddress:
            raise CommandError(
                f"{user.email} is a working address. Only its owner can change it.", returncode=2
            ) from None
        except NotFrozen:
            raise CommandError(
                "The account is not frozen. Only a frozen account can get a new email address.",
                returncode=2,
            ) from None
        except AddressTaken:
            raise CommandError(f"Another account uses {new}.", returncode=2) from None
        record_event(
            kind=Kind.EMAIL_CHANGED,
            user_id=user.pk,
            address=None,
            at=now,
            detail="manage.py restore_email",
        )
        self.stdout.write(
            f"The account now has the address {user.email}. "
            "Its owner can choose a new password with “Forgot your password?” on the sign-in page."
        )
