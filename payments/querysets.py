"""Questions about orders and events that read as English."""

from datetime import datetime
from typing import TYPE_CHECKING

from django.contrib.auth.models import AnonymousUser
from django.db import models

if TYPE_CHECKING:
    from accounts.models import User
    from payments.models import Order, StripeEvent  # noqa: F401 - stand in strings below


class OrderQuerySet(models.QuerySet["Order"]):
    """Orders."""

    def visible_to(self, user: "User | AnonymousUser") -> "OrderQuerySet":
        """Orders of this person; none for a stranger."""
        return self.none() if user.is_anonymous else self.filter(user=user)

    def in_mode(self, mode: str) -> "OrderQuerySet":
        """Orders of one mode: `sandbox`, `test` or `live`; figures never mix them."""
        return self.filter(mode=mode)

    def paid_but_not_granted(self) -> "OrderQuerySet":
        """Orders that must not exist: paid, not granted, and no flag that says why."""
        return self.filter(
            status__in=["paid", "partially_refunded"],
            granted_at__isnull=True,
            held="",
            duplicate_of__isnull=True,
        )


class StripeEventQuerySet(models.QuerySet["StripeEvent"]):
    """Events of Stripe."""

    def left_over(self, at: datetime) -> "StripeEventQuerySet":
        """Events that were kept but not handled, and that nobody is handling now."""
        return self.unhandled(at).filter(status__in=["received", "failed"])

    def unhandled(self, at: datetime) -> "StripeEventQuerySet":
        """The same, and those about something that was not known here."""
        free = models.Q(leased_until=None) | models.Q(leased_until__lte=at)
        return self.filter(free, status__in=["received", "failed", "unknown"])

    def known_by_now(self) -> "StripeEventQuerySet":
        """Events that came before their payment, and whose payment an order knows now."""
        from payments.models import Order  # noqa: PLC0415 - it imports this module

        paid = Order.objects.filter(
            paid_at__isnull=False, payment_intent_id=models.OuterRef("payment_intent_id")
        )
        unknown = self.filter(status="unknown").exclude(payment_intent_id="")
        return unknown.filter(models.Exists(paid))

    def in_mode(self, mode: str) -> "StripeEventQuerySet":
        """Events of one mode."""
        return self.filter(mode=mode)
