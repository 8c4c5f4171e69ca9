"""What pages with error details show while DEBUG=1, and what a report of an error contains."""

from typing import Any

from django.views.debug import SafeExceptionReporterFilter

from outbound.redaction import scrub


class RedactingFilter(SafeExceptionReporterFilter):
    """Django hides settings with names such as PASSWORD; this one also masks passwords in values.

    An address has a password inside: DATABASE_URL, STRIPE_PROXY, HTTPS_PROXY in `.env`.
    """

    def cleanse_setting(self, key: str | int, value: Any) -> Any:
        """Return the value as a page may show it."""
        cleansed = super().cleanse_setting(key, value)
        return scrub(cleansed) if isinstance(cleansed, str) else cleansed
