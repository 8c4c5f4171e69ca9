"""The shop's book held against the sandbox's: each number here must be 0."""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from e2e.fault_bench.books import Bought, MailRow, Payment, ShopBooks

TAKEN = ("open", "lost")
# The host of the SITE_URL, which every Message-ID ends with.
MAIL_HOST = "127.0.0.1"
ACCESS_MAIL = "payments/email/access_ready"
# Of the shop's own figures, those that nothing excuses.
OWN_FIGURES = (
    "paid_not_granted",
    "granted_not_paid",
    "events_unprocessed",
    "events_failed",
    "refunds_unanswered",
)


@dataclass(frozen=True)
class Violation:
    """What is not as it must be, and where: an order, a session, a mail."""

    kind: str
    where: str


BREACHES = "breaches of Stripe's description of its API"
KINDS = (
    "money taken without access",
    "access without money",
    "second charges kept without a refund flag",
    "lost orders",
    "orders that differ from Stripe",
    "amounts that differ from Stripe",
    "mails queued twice",
    "mails that were never queued",
    "mails that were never sent",
    "mails sent twice though nothing was killed",
    "figures of the shop that are not 0",
    BREACHES,
)


def violations(
    payments: Collection[Payment],
    shop: ShopBooks,
    post: Mapping[str, int],
    *,
    kills: int,
) -> list[Violation]:
    """All that is wrong. `post` counts the mails that came by Message-ID.

    `kills` is how often the worker was killed: each may have made one mail come again.
    """
    orders = {order.id: order for order in shop.orders}
    paid = defaultdict(list)
    for payment in payments:
        paid[payment.order_id].append(payment)
    found: list[Violation] = []
    found += [lost(payment) for payment in payments if payment.order_id not in orders]
    for order in shop.orders:
        found += wrong_with(order, paid[order.id])
    found += [Violation("access without money", each) for each in shop.accesses_of_no_order]
    found += second_charges(shop.orders, paid)
    found += wrong_mails(shop, post, kills=kills)
    found += [
        Violation("figures of the shop that are not 0", f"{name} {shop.figures[name]}")
        for name in OWN_FIGURES
        if shop.figures.get(name)
    ]
    return found


def lost(payment: Payment) -> Violation:
    """A session of an order that the shop does not know."""
    return Violation("lost orders", f"{payment.session_id} of {payment.order_id or 'no order'}")


def wrong_with(order: Bought, payments: list[Payment]) -> Iterable[Violation]:
    """What is wrong with one order, by all that Stripe has of it."""
    kept = sum(payment.kept for payment in payments)
    if kept and not order.is_paid:
        yield Violation("lost orders", order.id)
    owed = kept and not order.is_flagged and order.seller_said != "closed"
    if owed and not order.accesses:
        yield Violation("money taken without access", order.id)
    if order.accesses > (1 if may_have_access(order, payments) else 0):
        yield Violation("access without money", order.id)
    wanted = {status for payment in payments for status in statuses(payment)}
    if order.status not in (wanted or {"pending", "expired", "failed"}):
        yield Violation("orders that differ from Stripe", f"{order.id} is {order.status}")
    if len(payments) > 1:
        yield Violation("orders that differ from Stripe", f"{order.id} has many sessions")
    sums = (sum(each.received for each in payments), sum(each.refunded for each in payments))
    lost_by_dispute = any(payment.dispute == "lost" for payment in payments)
    known = (order.paid_minor, order.refunded_minor)
    if known != sums and not (lost_by_dispute and known[0] == sums[0]):
        yield Violation("amounts that differ from Stripe", f"{order.id}: {known}, not {sums}")


def may_have_access(order: Bought, payments: list[Payment]) -> bool:
    """True where the order's access may be open: for money, or because the seller left it."""
    if order.seller_said == "closed" or any(each.dispute in TAKEN for each in payments):
        return False
    return any(payment.kept for payment in payments) or order.seller_said == "left"


def statuses(payment: Payment) -> set[str]:
    """What an order may be whose session stands so at Stripe."""
    if payment.received:
        if payment.dispute == "lost" or payment.refunded == payment.received:
            return {"refunded"}
        if payment.dispute == "open":
            return {"disputed"}
        return {"partially_refunded" if payment.refunded else "paid"}
    if payment.fails:
        return {"failed"}
    return {"expired", "failed"} if payment.status == "expired" else {"open", "pending"}


def second_charges(
    orders: Iterable[Bought], paid: Mapping[str, list[Payment]]
) -> Iterable[Violation]:
    """Money that was taken again for what the learner had, and that nobody is told to return."""
    of_one_thing: defaultdict[tuple[str, str], list[str]] = defaultdict(list)
    for order in orders:
        if not order.is_flagged:
            kept = [payment.session_id for payment in paid[order.id] if payment.kept]
            of_one_thing[order.learner, order.bank] += kept
    for sessions in of_one_thing.values():
        for again in sessions[1:]:
            yield Violation("second charges kept without a refund flag", again)


def wrong_mails(shop: ShopBooks, post: Mapping[str, int], *, kills: int) -> Iterable[Violation]:
    """Mails that are too many, or missing."""
    queued = Counter((mail.template, mail.subject) for mail in told_once(shop.mails))
    for (template, subject), count in queued.items():
        if count > 1:
            yield Violation("mails queued twice", f"{template} {subject}")
    told = {subject.split("order=")[-1].split(" ")[0] for _template, subject in queued}
    for order in shop.orders:
        if order.is_granted and order.id not in told:
            yield Violation("mails that were never queued", order.id)
    for mail in shop.mails:
        if not mail.is_sent or not came(mail.key, post):
            yield Violation("mails that were never sent", mail.key)
    again = sum(count - 1 for count in post.values())
    if again > kills:
        words = f"{again} mails came again, the worker was killed {kills} times"
        yield Violation("mails sent twice though nothing was killed", words)


def told_once(mails: Iterable[MailRow]) -> Iterable[MailRow]:
    """The mails of which an order has one a line; of refunds it may have several."""
    return (mail for mail in mails if mail.template == ACCESS_MAIL)


def came(key: str, post: Mapping[str, int]) -> bool:
    """True where the mail of that key was accepted by the mail server."""
    return f"<{key}@{MAIL_HOST}>" in post


def counts(found: Iterable[Violation]) -> dict[str, int]:
    """How many of each kind, the kinds that are 0 too."""
    counted = Counter(violation.kind for violation in found)
    return {kind: counted[kind] for kind in KINDS}
