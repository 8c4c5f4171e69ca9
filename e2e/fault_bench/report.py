"""What a run came to, in figures for people."""

from collections import Counter
from collections.abc import Iterable, Mapping

from e2e.fault_bench.bench import Outcome
from e2e.fault_bench.counting import counts

SHOWN_OF_EACH = 5
LEAST_PAID = 0.6
WERE_PAID = ("paid", "partially_refunded", "refunded", "disputed")


def paid_share(outcome: Outcome) -> float:
    """The share of the orders that were paid, whatever became of the money later."""
    statuses = Counter(order.status for order in outcome.shop.orders)
    return sum(statuses[status] for status in WERE_PAID) / max(statuses.total(), 1)


def passes(outcome: Outcome) -> bool:
    """True where nothing is wrong and most of it was paid."""
    return not outcome.violations and paid_share(outcome) >= LEAST_PAID


def lines(outcome: Outcome) -> Iterable[str]:
    """The report."""
    orders = outcome.shop.orders
    yield f"\n{len(orders)} orders, {len(outcome.payments)} sessions, {outcome.seconds:.0f} s"
    yield from table("Orders ended", Counter(order.status for order in orders))
    yield f"  paid at some time      {paid_share(outcome):>8.1%}   (at least {LEAST_PAID:.0%})"
    flagged = sum(order.is_flagged for order in orders)
    yield f"  flagged for a person   {flagged:>8}"
    yield from table("Killed with -9", outcome.kills)
    yield from table("Weather at Stripe", outcome.weather)
    yield from table("Buyers met", outcome.met)
    again = {name: count for name, count in outcome.post.items() if count > 1}
    yield "\nMails"
    yield f"  sent                   {len(outcome.post):>8}"
    yield f"  sent twice, one name   {len(again):>8}   (the sender was killed in between)"
    yield from table("Events at the shop", outcome.shop.events)
    yield f"  never told             {outcome.untold:>8}"
    yield f"\nRequests held against Stripe's description: {outcome.held_against_description}"
    yield "\nReconciliation: " + shortened(outcome.reconciled.strip())
    yield "\nMust be 0"
    for kind, count in counts(outcome.violations).items():
        yield f"  {kind:<46}{count:>6}{'' if count == 0 else '   <--'}"
        shown = [each.where for each in outcome.violations if each.kind == kind]
        yield from (f"      {where}" for where in shown[:SHOWN_OF_EACH])


def shortened(told: str) -> str:
    """What reconciliation said, with the first of what is for a person."""
    head, mark, rest = told.partition("For a person")
    kept = rest.splitlines()
    more = len(kept) - 1 - SHOWN_OF_EACH
    return head + mark + "\n".join(kept[: SHOWN_OF_EACH + 1] + ["  …"] * (more > 0))


def table(title: str, numbers: Mapping[str, int]) -> Iterable[str]:
    """Numbers by name, under a title."""
    yield f"\n{title}"
    for name, number in sorted(numbers.items()):
        yield f"  {name:<22} {number:>8}"
