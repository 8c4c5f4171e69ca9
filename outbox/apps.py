"""The app config of the outbox."""

from django.apps import AppConfig


class OutboxConfig(AppConfig):
    """Work to do once, later: emails, and leases of scheduled jobs."""

    name = "outbox"
