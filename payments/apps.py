"""The app's configuration."""

from django.apps import AppConfig


class PaymentsConfig(AppConfig):
    name = "payments"

    def ready(self) -> None:
        """Register the system checks, and what cached pages of the catalog depend on."""
        from catalog import page_cache  # noqa: PLC0415 - models are loaded only now
        from payments import checks  # noqa: F401, PLC0415 - importing registers the checks
        from payments.stripe.client import payment_is_down  # noqa: PLC0415 - as above

        page_cache.add_key_function(payment_is_down)
