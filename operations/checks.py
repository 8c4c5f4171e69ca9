"""System checks of the settings as they are written in `.env`."""

from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Warning, register


@register("settings", "payments")
def names_in_env_are_known(**_kwargs: Any) -> list[CheckMessage]:
    """Warn of a name in `.env` that nothing reads, and that resembles a setting."""
    return [
        Warning(
            f"{name} in .env is not a setting. Use {meant} instead.",
            id="testbank.W001",
        )
        for name, meant in settings.MISSPELLED_SETTINGS.items()
    ]
