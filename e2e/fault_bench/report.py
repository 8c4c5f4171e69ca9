"""The report of a run, for people."""

from collections import Counter
from collections.abc import Iterable, Mapping

from e2e.fault_bench.invariants import count_by_kind
from e2e.fault_bench.run import RunResult

MAX_SHOWN_PER_KIND = 5
MIN_PAID_SHARE = 0.6
PAID_STATUSES = ("paid", "partially_refunded", "refunded", "disputed")


def paid_share(result: RunResult) -> float:
    """Return the share of orders that were paid, whatever became of the money later."""
    statuses = Counter(order.status for order in result.site.orders)
    return sum(statuses[status] for status in PAID_STATUSES) / max(statuses.total(), 1)


def passes(result: RunResult) -> bool:
    """Return whether nothing is violated and enough orders were paid."""
    return not result.violations and paid_share(result) >= MIN_PAID_SHARE


def lines(result: RunResult) -> Iterable[str]:
    yield from order_lines(result)
    yield from table("Kills", result.kills)
    yield from table("Faults at Stripe", result.faults)
    yield from table("What buyers met", result.experience)
    repeated = sum(count > 1 for count in result.accepted_mail.values())
    yield from table("Emails", {"sent": len(result.accepted_mail), "sent twice": repeated})
    yield from table("Events at the site", result.site.events)
    yield f"  {'never delivered':<22} {result.pending_deliveries:>8}"
    yield f"\nRequests checked against Stripe's description: {result.requests_checked}"
    yield "\nReconciliation: " + shortened(result.reconciliation.strip())
    yield from violation_lines(result)


def order_lines(result: RunResult) -> Iterable[str]:
    orders = result.site.orders
    yield f"\n{len(orders)} orders, {len(result.payments)} sessions, {result.seconds:.0f} s"
    yield from table("Orders by status", Counter(order.status for order in orders))
    yield f"  paid at some time      {paid_share(result):>8.1%}   (at least {MIN_PAID_SHARE:.0%})"
    flagged = sum(order.is_flagged for order in orders)
    yield f"  flagged for a person   {flagged:>8}"


def violation_lines(result: RunResult) -> Iterable[str]:
    yield "\nMust be 0"
    for kind, count in count_by_kind(result.violations).items():
        yield f"  {kind:<54}{count:>6}{'' if count == 0 else '   <--'}"
        shown = [each.where for each in result.violations if each.kind == kind]
        yield from (f"      {where}" for where in shown[:MAX_SHOWN_PER_KIND])


def shortened(text: str) -> str:
    """Return the reconciliation's output with only the first orders for a person."""
    head, separator, rest = text.partition("For a person")
    rows = rest.splitlines()
    hidden = len(rows) - 1 - MAX_SHOWN_PER_KIND
    return head + separator + "\n".join(rows[: MAX_SHOWN_PER_KIND + 1] + ["  …"] * (hidden > 0))


def table(title: str, numbers: Mapping[str, int]) -> Iterable[str]:
    yield f"\n{title}"
    for name, number in sorted(numbers.items()):
        yield f"  {name:<22} {number:>8}"
