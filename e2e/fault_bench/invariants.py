"""What must be true after a run, by the ledgers of the site and of the sandbox."""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from e2e.fault_bench.ledger import EmailRow, OrderRow, Payment, SiteLedger

FUNDS_WITHDRAWN = ("open", "lost")
# The host of SITE_URL, which every Message-ID ends with.
MAIL_HOST = "127.0.0.1"
ACCESS_EMAIL = "payments/email/access_ready"
# The site's own figures that must be 0 after every run.
ZERO_FIGURES = (
    "paid_not_granted",
    "granted_not_paid",
    "events_unprocessed",
    "events_failed",
    "refunds_unanswered",
)


@dataclass(frozen=True)
class Violation:
    """An invariant that does not hold, and where: an order, a session, an email."""

    kind: str
    where: str


PAID_WITHOUT_ACCESS = "payments without access"
ACCESS_WITHOUT_PAYMENT = "accesses without payment"
SECOND_CHARGE = "second charges not flagged for refund"
LOST_ORDER = "lost orders"
STATUS_DIFFERS = "order statuses that differ from Stripe"
AMOUNT_DIFFERS = "order amounts that differ from Stripe"
EMAIL_QUEUED_TWICE = "emails queued twice"
EMAIL_NOT_QUEUED = "emails never queued"
EMAIL_NOT_SENT = "emails never sent"
EMAIL_SENT_TWICE = "emails sent twice without a kill"
FIGURE_NOT_ZERO = "figures of the site that are not 0"
API_MISMATCH = "requests or responses that do not match Stripe's API"
KINDS = (
    PAID_WITHOUT_ACCESS,
    ACCESS_WITHOUT_PAYMENT,
    SECOND_CHARGE,
    LOST_ORDER,
    STATUS_DIFFERS,
    AMOUNT_DIFFERS,
    EMAIL_QUEUED_TWICE,
    EMAIL_NOT_QUEUED,
    EMAIL_NOT_SENT,
    EMAIL_SENT_TWICE,
    FIGURE_NOT_ZERO,
    API_MISMATCH,
)


def violations(
    payments: Collection[Payment],
    site: SiteLedger,
    accepted_mail: Mapping[str, int],
    *,
    worker_kills: int,
) -> list[Violation]:
    """Return every violation. `accepted_mail` counts emails by Message-ID.

    Each kill of the worker may have sent one email twice.
    """
    order_ids = {order.id for order in site.orders}
    by_order = defaultdict(list)
    for payment in payments:
        by_order[payment.order_id].append(payment)
    found = [lost_order(payment) for payment in payments if payment.order_id not in order_ids]
    for order in site.orders:
        found += order_violations(order, by_order[order.id])
    found += [Violation(ACCESS_WITHOUT_PAYMENT, each) for each in site.accesses_without_order]
    found += second_charges(site.orders, by_order)
    found += email_violations(site, accepted_mail, worker_kills=worker_kills)
    found += [
        Violation(FIGURE_NOT_ZERO, f"{name} {site.figures[name]}")
        for name in ZERO_FIGURES
        if site.figures.get(name)
    ]
    return found


def lost_order(payment: Payment) -> Violation:
    """Return the violation of a session whose order the site does not have."""
    return Violation(LOST_ORDER, f"{payment.session_id} of {payment.order_id or 'no order'}")


def order_violations(order: OrderRow, payments: list[Payment]) -> Iterable[Violation]:
    """Compare one order with all of its payments."""
    net = sum(payment.net for payment in payments)
    if net and not order.is_paid:
        yield Violation(LOST_ORDER, order.id)
    yield from access_violations(order, payments)
    expected = {status for payment in payments for status in expected_statuses(payment)}
    if order.status not in (expected or {"pending", "expired", "failed"}):
        yield Violation(STATUS_DIFFERS, f"{order.id} is {order.status}")
    if len(payments) > 1:
        yield Violation(STATUS_DIFFERS, f"{order.id} has several sessions")
    yield from amount_violations(order, payments)


def access_violations(order: OrderRow, payments: list[Payment]) -> Iterable[Violation]:
    """Require one access for a paid order, and none for another."""
    net = sum(payment.net for payment in payments)
    is_owed = net and not order.is_flagged and order.refund_access != "closed"
    if is_owed and not order.accesses:
        yield Violation(PAID_WITHOUT_ACCESS, order.id)
    if order.accesses > (1 if may_have_access(order, payments) else 0):
        yield Violation(ACCESS_WITHOUT_PAYMENT, order.id)


def may_have_access(order: OrderRow, payments: list[Payment]) -> bool:
    """Return whether the order may have access: it is paid, or the seller left it."""
    if order.refund_access == "closed" or any(one.dispute in FUNDS_WITHDRAWN for one in payments):
        return False
    return any(payment.net for payment in payments) or order.refund_access == "left"


def amount_violations(order: OrderRow, payments: list[Payment]) -> Iterable[Violation]:
    """Compare received and refunded amounts. A lost dispute counts as a refund for the site."""
    expected = (sum(one.received for one in payments), sum(one.refunded for one in payments))
    actual = (order.paid_minor, order.refunded_minor)
    is_lost = any(payment.dispute == "lost" for payment in payments)
    if actual != expected and not (is_lost and actual[0] == expected[0]):
        yield Violation(AMOUNT_DIFFERS, f"{order.id}: {actual}, not {expected}")


def expected_statuses(payment: Payment) -> set[str]:
    """Return the statuses that the payment's order may have."""
    if payment.received:
        if payment.dispute == "lost" or payment.refunded == payment.received:
            return {"refunded"}
        if payment.dispute == "open":
            return {"disputed"}
        return {"partially_refunded" if payment.refunded else "paid"}
    if payment.has_failed:
        return {"failed"}
    return {"expired", "failed"} if payment.status == "expired" else {"open", "pending"}


def second_charges(
    orders: Iterable[OrderRow], by_order: Mapping[str, list[Payment]]
) -> Iterable[Violation]:
    """Find payments for a bank that the learner had already paid for, and nobody must refund."""
    sessions: defaultdict[tuple[str, str], list[str]] = defaultdict(list)
    for order in orders:
        if not order.is_flagged:
            paid = [payment.session_id for payment in by_order[order.id] if payment.net]
            sessions[order.learner, order.bank] += paid
    for _first, *others in filter(None, sessions.values()):
        yield from (Violation(SECOND_CHARGE, session) for session in others)


def email_violations(
    site: SiteLedger, accepted_mail: Mapping[str, int], *, worker_kills: int
) -> Iterable[Violation]:
    """Require one access email per granted order, and every email to be sent once."""
    # A refund may have several emails, an access only one.
    access = [email for email in site.emails if email.template == ACCESS_EMAIL]
    queued = Counter(email.subject for email in access)
    yield from (Violation(EMAIL_QUEUED_TWICE, each) for each, n in queued.items() if n > 1)
    announced = {subject.split("order=")[-1].split(" ")[0] for subject in queued}
    for order in site.orders:
        if order.is_granted and order.id not in announced:
            yield Violation(EMAIL_NOT_QUEUED, order.id)
    for email in site.emails:
        if not email.is_sent or not was_accepted(email, accepted_mail):
            yield Violation(EMAIL_NOT_SENT, email.key)
    repeated = sum(count - 1 for count in accepted_mail.values())
    if repeated > worker_kills:
        where = f"{repeated} emails repeated, {worker_kills} kills of the worker"
        yield Violation(EMAIL_SENT_TWICE, where)


def was_accepted(email: EmailRow, accepted_mail: Mapping[str, int]) -> bool:
    return f"<{email.key}@{MAIL_HOST}>" in accepted_mail


def count_by_kind(found: Iterable[Violation]) -> dict[str, int]:
    """Count the violations of each kind, including kinds with none."""
    counted = Counter(violation.kind for violation in found)
    return {kind: counted[kind] for kind in KINDS}
