"""The outbox as an app."""

from django.apps import AppConfig


class OutboxConfig(AppConfig):
    """What must be done once, later, by whichever process is free: emails and leases."""

    name = "outbox"
