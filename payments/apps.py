"""The room's entry in Django's registry."""

from django.apps import AppConfig


class PaymentsConfig(AppConfig):
    """See the docstring of `payments/models.py` for what lives here."""

    name = "payments"

    def ready(self) -> None:
        """Register the system checks, and what cached pages of the catalog depend on."""
        from catalog import page_cache  # noqa: PLC0415 - models are not there before
        from payments import checks  # noqa: F401, PLC0415 - registers by being imported
        from payments.stripe_client import payment_is_down  # noqa: PLC0415 - as above

        page_cache.key_functions.append(payment_is_down)
