"""The room's entry in Django's registry."""

from django.apps import AppConfig


class AccountsConfig(AppConfig):
    """See the docstring of `accounts/models.py` for what lives here."""

    name = "accounts"
