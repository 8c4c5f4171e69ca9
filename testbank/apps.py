"""The project as an app: its commands, and the table of the cache."""

from django.apps import AppConfig, apps
from django.db.models.signals import post_migrate


class TestbankConfig(AppConfig):
    """Nothing of the domain lives here."""

    name = "testbank"

    def ready(self) -> None:
        """See `testbank/groups.py`. Only apps with models of their own tell of a migration."""
        from testbank import checks  # noqa: F401, PLC0415 - registers them
        from testbank.groups import make_groups  # noqa: PLC0415 - models are not there before

        post_migrate.connect(make_groups, sender=apps.get_app_config("accounts"))
