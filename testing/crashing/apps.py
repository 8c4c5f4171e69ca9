"""The app that `settings.py` adds to the site: it instruments every database connection."""

from django.apps import AppConfig
from django.db.backends.signals import connection_created

from testing.crashing.commits import watch_commits


class CrashingConfig(AppConfig):
    """Connects the instrumentation. The app has no models."""

    name = "testing.crashing"

    def ready(self) -> None:
        connection_created.connect(watch_commits)
