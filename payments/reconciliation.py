"""Making this shop and Stripe agree, whoever of the two has missed something.

The third door to `fulfil`: it needs neither webhooks nor a buyer who comes back.
"""

import logging
from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from payments.errors import UnknownSession
from payments.fulfilment import RECONCILIATION, settle
from payments.models import Order
from payments.orders import UNPAID, mark_expired
from payments.sessions import SessionFacts
from payments.stripe_integration import complete_sessions, existing_session

logger = logging.getLogger("payments.reconciliation")

# A session lives for 24 hours. An order whose request has made none by then never will.
LONGEST_WITHOUT_SESSION = timedelta(hours=25)


@dataclass
class Reconciliation:
    """What was found and put right. `moves` counts orders by their new status."""

    looked_at: int = 0
    moves: Counter[str] = field(default_factory=Counter)
    unknown_sessions: list[str] = field(default_factory=list)
    held_orders: list[str] = field(default_factory=list)

    @property
    def needs_a_person(self) -> bool:
        """True where something cannot be decided by a program."""
        return bool(self.unknown_sessions or self.held_orders)


def reconcile(*, mode: str, since: datetime, at: datetime) -> Reconciliation:
    """Walk our open orders and Stripe's finished sessions, and make both agree.

    Idempotent: each order is settled in a transaction of its own, so a run that is cut off
    is simply run again. Raises: StripeError where Stripe cannot be asked.
    """
    result = Reconciliation()
    _settle_open_orders(result, mode=mode, at=at)
    _settle_finished_sessions(result, since=since, at=at)
    held = Order.objects.in_mode(mode).exclude(held="").filter(granted_at=None)
    result.held_orders = [str(pk) for pk in held.values_list("pk", flat=True)]
    return result


def _settle_open_orders(result: Reconciliation, *, mode: str, at: datetime) -> None:
    orders = Order.objects.in_mode(mode).filter(status__in=UNPAID).order_by("created_at")
    for order in orders.iterator(chunk_size=200):
        result.looked_at += 1
        if session := existing_session(order):
            _settle(result, session, at=at)
        elif (order.asked_at or order.created_at) < at - LONGEST_WITHOUT_SESSION:
            result.moves["expired"] += mark_expired(order, door=RECONCILIATION, at=at)


def _settle_finished_sessions(result: Reconciliation, *, since: datetime, at: datetime) -> None:
    for session in complete_sessions(since):
        result.looked_at += 1
        _settle(result, session, at=at)


def _settle(result: Reconciliation, session: SessionFacts, *, at: datetime) -> None:
    before = Order.objects.filter(session_id=session.id).values_list("status", flat=True).first()
    try:
        order = settle(session, door=RECONCILIATION, at=at)
    except UnknownSession:
        if session.is_paid:
            logger.warning("session=%s is paid and not known here", session.id)
            result.unknown_sessions.append(session.id)
        return
    if order.status not in {before, *UNPAID}:
        result.moves[order.status] += 1
        logger.info("order=%s is %s now", order.pk, order.status)
