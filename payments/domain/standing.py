"""How an order stands that a session belongs to: read at once, with all that decides.

Written out: an order is fulfilled inside the webhook's request, which Stripe waits for.
"""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection

from catalog.querysets import LIVE_ACCESS
from delivery.reading import columns_of, instance_of, rows_of
from payments.errors import UnknownSession
from payments.models import Order
from payments.stripe.sessions import SessionFacts

# By the session's id; and by our own metadata while the order knows no session, since a
# webhook may be faster than our own commit. Never by `client_reference_id`, which a buyer can
# choose on a payment link.
# `coalesce`, because PostgreSQL would look up every order that has or had no session.
WITHOUT_SESSION = "coalesce(orders.session_id, '') = ''"
OF_SESSION = f"(orders.session_id = %s OR (orders.id = %s AND {WITHOUT_SESSION}))"
# The same where the metadata names an order that there is, as it does for every one of ours.
OF_METADATA = f"(orders.id = %s AND (orders.session_id = %s OR {WITHOUT_SESSION}))"
# A lock that stands for the learner: of two orders that are paid at once for one bank the
# second is handled after the first, and sees its access.
LEARNER_LOCK = 7261
# PostgreSQL's: locks the order, and gives its key.
LOCKED = f"""
SELECT id FROM (
    SELECT orders.id,
        pg_advisory_xact_lock({LEARNER_LOCK}, mod(orders.user_id, 2147483647)::integer)
    FROM payments_order orders WHERE {{found}} FOR UPDATE) held LIMIT 1
"""  # noqa: S608 - constants
LOCK = LOCKED.format(found=OF_SESSION)
# On what `in_metadata` gives, for a statement that does more.
LOCK_NAMED = LOCKED.format(found=OF_METADATA)
# The order's columns, then those of one line, then what decides.
STANDING = f"""
SELECT {columns_of(Order, "orders")},
    line.id, line.title, line.access_days, line.test_bank_id, bank.slug,
    (SELECT access.source_kind || ':' || access.source_id FROM catalog_access access
     WHERE access.learner_id = orders.user_id AND access.test_bank_id = line.test_bank_id
     AND {LIVE_ACCESS} ORDER BY access.starts_at, access.id LIMIT 1) AS former_access,
    EXISTS (SELECT 1 FROM payments_stripeevent early WHERE early.status = 'unknown'
     AND early.payment_intent_id = %s) AS has_early_events
FROM payments_order orders
JOIN payments_orderline line ON line.order_id = orders.id
JOIN catalog_testbank bank ON bank.id = line.test_bank_id
WHERE {{found}}
"""  # noqa: S608 - constants
STANDING_OF_SESSION = STANDING.format(found=OF_SESSION)
STANDING_OF_ORDER = STANDING.format(found="orders.id = %s")


_ORDER_FIELDS = Order._meta.concrete_fields
KEY = _ORDER_FIELDS.index(Order._meta.pk)
LINE = slice(len(_ORDER_FIELDS), len(_ORDER_FIELDS) + 5)


@dataclass(frozen=True)
class Bought:
    """A line of an order, in the order in which it is read."""

    key: int
    title: str
    access_days: int | None
    test_bank_id: int
    slug: str


@dataclass(frozen=True)
class Standing:
    """An order and what decides about it.

    `former_access` is the cause of the learner's oldest live access to a bank of the order, as
    its kind and id. `has_early_events` is true where a refund or a dispute was told before the
    payment.
    """

    order: Order
    lines: tuple[Bought, ...]
    former_access: tuple[str, str] | None
    has_early_events: bool


def in_metadata(session_id: str, order_id: str) -> list[Any]:
    """What `LOCK_NAMED` is given to find the order that the metadata of a session names."""
    return [_key(order_id), session_id]


def standing_of(
    session: SessionFacts, *, at: datetime, locked: uuid.UUID | None = None
) -> Standing:
    """How the session's order stands, locked until the transaction ends.

    One statement on SQLite, whose transactions are the lock; two on PostgreSQL, since what a
    statement sees is settled before it waits. `locked` is the key of the session's order where
    an earlier statement of this transaction locked it. Raises: UnknownSession.
    """
    now = connection.ops.adapt_datetimefield_value(at)
    decides = [now, now, session.payment_intent_id or None]
    if connection.vendor == "postgresql":
        key = locked or _lock(session)
        rows = rows_of(STANDING_OF_ORDER, [*decides, key]) if key else []
    else:
        rows = rows_of(STANDING_OF_SESSION, [*decides, session.id, _key(session.order_id)])
    if not rows:
        raise UnknownSession(session.id)
    return _standing(rows)


def _lock(session: SessionFacts) -> uuid.UUID | None:
    for (key,) in rows_of(LOCK, [session.id, _key(session.order_id)]):
        found: uuid.UUID = key
        return found
    return None


def _standing(rows: Sequence[tuple[Any, ...]]) -> Standing:
    """Of the first order; each further row is a further line of it."""
    rows = sorted(rows, key=lambda row: (row[KEY], row[LINE.start]))
    of_order = [row for row in rows if row[KEY] == rows[0][KEY]]
    former = next((row[-2] for row in of_order if row[-2]), "")
    kind, _colon, source = former.partition(":")
    return Standing(
        order=instance_of(Order, rows[0]),
        lines=tuple(Bought(*row[LINE]) for row in of_order),
        former_access=(kind, source) if kind else None,
        has_early_events=bool(rows[0][-1]),
    )


def _key(order_id: str) -> str | uuid.UUID | None:
    """The order's id as the database compares it; nothing is equal to what is none."""
    try:
        key: str | uuid.UUID = Order._meta.pk.get_db_prep_value(uuid.UUID(order_id), connection)
        return key
    except ValueError:
        return None


def bought_in(order: Order) -> list[Bought]:
    """The lines of an order."""
    return [
        Bought(
            key=line.pk,
            title=line.title,
            access_days=line.access_days,
            test_bank_id=line.test_bank_id,
            slug=line.test_bank.slug,
        )
        for line in order.lines.select_related("test_bank").order_by("pk")
    ]
