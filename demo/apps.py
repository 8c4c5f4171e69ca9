"""The app config. The app is installed only if TESTBANK_DEMO is set."""

from django.apps import AppConfig


class DemoConfig(AppConfig):
    """The demo's banks, people and mailbox."""

    name = "demo"
