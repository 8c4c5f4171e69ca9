"""The project as an app: its commands, and the table of the cache."""

from django.apps import AppConfig


class TestbankConfig(AppConfig):
    """Nothing of the domain lives here."""

    name = "testbank"
