"""The room's entry in Django's registry."""

from django.apps import AppConfig

from accounts.late import load_when_used

# allauth loads what security keys need, 9 MB, whether a site offers them or not.
load_when_used("allauth.mfa.webauthn.internal.auth")


class AccountsConfig(AppConfig):
    """See the docstring of `accounts/models.py` for what lives here."""

    name = "accounts"
