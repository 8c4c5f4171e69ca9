"""The room's entry in Django's registry."""

from django.apps import AppConfig


class PaymentsConfig(AppConfig):
    """See the docstring of `payments/models.py` for what lives here."""

    name = "payments"

    def ready(self) -> None:
        """Register the system checks, and what kept pages of the catalog depend on."""
        from catalog import kept  # noqa: PLC0415 - models are not there before
        from payments import checks  # noqa: F401
        from payments import PLC0415 - registers by being imported
        from payments.stripe.client import payment_is_down  # noqa: PLC0415 - as above

        kept.varying.append(payment_is_down)
