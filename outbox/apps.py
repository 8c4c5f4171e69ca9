"""The app config of the outbox."""

from django.apps import AppConfig
from django.conf import settings


class OutboxConfig(AppConfig):
    """Work to do once, later: emails, and leases of scheduled jobs."""

    name = "outbox"

    def ready(self) -> None:
        """Listen to the events of EMAIL_PROVIDER, whose package is optional."""
        if settings.EMAIL_PROVIDER_URL:
            from outbox.mail import bounces  # noqa: PLC0415 - needs models and anymail

            bounces.connect()
