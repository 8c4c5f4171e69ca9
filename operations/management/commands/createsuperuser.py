"""`manage.py createsuperuser`, whose superuser can sign in at once."""

from typing import Any

from allauth.account.models import EmailAddress
from django.contrib.auth.management.commands import createsuperuser

from accounts.models import User


class Command(createsuperuser.Command):
    """Django's command. The operator who runs it vouches for the address: no code is mailed."""

    def handle(self, *args: Any, **options: Any) -> None:
        """Create the superuser, and confirm the address."""
        super().handle(*args, **options)
        created = User.objects.filter(is_superuser=True, emailaddress=None).order_by("-pk")[:1]
        for user in created:
            EmailAddress.objects.create(user=user, email=user.email, verified=True, primary=True)
