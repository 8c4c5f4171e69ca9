"""The app config of accounts: it listens to allauth."""

from django.apps import AppConfig


class AccountsConfig(AppConfig):
    """Users, second factors, and access to staff pages."""

    name = "accounts"

    def ready(self) -> None:
        """Connect the receivers of allauth's signals."""
        from accounts import receivers  # noqa: F401, PLC0415 - importing connects them
