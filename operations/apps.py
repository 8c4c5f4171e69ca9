"""The app config: checks and the schema check before `migrate`."""

from django.apps import AppConfig
from django.db.models.signals import pre_migrate


class OperationsConfig(AppConfig):
    """The doctor, the worker's jobs, metrics and payment health."""

    name = "operations"

    def ready(self) -> None:
        """Register the checks; stop `migrate` before it changes a database that it cannot migrate."""
        from operations import checks  # noqa: F401, PLC0415 - importing registers them
        from operations.schema import refuse_unreleased_schema  # noqa: PLC0415 - loads settings

        pre_migrate.connect(refuse_unreleased_schema, sender=self)
