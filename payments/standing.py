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
from delivery.reading import columns_of, instance_of
from payments.errors import UnknownSession
from payments.models import Order
from payments.sessions import SessionFacts

# By the session's id; and by our own metadata while the order knows no session, since a
# webhook may be faster than our own commit. Never by `client_reference_id`, which a buyer can
# choose on a payment link.
# `coalesce`, because PostgreSQL would look up every order that has or had no session.
OF_SESSION = "(orders.session_id = %s OR (orders.id = %s AND coalesce(orders.session_id, '') = ''))"
# With a lock that stands for the learner: of two orders that are paid at once for one bank the
# second is handled after the first, and sees its access.
LEARNER_LOCK = 7261
# PostgreSQL's, on what `named` names: how many orders it holds, by itself or within a statement.
LOCK = f"""
SELECT count(*) FROM (
    SELECT pg_advisory_xact_lock({LEARNER_LOCK}, mod(orders.user_id, 2147483647)::integer)
    FROM payments_order orders WHERE {OF_SESSION} FOR UPDATE) held
"""  # noqa: S608 - constants
# The order's columns, then those of one line, then what decides.
STANDING = f"""
SELECT {columns_of(Order, "orders")},
    line.id, line.title, line.access_days,
    line.test_bank_id, bank.slug, learner.id,
    (SELECT access.source_kind || ':' || access.source_id FROM catalog_access access
     WHERE access.learner_id = orders.user_id AND {LIVE_ACCESS} AND access.test_bank_id IN
        (SELECT test_bank_id FROM payments_orderline WHERE order_id = orders.id)
     ORDER BY access.starts_at, access.id LIMIT 1) AS former_access,
    EXISTS (SELECT 1 FROM payments_stripeevent early WHERE early.status = 'unknown'
     AND early.payment_intent_id = %s) AS has_early_events
FROM payments_order orders
JOIN payments_orderline line ON line.order_id = orders.id
JOIN catalog_testbank bank ON bank.id = line.test_bank_id
LEFT JOIN accounts_user learner ON learner.id = orders.user_id
WHERE {OF_SESSION} ORDER BY orders.id, line.id
"""  # noqa: S608 - constants


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

    `learner_id` is None where the account is gone. `former_access` is the cause of the
    learner's oldest live access to a bank of the order, as its kind and id.
    `has_early_events` is true where a refund or a dispute was told before the payment.
    """

    order: Order
    lines: tuple[Bought, ...]
    learner_id: int | None
    former_access: tuple[str, str] | None
    has_early_events: bool


def named(session_id: str, order_id: str) -> list[Any]:
    """What `OF_SESSION` and `LOCK` are given to find the order of a session."""
    return [session_id, _key(order_id)]


def standing_of(session: SessionFacts, *, at: datetime, is_locked: bool = False) -> Standing:
    """How the session's order stands, locked until the transaction ends.

    One statement on SQLite, whose transactions are the lock; two on PostgreSQL, since what a
    statement sees is settled before it waits. `is_locked` says that an earlier statement of
    this transaction took the `LOCK`. Raises: UnknownSession.
    """
    found_by = named(session.id, session.order_id)
    if connection.vendor == "postgresql" and not is_locked:
        with connection.cursor() as cursor:
            cursor.execute(LOCK, found_by)
    now = connection.ops.adapt_datetimefield_value(at)
    with connection.cursor() as cursor:
        cursor.execute(STANDING, [now, now, session.payment_intent_id or None, *found_by])
        rows = cursor.fetchall()
    if not rows:
        raise UnknownSession(session.id)
    return _standing(rows)


def _standing(rows: Sequence[tuple[Any, ...]]) -> Standing:
    """Of the first order; each further row is a further line of it."""
    *_line, learner_id, former_access, has_early_events = rows[0]
    kind, _colon, source = (former_access or "").partition(":")
    return Standing(
        order=instance_of(Order, rows[0]),
        lines=tuple(Bought(*row[LINE]) for row in rows if row[KEY] == rows[0][KEY]),
        learner_id=learner_id,
        former_access=(kind, source) if kind else None,
        has_early_events=bool(has_early_events),
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
