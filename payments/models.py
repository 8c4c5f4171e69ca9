"""How money becomes access: orders, their history, and what Stripe reported about them.

`domain/order_life_cycle.py` has every move of an order. `catalog.Access` says who may open a bank.
"""

import secrets
import uuid

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from catalog.models import TestBank
from catalog.money import format_price
from payments.querysets import IncidentQuerySet, OrderQuerySet, StripeEventQuerySet

# Every index costs each payment a write. A foreign key has none if another index starts with it,
# and a text column has a `UniqueConstraint` instead of `unique=True`, because PostgreSQL would
# get a second index for LIKE queries that nothing here makes.

# Without letters and digits that sound or look alike.
CODE_ALPHABET = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"


def readable_code(length: int = 8) -> str:
    """Return a random code that can be read out."""
    return "".join(secrets.choice(CODE_ALPHABET) for _position in range(length))


def new_order_number() -> str:
    """Return a number for an order, such as 7K3M-Q9TX."""
    return f"{readable_code(4)}-{readable_code(4)}"


class Order(models.Model):
    """A purchase, committed before Stripe is called.

    `number` is what people read out; the id stands in addresses. `processing_since` is set once
    the buyer has finished Checkout with a delayed payment method, such as a bank debit.

    `request` holds the exact parameters of the Checkout session (JSON) and `idempotency_key` the
    key they are sent with, so that a repeated request returns the same session. `amount_minor` is
    in the smallest unit of `currency`. *Paid* and *granted* are recorded apart, so that orders
    that are paid but not granted can be counted.

    `paid_minor` of `paid_currency` is what Stripe charged, `refunded_minor` what of it went back.
    `charge_refunded_minor` is the sum in the latest event about the charge, and `charge_told_at`
    the time of that event: the part of it that no known refund explains counts as refunded.
    """

    class Mode(models.TextChoices):
        SANDBOX = "sandbox", _("Local sandbox")
        TEST = "test", _("Stripe test mode")
        LIVE = "live", pgettext_lazy("payments", "Live")

    class Status(models.TextChoices):
        PENDING = "pending", _("Payment not started")
        OPEN = "open", _("Not paid yet")
        PAID = "paid", _("Paid")
        PARTIALLY_REFUNDED = "partially_refunded", _("Partially refunded")
        REFUNDED = "refunded", _("Refunded")
        DISPUTED = "disputed", _("Disputed")
        EXPIRED = "expired", _("Canceled, not paid")
        FAILED = "failed", _("Payment failed")

    id = models.UUIDField(_("ID"), primary_key=True, default=uuid.uuid4, editable=False)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("buyer"),
        on_delete=models.SET_NULL,
        null=True,
        related_name="orders",
        db_index=False,
    )
    number = models.CharField(_("number"), max_length=12, default=new_order_number, editable=False)
    email = models.EmailField(_("email"))
    account = models.CharField(_("Stripe account"), max_length=64, blank=True)
    mode = models.CharField(_("mode"), max_length=10, choices=Mode.choices)
    status = models.CharField(
        _("status"), max_length=20, choices=Status.choices, default=Status.PENDING
    )
    amount_minor = models.PositiveIntegerField()
    currency = models.CharField(max_length=3)
    idempotency_key = models.CharField(_("idempotency key"), max_length=255)
    # Text, because a JSON column of PostgreSQL does not keep the order of keys.
    request = models.TextField()
    asked_at = models.DateTimeField(_("session requested on"), null=True, blank=True)
    session_id = models.CharField(_("session ID"), max_length=255, null=True, blank=True)
    session_url = models.TextField(blank=True)
    session_expires_at = models.DateTimeField(_("session expires on"), null=True, blank=True)
    payment_intent_id = models.CharField(_("payment ID"), max_length=255, blank=True)
    held = models.CharField(
        _("on hold"),
        max_length=200,
        blank=True,
        help_text=_("Why the order needs a manual review."),
    )
    duplicate_of = models.ForeignKey(
        "self",
        verbose_name=_("duplicate of"),
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="duplicates",
        db_index=False,
    )
    created_at = models.DateTimeField(_("created on"))
    processing_since = models.DateTimeField(_("processing since"), null=True, blank=True)
    paid_at = models.DateTimeField(_("paid on"), null=True, blank=True)
    paid_minor = models.PositiveIntegerField(null=True, blank=True)
    paid_currency = models.CharField(max_length=3, blank=True)
    refunded_minor = models.PositiveIntegerField(default=0)
    charge_refunded_minor = models.PositiveIntegerField(null=True, blank=True)
    charge_told_at = models.DateTimeField(null=True, blank=True)
    granted_at = models.DateTimeField(_("access granted on"), null=True, blank=True)
    receipt_serial = models.PositiveIntegerField(null=True, editable=False)

    objects = OrderQuerySet.as_manager()

    class Meta:
        verbose_name = _("order")
        verbose_name_plural = _("orders")
        constraints = [
            models.UniqueConstraint(fields=["idempotency_key"], name="payments_order_key_once"),
            models.UniqueConstraint(fields=["session_id"], name="payments_order_session_once"),
            models.UniqueConstraint(fields=["number"], name="payments_order_number_once"),
            models.UniqueConstraint(
                fields=["mode", "receipt_serial"],
                condition=models.Q(receipt_serial__isnull=False),
                name="payments_order_receipt_once",
            ),
            models.CheckConstraint(
                condition=models.Q(receipt_serial__isnull=True) | models.Q(paid_at__isnull=False),
                name="payments_order_receipt_only_if_paid",
            ),
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
            models.CheckConstraint(
                condition=models.Q(refunded_minor=0)
                | models.Q(paid_minor__isnull=False, refunded_minor__lte=models.F("paid_minor")),
                name="payments_order_refunded_at_most_paid",
            ),
            models.CheckConstraint(
                condition=models.Q(paid_minor__isnull=True) | models.Q(paid_at__isnull=False),
                name="payments_order_amount_paid_only_if_paid",
            ),
        ]
        indexes = [
            models.Index(fields=["user", "-created_at"], name="payments_order_of_user"),
            models.Index(fields=["status", "created_at"], name="payments_order_by_status"),
            # Of all rows: SQLite cannot tell from a parameter that it is not "".
            models.Index(fields=["payment_intent_id"], name="payments_order_of_payment"),
            models.Index(
                fields=["duplicate_of"],
                condition=models.Q(duplicate_of__isnull=False),
                name="payments_order_duplicates",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.number} ({self.state_name})"

    @property
    def price(self) -> str:
        """The amount, formatted for the active language."""
        return format_price(self.amount_minor, self.currency)

    @property
    def is_settled(self) -> bool:
        """True once Stripe reported the session as paid, whatever came afterwards."""
        return self.paid_at is not None

    @property
    def is_processing(self) -> bool:
        """True while a delayed payment is on its way: days, for a bank debit."""
        return self.processing_since is not None and self.status in {"pending", "open"}

    @property
    def state(self) -> str:
        """`status`, except for orders that are processing, paid_twice, or on_hold."""
        if self.is_processing:
            return "processing"
        if self.status != self.Status.PAID:
            return self.status
        if self.duplicate_of_id is not None:
            return "paid_twice"
        return self.status if self.granted_at else "on_hold"

    @property
    def state_name(self) -> str:
        """The state in words, the same on every page."""
        names = {
            "processing": _("Payment processing"),
            "paid_twice": _("Paid twice"),
            "on_hold": _("On hold"),
        }
        return str(names.get(self.state) or self.get_status_display())

    @property
    def receipt_number(self) -> str:
        """The number of the receipt, such as R-000017; "" until the order is paid.

        Consecutive, without gaps. Test payments have numbers of their own.
        """
        if self.receipt_serial is None:
            return ""
        return f"{'R' if self.mode == self.Mode.LIVE else 'TEST'}-{self.receipt_serial:06d}"

    @property
    def left_minor(self) -> int:
        """What was paid and was not refunded."""
        return (self.paid_minor or 0) - self.refunded_minor


class ReceiptCounter(models.Model):
    """The last receipt number of a mode.

    Whoever makes a receipt locks the row until its transaction ends. A number is thereby taken
    back with everything else if the transaction fails, and the numbers have no gaps.
    """

    mode = models.CharField(max_length=10, choices=Order.Mode.choices, primary_key=True)
    last = models.PositiveIntegerField(default=0)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(mode__in=["sandbox", "test", "live"]),
                name="payments_receipt_counter_mode_known",
            )
        ]

    def __str__(self) -> str:
        return f"{self.mode}: {self.last}"


class OrderLine(models.Model):
    """A bank in an order, as it was at the time: title, price, length of access."""

    order = models.ForeignKey(Order, on_delete=models.CASCADE, related_name="lines", db_index=False)
    test_bank = models.ForeignKey(TestBank, on_delete=models.PROTECT, related_name="order_lines")
    title = models.CharField(_("title"), max_length=200)
    amount_minor = models.PositiveIntegerField()
    access_days = models.PositiveIntegerField(_("days of access"), null=True, blank=True)

    class Meta:
        verbose_name = _("item")
        verbose_name_plural = _("items")
        constraints = [
            models.UniqueConstraint(
                fields=["order", "test_bank"], name="payments_order_line_bank_once"
            )
        ]

    def __str__(self) -> str:
        return f"{self.order_id}: {self.title}"


class OrderEvent(models.Model):
    """An entry in the audit log of an order. Append-only.

    `source` is the caller that reported it, "" if the site itself caused it.
    """

    class Source(models.TextChoices):
        WEBHOOK = "webhook"
        RETURN_PAGE = "return"
        RECONCILIATION = "reconciliation"
        CHECKOUT = "purchase"
        STAFF = "staff"
        SWEEP = "sweep"

    order = models.ForeignKey(
        Order, on_delete=models.CASCADE, related_name="events", db_index=False
    )
    kind = models.CharField(_("event"), max_length=40)
    from_status = models.CharField(_("from"), max_length=20)
    to_status = models.CharField(_("to"), max_length=20)
    source = models.CharField(_("source"), max_length=20, choices=Source.choices, blank=True)
    detail = models.JSONField(_("details"), default=dict, blank=True)
    at = models.DateTimeField(_("date"))

    class Meta:
        verbose_name = _("event")
        verbose_name_plural = _("events")
        constraints = [
            models.CheckConstraint(
                condition=models.Q(
                    source__in=[
                        "",
                        "webhook",
                        "return",
                        "reconciliation",
                        "purchase",
                        "staff",
                        "sweep",
                    ]
                ),
                name="payments_order_event_source_known",
            )
        ]
        indexes = [models.Index(fields=["order", "at"], name="payments_order_event_by_time")]

    def __str__(self) -> str:
        return f"{self.order_id}: {self.kind}"


class OpenCheckout(models.Model):
    """The one checkout that a learner has open for a bank.

    The row is a lock: its unique constraint allows no second one, so that two clicks, two tabs
    and two servers get the same order. It is deleted when the order leaves `pending` and `open`.
    """

    learner = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.CASCADE,
        related_name="open_checkouts",
        db_index=False,
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


class Refund(models.Model):
    """A refund, requested here or seen at Stripe.

    A refund requested here is committed before Stripe is called: `request` holds the exact
    parameters (JSON), `idempotency_key` the key they are sent with, and `tried_at` when the key
    was first used. `status` is Stripe's, except `asked` (no answer yet) and `refused`. Statuses
    are ordered as in `Status`; the most advanced one is kept. `told_at` is the time of the first
    event with that status, None if no event reported it. Without `lines` the refund is for the
    whole order.
    """

    class Status(models.TextChoices):
        ASKED = "asked", _("Requested, awaiting response")
        REFUSED = "refused", _("Declined by Stripe")
        PENDING = "pending", _("In progress")
        REQUIRES_ACTION = "requires_action", _("Awaiting buyer")
        SUCCEEDED = "succeeded", _("Refunded")
        CANCELED = "canceled", _("Canceled")
        FAILED = "failed", _("Failed, funds returned")

    class Reason(models.TextChoices):
        REQUESTED = "requested_by_customer", _("Requested by buyer")
        DUPLICATE = "duplicate", _("Paid twice")
        FRAUDULENT = "fraudulent", _("Fraud")

    class AccessChoice(models.TextChoices):
        REVOKE = "revoke", _("End access now")
        KEEP = "keep", _("Keep access")
        SHORTEN = "shorten", _("End access on a date")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    order = models.ForeignKey(Order, on_delete=models.CASCADE, related_name="refunds")
    lines = models.ManyToManyField(OrderLine, blank=True, related_name="refunds")
    stripe_id = models.CharField(_("Stripe ID"), max_length=255, null=True, blank=True, unique=True)
    amount_minor = models.PositiveIntegerField()
    currency = models.CharField(max_length=3)
    status = models.CharField(_("status"), max_length=20, choices=Status.choices)
    reason = models.CharField(_("reason"), max_length=40, blank=True)
    note = models.CharField(
        _("note"), max_length=300, blank=True, help_text=_("Internal note. Not shown to the buyer.")
    )
    access = models.CharField(_("access"), max_length=10, choices=AccessChoice.choices, blank=True)
    access_until = models.DateTimeField(_("last day of access"), null=True, blank=True)
    asked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("requested by"),
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="refunds_asked",
    )
    idempotency_key = models.CharField(
        _("idempotency key"), max_length=255, null=True, blank=True, unique=True
    )
    request = models.TextField(_("request"), blank=True)
    tried_at = models.DateTimeField(_("key first used on"), null=True, blank=True)
    created_at = models.DateTimeField(_("created on"))
    told_at = models.DateTimeField(_("last update"), null=True, blank=True)
    failure = models.CharField(_("failure"), max_length=100, blank=True)

    class Meta:
        verbose_name = _("refund")
        verbose_name_plural = _("refunds")
        constraints = [
            models.CheckConstraint(
                condition=models.Q(
                    status__in=[
                        "asked",
                        "refused",
                        "pending",
                        "requires_action",
                        "succeeded",
                        "canceled",
                        "failed",
                    ]
                ),
                name="payments_refund_status_known",
            ),
            models.CheckConstraint(
                condition=models.Q(amount_minor__gt=0), name="payments_refund_amount_positive"
            ),
            models.CheckConstraint(
                condition=models.Q(access__in=["", "revoke", "keep", "shorten"]),
                name="payments_refund_access_known",
            ),
            models.CheckConstraint(
                condition=~models.Q(access="shorten") | models.Q(access_until__isnull=False),
                name="payments_refund_shorten_has_time",
            ),
            models.CheckConstraint(
                condition=models.Q(status__in=["asked", "refused"])
                | models.Q(stripe_id__isnull=False),
                name="payments_refund_known_to_stripe",
            ),
            models.CheckConstraint(
                condition=~models.Q(status__in=["asked", "refused"])
                | models.Q(idempotency_key__isnull=False),
                name="payments_refund_asked_has_key",
            ),
        ]
        indexes = [
            models.Index(fields=["order", "created_at"], name="payments_refund_of_order"),
            models.Index(
                fields=["created_at"],
                condition=models.Q(status__in=["asked", "pending", "requires_action"]),
                name="payments_refund_unfinished",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.order.number}, {self.price}"

    @property
    def price(self) -> str:
        """The amount, formatted for the active language."""
        return format_price(self.amount_minor, self.currency)

    @property
    def counts(self) -> bool:
        """True if the money has left or is about to."""
        return self.status in {"pending", "requires_action", "succeeded"}


class Dispute(models.Model):
    """A payment that the buyer's bank wants back, as Stripe reports it.

    A status that closes the dispute is kept over one that does not, then the later one
    (`told_at`). A status that begins with `warning` is an inquiry: no money has moved.
    """

    class Status(models.TextChoices):
        WARNING_NEEDS_RESPONSE = "warning_needs_response", _("Inquiry, response needed")
        WARNING_UNDER_REVIEW = "warning_under_review", _("Inquiry, under review by the bank")
        WARNING_CLOSED = "warning_closed", _("Inquiry closed")
        NEEDS_RESPONSE = "needs_response", _("Response needed")
        UNDER_REVIEW = "under_review", _("Under review by the bank")
        PREVENTED = "prevented", _("Prevented")
        LOST = "lost", _("Lost")
        WON = "won", _("Won")

    order = models.ForeignKey(Order, on_delete=models.CASCADE, related_name="disputes")
    stripe_id = models.CharField(_("Stripe ID"), max_length=255, unique=True)
    amount_minor = models.PositiveIntegerField()
    currency = models.CharField(max_length=3)
    status = models.CharField(_("status"), max_length=30, choices=Status.choices)
    reason = models.CharField(_("reason"), max_length=60, blank=True)
    evidence_due_at = models.DateTimeField(_("respond by"), null=True, blank=True)
    created_at = models.DateTimeField(_("created on"))
    told_at = models.DateTimeField(_("last update"))

    class Meta:
        verbose_name = _("dispute")
        verbose_name_plural = _("disputes")
        constraints = [
            models.CheckConstraint(
                condition=models.Q(
                    status__in=[
                        "warning_needs_response",
                        "warning_under_review",
                        "warning_closed",
                        "needs_response",
                        "under_review",
                        "prevented",
                        "lost",
                        "won",
                    ]
                ),
                name="payments_dispute_status_known",
            )
        ]
        indexes = [models.Index(fields=["order", "created_at"], name="payments_dispute_of_order")]

    def __str__(self) -> str:
        return f"{self.order.number}, {self.price}"

    @property
    def price(self) -> str:
        """The amount, formatted for the active language."""
        return format_price(self.amount_minor, self.currency)

    @property
    def is_open(self) -> bool:
        """True while the money is withdrawn and nothing is decided."""
        return self.status in {"needs_response", "under_review"}


class StripeEvent(models.Model):
    """An event that Stripe sent: the inbox of the webhook.

    `body` is unchanged. `payment_intent_id` is set for a charge, a refund and a dispute, whose
    event may arrive before the order knows its payment.
    """

    class Status(models.TextChoices):
        RECEIVED = "received", _("Unprocessed")
        DONE = "done", _("Processed")
        IGNORED = "ignored", _("Ignored")
        UNKNOWN = "unknown", _("Unknown object")
        FOREIGN = "foreign", _("From another program")
        FAILED = "failed", _("Processing failed")

    event_id = models.CharField(_("event ID"), max_length=255)
    kind = models.CharField(_("type"), max_length=100)
    object_id = models.CharField(_("object ID"), max_length=255, blank=True)
    payment_intent_id = models.CharField(_("payment ID"), max_length=255, blank=True)
    account = models.CharField(_("Stripe account"), max_length=64, blank=True)
    mode = models.CharField(_("mode"), max_length=10, choices=Order.Mode.choices, blank=True)
    livemode = models.BooleanField()
    body = models.TextField()
    status = models.CharField(
        _("status"), max_length=10, choices=Status.choices, default=Status.RECEIVED
    )
    failure = models.CharField(_("failure"), max_length=300, blank=True)
    # Names the request that brought it in every log line of its processing, also in the worker.
    request_id = models.CharField(_("request ID"), max_length=64, blank=True, default="")
    received_at = models.DateTimeField(_("received on"))
    handled_at = models.DateTimeField(_("processed on"), null=True, blank=True)
    tries = models.PositiveIntegerField(_("tries"), default=0)
    leased_until = models.DateTimeField(null=True, blank=True)

    HANDLED = (Status.DONE, Status.IGNORED, Status.FOREIGN)

    objects = StripeEventQuerySet.as_manager()

    class Meta:
        verbose_name = _("Stripe event")
        verbose_name_plural = _("Stripe events")
        constraints = [
            models.UniqueConstraint(fields=["event_id"], name="payments_stripe_event_once"),
            models.CheckConstraint(
                condition=models.Q(
                    status__in=["received", "done", "ignored", "unknown", "foreign", "failed"]
                ),
                name="payments_stripe_event_status_known",
            ),
            models.CheckConstraint(
                condition=models.Q(mode__in=["", "sandbox", "test", "live"]),
                name="payments_stripe_event_mode_known",
            ),
        ]
        indexes = [
            models.Index(fields=["status", "received_at"], name="payments_event_by_status"),
            models.Index(
                fields=["payment_intent_id"],
                condition=models.Q(status__in=["unknown", "foreign"]),
                name="payments_event_before_payment",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.event_id} ({self.kind})"

    @property
    def is_handled(self) -> bool:
        """True if nothing is left to do."""
        return self.status in self.HANDLED


class EventCursor(models.Model):
    """How far reconciliation has come, for each mode and account.

    `event_id` is the last of Stripe's events that it has read, "" if there was none yet.
    `finished_at` is when it last came to its end, everything else included.
    """

    mode = models.CharField(max_length=10, choices=Order.Mode.choices)
    account = models.CharField(max_length=64, blank=True)
    event_id = models.CharField(max_length=255, blank=True)
    event_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["mode", "account"], name="payments_event_cursor_once")
        ]

    def __str__(self) -> str:
        return f"{self.mode} {self.account}: {self.event_id}"


class Incident(models.Model):
    """An error that a buyer saw. The buyer gets the code; the details are kept here.

    `report` is the log line: cause, stage, route and times, without secrets.
    """

    code = models.CharField(_("code"), max_length=12, unique=True)
    cause = models.CharField(_("cause"), max_length=40)
    subject = models.CharField(_("request"), max_length=200)
    report = models.TextField(_("report"))
    order = models.ForeignKey(
        Order,
        verbose_name=_("order"),
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="incidents",
    )
    at = models.DateTimeField(_("date"))

    objects = IncidentQuerySet.as_manager()

    class Meta:
        verbose_name = _("incident")
        verbose_name_plural = _("incidents")
        indexes = [models.Index(fields=["-at"], name="payments_incident_newest")]

    def __str__(self) -> str:
        return f"{self.code} ({self.cause})"


class Outage(models.Model):
    """A time in which payment did not work. One row is open at most, for each mode."""

    mode = models.CharField(max_length=10, choices=Order.Mode.choices)
    cause = models.CharField(max_length=40, blank=True)
    began_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["mode"],
                condition=models.Q(ended_at=None),
                name="payments_one_open_outage",
            )
        ]

    def __str__(self) -> str:
        return f"{self.mode} {self.cause} {self.began_at:%Y-%m-%d %H:%M}"


class Reminder(models.Model):
    """A buyer who could not pay, and wants a mail when payment works again."""

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
