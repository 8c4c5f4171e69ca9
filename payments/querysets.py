"""The questions that pages, admin, metrics, doctor and reconciliation ask about orders and events.

Each rule has one method here and is written nowhere else.
"""

from datetime import datetime
from typing import TYPE_CHECKING

from django.apps import apps
from django.contrib.auth.models import AnonymousUser
from django.db import models
from django.db.models import Q

from outbox.models import no_lease

if TYPE_CHECKING:
    from accounts.models import User
    from payments.models import Incident, Order, StripeEvent  # noqa: F401 - used in strings below

# How the subject of an incident begins that kept a buyer from paying.
PURCHASE = "purchase of "
PAID_KINDS = ("checkout.session.completed", "checkout.session.async_payment_succeeded")
UNPAID_KINDS = ("checkout.session.expired", "checkout.session.async_payment_failed")


class OrderQuerySet(models.QuerySet["Order"]):
    def visible_to(self, user: "User | AnonymousUser") -> "OrderQuerySet":
        """Orders of this person; none for a stranger."""
        return self.none() if user.is_anonymous else self.filter(user=user)

    def in_mode(self, mode: str) -> "OrderQuerySet":
        """Orders of one mode: `sandbox`, `test` or `live`. Numbers never mix them."""
        return self.filter(mode=mode)

    def of_account(self, account: str) -> "OrderQuerySet":
        """Orders of one Stripe account. One that is not known, here or there, excludes nothing."""
        return self.filter(account__in=[account, ""]) if account else self

    def awaiting_payment(self) -> "OrderQuerySet":
        """Orders whose session can still be paid."""
        return self.filter(status__in=["pending", "open"])

    def funded(self) -> "OrderQuerySet":
        """Paid orders whose money, or a part of it, is still here."""
        return self.filter(status__in=["paid", "partially_refunded"])

    def paid_but_not_granted(self) -> "OrderQuerySet":
        """Orders that must not exist: paid, not granted, and no flag that says why."""
        return self.funded().filter(granted_at=None, held="", duplicate_of=None)

    def held(self) -> "OrderQuerySet":
        """Paid orders that granted nothing until a person decides."""
        return self.funded().filter(granted_at=None).exclude(held="")

    def paid_twice(self) -> "OrderQuerySet":
        """Second payments for a bank that the learner owns, to be refunded."""
        return self.funded().filter(duplicate_of__isnull=False)


class IncidentQuerySet(models.QuerySet["Incident"]):
    def in_mode(self, mode: str) -> "IncidentQuerySet":
        """Incidents of orders of one mode, and those without an order."""
        return self.filter(Q(order=None) | Q(order__mode=mode))

    def of_purchases(self) -> "IncidentQuerySet":
        """Purchases that failed before Stripe's page."""
        return self.filter(subject__startswith=PURCHASE)


class StripeEventQuerySet(models.QuerySet["StripeEvent"]):
    def in_mode(self, mode: str) -> "StripeEventQuerySet":
        """Events of one mode."""
        return self.filter(mode=mode)

    def unhandled(self) -> "StripeEventQuerySet":
        """Events that changed nothing so far, those about something unknown included."""
        return self.filter(status__in=["received", "failed", "unknown"])

    def claimable(self) -> "StripeEventQuerySet":
        """Events that can still change something: also those that name nothing of ours yet."""
        return self.filter(status__in=["received", "failed", "unknown", "foreign"])

    def foreign(self) -> "StripeEventQuerySet":
        """Events of other programs of the account. They wait for nobody."""
        return self.filter(status="foreign")

    def not_leased(self, at: datetime) -> "StripeEventQuerySet":
        """Events that no process is handling."""
        return self.filter(no_lease(at))

    def payment_known_by_now(self) -> "StripeEventQuerySet":
        """Events whose payment belongs to an order that was paid after they came."""
        paid = apps.get_model("payments.Order").objects.filter(
            paid_at__isnull=False, payment_intent_id=models.OuterRef("payment_intent_id")
        )
        early = self.filter(status__in=["unknown", "foreign"]).exclude(payment_intent_id="")
        return early.filter(models.Exists(paid))

    def overtaken(self) -> "StripeEventQuerySet":
        """Events that could not be handled, and what they report is recorded by now."""
        orders = apps.get_model("payments.Order").objects.filter(
            session_id=models.OuterRef("object_id")
        )
        paid = Q(kind__in=PAID_KINDS) & Q(models.Exists(orders.filter(paid_at__isnull=False)))
        closed = Q(kind__in=UNPAID_KINDS) & Q(
            models.Exists(orders.exclude(status__in=["pending", "open"]))
        )
        return self.filter(paid | closed, status__in=["failed", "unknown"])
