"""Every kind of violation is found, and nothing in consistent ledgers."""

from dataclasses import replace
from typing import Any

import pytest

from e2e.fault_bench.invariants import (
    ACCESS_EMAIL,
    ACCESS_WITHOUT_PAYMENT,
    AMOUNT_DIFFERS,
    EMAIL_NOT_QUEUED,
    EMAIL_NOT_SENT,
    EMAIL_QUEUED_TWICE,
    EMAIL_SENT_TWICE,
    FIGURE_NOT_ZERO,
    KINDS,
    LOST_ORDER,
    PAID_WITHOUT_ACCESS,
    SECOND_CHARGE,
    STATUS_DIFFERS,
    count_by_kind,
    violations,
)
from e2e.fault_bench.ledger import EmailRow, OrderRow, Payment, SiteLedger

PAID = Payment("cs_1", "1", "complete", "paid", received=999, intent="succeeded")
ORDER = OrderRow(
    "1", "ann", "git", "paid", "cs_1", is_paid=True, is_granted=True, paid_minor=999, accesses=1
)
EMAIL = EmailRow("access-1-7", ACCESS_EMAIL, "order=1 title=Git", is_sent=True)
ACCEPTED = {"<access-1-7@127.0.0.1>": 1}
REFUNDED: dict[str, Any] = {"status": "refunded", "refunded_minor": 999, "accesses": 0}
PARTIALLY_REFUNDED = replace(ORDER, status="partially_refunded", refunded_minor=333)
SECOND_ORDER = replace(ORDER, id="2", session_id="cs_2")
SECOND_PAYMENT = replace(PAID, session_id="cs_2", order_id="2")


def site(*orders: OrderRow, **others: Any) -> SiteLedger:
    """Return a site's ledger with an email for each granted order."""
    emails = [
        EmailRow(f"access-{order.id}-7", ACCESS_EMAIL, f"order={order.id} title=Git", is_sent=True)
        for order in orders
        if order.is_granted
    ]
    return SiteLedger(**{"orders": list(orders), "emails": emails, **others})


def found(payments: list[Payment], ledger: SiteLedger, **others: Any) -> dict[str, int]:
    """Return the number of violations by kind, without the zeros."""
    accepted = {f"<{email.key}@127.0.0.1>": 1 for email in ledger.emails}
    arguments: Any = {"accepted_mail": accepted, "worker_kills": 0, **others}
    counted = count_by_kind(violations(payments, ledger, **arguments))
    assert set(counted) == set(KINDS)
    return {kind: number for kind, number in counted.items() if number}


@pytest.mark.parametrize(
    ("payment", "order"),
    [
        (PAID, ORDER),
        (replace(PAID, refunded=999), replace(ORDER, **REFUNDED)),
        (
            replace(PAID, refunded=333),
            PARTIALLY_REFUNDED,
        ),
        (replace(PAID, dispute="open"), replace(ORDER, status="disputed", accesses=0)),
        (replace(PAID, dispute="lost"), replace(ORDER, status="refunded", accesses=0)),
        (replace(PAID, dispute="won"), ORDER),
        (
            replace(PAID, refunded=999),
            replace(ORDER, **{**REFUNDED, "accesses": 1}, refund_access="left"),
        ),
        (
            replace(PAID, refunded=333),
            replace(PARTIALLY_REFUNDED, accesses=0, refund_access="closed"),
        ),
        (Payment("cs_1", "1", "expired", "unpaid"), OrderRow("1", "ann", "git", "expired", "cs_1")),
        (Payment("cs_1", "1", "open", "unpaid"), OrderRow("1", "ann", "git", "pending")),
        (
            Payment("cs_1", "1", "complete", "unpaid", intent="processing"),
            OrderRow("1", "ann", "git", "open", "cs_1"),
        ),
        (
            Payment("cs_1", "1", "complete", "unpaid", intent="requires_payment_method"),
            OrderRow("1", "ann", "git", "failed", "cs_1"),
        ),
    ],
)
def test_consistent_order_has_no_violations(payment: Payment, order: OrderRow) -> None:
    assert found([payment], site(order)) == {}


def test_order_without_a_session_is_no_violation() -> None:
    assert found([], site(OrderRow("1", "ann", "git", "pending"))) == {}


def test_purchase_after_a_refund_is_no_violation() -> None:
    payments = [replace(PAID, refunded=999), SECOND_PAYMENT]
    assert found(payments, site(replace(ORDER, **REFUNDED), SECOND_ORDER)) == {}


def test_flagged_second_charge_is_no_violation() -> None:
    flagged = replace(SECOND_ORDER, duplicate_of="1", is_granted=False, accesses=0)
    assert found([PAID, SECOND_PAYMENT], site(ORDER, flagged)) == {}


WITHOUT_ACCESS = replace(ORDER, accesses=0)
UNPAID = OrderRow("1", "ann", "git", "expired", "cs_1")


@pytest.mark.parametrize(
    ("payments", "ledger", "expected"),
    [
        ([PAID], site(WITHOUT_ACCESS), {PAID_WITHOUT_ACCESS: 1}),
        (
            [replace(PAID, dispute="won")],
            site(WITHOUT_ACCESS),
            {PAID_WITHOUT_ACCESS: 1},
        ),
        (
            [replace(PAID, refunded=999)],
            site(replace(ORDER, **{**REFUNDED, "accesses": 1})),
            {ACCESS_WITHOUT_PAYMENT: 1},
        ),
        (
            [replace(PAID, dispute="open")],
            site(replace(ORDER, status="disputed")),
            {ACCESS_WITHOUT_PAYMENT: 1},
        ),
        (
            [Payment("cs_1", "1", "expired", "unpaid")],
            site(replace(UNPAID, accesses=1)),
            {ACCESS_WITHOUT_PAYMENT: 1},
        ),
        ([PAID], site(replace(ORDER, accesses=2)), {ACCESS_WITHOUT_PAYMENT: 1}),
        (
            [replace(PAID, refunded=333)],
            site(replace(PARTIALLY_REFUNDED, refund_access="closed")),
            {ACCESS_WITHOUT_PAYMENT: 1},
        ),
        (
            [replace(PAID, refunded=999, dispute="open")],
            site(replace(ORDER, **{**REFUNDED, "accesses": 1}, refund_access="left")),
            {ACCESS_WITHOUT_PAYMENT: 1},
        ),
        ([], site(accesses_without_order=["9"]), {ACCESS_WITHOUT_PAYMENT: 1}),
        (
            [PAID, SECOND_PAYMENT],
            site(ORDER, SECOND_ORDER),
            {SECOND_CHARGE: 1},
        ),
        (
            [PAID, replace(PAID, session_id="cs_2")],
            site(ORDER),
            {
                SECOND_CHARGE: 1,
                STATUS_DIFFERS: 1,
                AMOUNT_DIFFERS: 1,
            },
        ),
        ([PAID], site(), {LOST_ORDER: 1}),
        (
            [PAID],
            site(UNPAID),
            {
                LOST_ORDER: 1,
                PAID_WITHOUT_ACCESS: 1,
                STATUS_DIFFERS: 1,
                AMOUNT_DIFFERS: 1,
            },
        ),
        (
            [Payment("cs_1", "1", "expired", "unpaid")],
            site(replace(UNPAID, status="open")),
            {STATUS_DIFFERS: 1},
        ),
        (
            [Payment("cs_1", "1", "complete", "unpaid", intent="requires_payment_method")],
            site(replace(UNPAID, status="open")),
            {STATUS_DIFFERS: 1},
        ),
        (
            [replace(PAID, dispute="lost")],
            site(replace(ORDER, accesses=0)),
            {STATUS_DIFFERS: 1},
        ),
        (
            [PAID, Payment("cs_2", "1", "expired", "unpaid")],
            site(ORDER),
            {STATUS_DIFFERS: 1},
        ),
        (
            [replace(PAID, refunded=333)],
            site(replace(ORDER, status="partially_refunded", refunded_minor=334)),
            {AMOUNT_DIFFERS: 1},
        ),
        (
            [PAID],
            site(ORDER, emails=[EMAIL, replace(EMAIL, key="access-1-8")]),
            {EMAIL_QUEUED_TWICE: 1},
        ),
        ([PAID], site(ORDER, emails=[]), {EMAIL_NOT_QUEUED: 1}),
        (
            [PAID],
            site(ORDER, emails=[replace(EMAIL, is_sent=False)]),
            {EMAIL_NOT_SENT: 1},
        ),
        (
            [PAID],
            site(ORDER, figures={"events_failed": 3, "orders_held": 1}),
            {FIGURE_NOT_ZERO: 1},
        ),
    ],
)
def test_violation_is_found(
    payments: list[Payment], ledger: SiteLedger, expected: dict[str, int]
) -> None:
    assert found(payments, ledger) == expected


def test_email_that_was_not_accepted_is_found() -> None:
    assert found([PAID], site(ORDER), accepted_mail={}) == {EMAIL_NOT_SENT: 1}


@pytest.mark.parametrize(("worker_kills", "expected"), [(0, 1), (1, 0)])
def test_email_sent_twice_is_found_unless_the_worker_was_killed(
    worker_kills: int, expected: int
) -> None:
    counted = found(
        [PAID], site(ORDER), accepted_mail=dict.fromkeys(ACCEPTED, 2), worker_kills=worker_kills
    )
    assert counted.get(EMAIL_SENT_TWICE, 0) == expected
