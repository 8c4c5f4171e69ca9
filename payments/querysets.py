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
            paid_at__isnull=False, granted_at__isnull=True, held="", duplicate_of__isnull=True
        )


class StripeEventQuerySet(models.QuerySet["StripeEvent"]):
    """Events of Stripe."""

    def left_over(self, at: datetime) -> "StripeEventQuerySet":
        """Events that were kept but not handled, and that nobody is handling now."""
        free = models.Q(leased_until=None) | models.Q(leased_until__lte=at)
        return self.filter(free, status__in=["received", "failed"])
