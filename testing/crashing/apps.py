"""What `settings.py` adds to the shop's apps: a watch on every connection to the database."""

from django.apps import AppConfig
from django.db.backends.signals import connection_created

from testing.crashing.commits import watch_commits


class CrashingConfig(AppConfig):
    """Has no models."""

    name = "testing.crashing"

    def ready(self) -> None:
        connection_created.connect(watch_commits)
