"""The room's entry in Django's registry."""

from django.apps import AppConfig


class PaymentsConfig(AppConfig):
    """See the docstring of `payments/models.py` for what lives here."""

    name = "payments"

    def ready(self) -> None:
        """Register the system checks."""
        from payments import checks  # noqa: F401, PLC0415 - registers by being imported
