"""How money becomes access: orders, their history, and what Stripe told us.

Every move of an order stands in `orders.py`; the calls to Stripe in
`stripe_integration.py`; who may open a bank in `catalog.Access`.
"""

import uuid

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from catalog.models import TestBank
from catalog.money import format_price
from payments.querysets import OrderQuerySet, StripeEventQuerySet


class Order(models.Model):
    """One purchase, written down before Stripe is asked.

    `request` holds the exact parameters of the Checkout session (JSON) and `idempotency_key`
    the key they are sent with, so that asking again can only give the same session.
    `amount_minor` is in the smallest unit of `currency` (Stripe's units). *Paid* and
    *granted* are two facts: an order that is paid but not granted must not exist for long.
    """

    class Mode(models.TextChoices):
        SANDBOX = "sandbox", _("Local sandbox")
        TEST = "test", _("Stripe test mode")
        LIVE = "live", _("Live")

    class Status(models.TextChoices):
        PENDING = "pending", _("Not yet at Stripe")
        OPEN = "open", _("Waiting for payment")
        PAID = "paid", _("Paid")
        PARTIALLY_REFUNDED = "partially_refunded", _("Partly refunded")
        REFUNDED = "refunded", _("Refunded")
        DISPUTED = "disputed", _("Disputed")
        EXPIRED = "expired", _("Expired, not paid")
        FAILED = "failed", _("Not paid")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="orders"
    )
    email = models.EmailField()
    account = models.CharField(max_length=64, blank=True, help_text="Stripe account, where known.")
    mode = models.CharField(max_length=10, choices=Mode.choices)
    status = models.CharField(max_length=20, choices=Status.choices, default=Status.PENDING)
    amount_minor = models.PositiveIntegerField()
    currency = models.CharField(max_length=3)
    idempotency_key = models.CharField(max_length=255, unique=True)
    # Text, because a JSON column of PostgreSQL does not keep the order of keys.
    request = models.TextField()
    asked_at = models.DateTimeField(null=True, blank=True)
    session_id = models.CharField(max_length=255, null=True, blank=True, unique=True)
    session_url = models.TextField(blank=True)
    session_expires_at = models.DateTimeField(null=True, blank=True)
    payment_intent_id = models.CharField(max_length=255, blank=True)
    held = models.CharField(max_length=200, blank=True, help_text="Why a person must look.")
    duplicate_of = models.ForeignKey(
        "self", on_delete=models.PROTECT, null=True, blank=True, related_name="duplicates"
    )
    created_at = models.DateTimeField()
    paid_at = models.DateTimeField(null=True, blank=True)
    granted_at = models.DateTimeField(null=True, blank=True)

    objects = OrderQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(
                    status__in=[
                        "pending",
                        "open",
                        "paid",
                        "partially_refunded",
                        "refunded",
                        "disputed",
                        "expired",
                        "failed",
                    ]
                ),
                name="payments_order_status_known",
            ),
            models.CheckConstraint(
                condition=models.Q(mode__in=["sandbox", "test", "live"]),
                name="payments_order_mode_known",
            ),
            models.CheckConstraint(
                condition=models.Q(amount_minor__gt=0), name="payments_order_amount_positive"
            ),
            models.CheckConstraint(
                condition=models.Q(currency__regex="^[A-Z]{3}$"),
                name="payments_order_currency_code",
            ),
            models.CheckConstraint(
                condition=models.Q(granted_at__isnull=True) | models.Q(paid_at__isnull=False),
                name="payments_order_granted_only_if_paid",
            ),
            models.CheckConstraint(
                condition=models.Q(status__in=["pending", "open", "expired", "failed"])
                | models.Q(paid_at__isnull=False),
                name="payments_order_paid_states_have_time",
            ),
            models.CheckConstraint(
                condition=~models.Q(status="open") | models.Q(session_id__isnull=False),
                name="payments_order_open_has_session",
            ),
        ]
        indexes = [
            models.Index(fields=["user", "-created_at"], name="payments_order_of_user"),
            models.Index(fields=["status", "created_at"], name="payments_order_by_status"),
        ]

    def __str__(self) -> str:
        return f"{self.id} ({self.status})"

    @property
    def price(self) -> str:
        """The amount as the active language writes it."""
        return format_price(self.amount_minor, self.currency)

    @property
    def is_settled(self) -> bool:
        """True where Stripe has said *paid*, whatever came afterwards."""
        return self.paid_at is not None


class OrderLine(models.Model):
    """What was bought, as it was at the time: title, price, length of access."""

    order = models.ForeignKey(Order, on_delete=models.CASCADE, related_name="lines")
    test_bank = models.ForeignKey(TestBank, on_delete=models.PROTECT, related_name="order_lines")
    title = models.CharField(max_length=200)
    amount_minor = models.PositiveIntegerField()
    access_days = models.PositiveIntegerField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["order", "test_bank"], name="payments_order_line_bank_once"
            )
        ]

    def __str__(self) -> str:
        return f"{self.order_id}: {self.title}"


class OrderEvent(models.Model):
    """One thing that happened to an order. Only ever added to."""

    order = models.ForeignKey(Order, on_delete=models.CASCADE, related_name="events")
    kind = models.CharField(max_length=40)
    from_status = models.CharField(max_length=20)
    to_status = models.CharField(max_length=20)
    door = models.CharField(max_length=20, blank=True)
    detail = models.JSONField(default=dict, blank=True)
    at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["order", "at"], name="payments_order_event_by_time")]

    def __str__(self) -> str:
        return f"{self.order_id}: {self.kind}"


class OpenCheckout(models.Model):
    """The one checkout that a learner has open for a bank.

    The row is the lock: the database lets nobody make a second one, so two clicks, two
    tabs and two servers meet here. It goes when the order leaves `pending` and `open`.
    """

    learner = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="open_checkouts"
    )
    test_bank = models.ForeignKey(TestBank, on_delete=models.CASCADE, related_name="open_checkouts")
    mode = models.CharField(max_length=10, choices=Order.Mode.choices)
    order = models.OneToOneField(Order, on_delete=models.CASCADE, related_name="open_checkout")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["learner", "test_bank", "mode"], name="payments_one_open_checkout"
            )
        ]

    def __str__(self) -> str:
        return f"{self.learner_id} → {self.test_bank_id} ({self.mode})"


class StripeEvent(models.Model):
    """One event that Stripe sent, kept as it came, and what became of it."""

    class Status(models.TextChoices):
        RECEIVED = "received", _("Not handled yet")
        DONE = "done", _("Handled")
        IGNORED = "ignored", _("Of a kind that changes nothing here")
        UNKNOWN = "unknown", _("About a session that is not known here")
        FAILED = "failed", _("Could not be handled")

    event_id = models.CharField(max_length=255, unique=True)
    kind = models.CharField(max_length=100)
    object_id = models.CharField(max_length=255, blank=True)
    account = models.CharField(max_length=64, blank=True)
    livemode = models.BooleanField()
    body = models.TextField()
    status = models.CharField(max_length=10, choices=Status.choices, default=Status.RECEIVED)
    failure = models.CharField(max_length=300, blank=True)
    received_at = models.DateTimeField()
    handled_at = models.DateTimeField(null=True, blank=True)
    tries = models.PositiveIntegerField(default=0)
    leased_until = models.DateTimeField(null=True, blank=True)

    objects = StripeEventQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(status__in=["received", "done", "ignored", "unknown", "failed"]),
                name="payments_stripe_event_status_known",
            )
        ]
        indexes = [models.Index(fields=["status", "received_at"], name="payments_event_by_status")]

    def __str__(self) -> str:
        return f"{self.event_id} ({self.kind})"


class Incident(models.Model):
    """A fault that a buyer met. The buyer has the code; everything else stands here.

    `report` is what the log has too: cause, stage, route and times, without secrets.
    """

    code = models.CharField(max_length=12, unique=True)
    cause = models.CharField(max_length=40)
    subject = models.CharField(max_length=200)
    report = models.TextField()
    order = models.ForeignKey(
        Order, on_delete=models.SET_NULL, null=True, blank=True, related_name="incidents"
    )
    at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["-at"], name="payments_incident_newest")]

    def __str__(self) -> str:
        return f"{self.code} ({self.cause})"


class Reminder(models.Model):
    """A buyer who could not pay wants to hear when it works again."""

    order = models.OneToOneField(Order, on_delete=models.CASCADE, related_name="reminder")
    asked_at = models.DateTimeField()
    settled_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        indexes = [
            models.Index(
                fields=["asked_at"],
                condition=models.Q(settled_at=None),
                name="payments_reminder_waiting",
            )
        ]

    def __str__(self) -> str:
        return str(self.order_id)
