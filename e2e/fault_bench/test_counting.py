"""The count finds every kind of wrong, when it is planted, and nothing where all is right."""

from dataclasses import replace
from typing import Any

import pytest

from e2e.fault_bench.books import Bought, MailRow, Payment, ShopBooks
from e2e.fault_bench.counting import ACCESS_MAIL, KINDS, counts, violations

PAID = Payment("cs_1", "1", "complete", "paid", received=999, intent="succeeded")
ORDER = Bought(
    "1", "ann", "git", "paid", "cs_1", is_paid=True, is_granted=True, paid_minor=999, accesses=1
)
MAIL = MailRow("access-1-7", ACCESS_MAIL, "order=1 title=Git", is_sent=True)
POST = {"<access-1-7@127.0.0.1>": 1}
BACK: dict[str, Any] = {"status": "refunded", "refunded_minor": 999, "accesses": 0}
PART = replace(ORDER, status="partially_refunded", refunded_minor=333)
AGAIN = replace(ORDER, id="2", session_id="cs_2")
AGAIN_PAID = replace(PAID, session_id="cs_2", order_id="2")


def books(*orders: Bought, **others: Any) -> ShopBooks:
    """The shop's, with a mail for each order that gave access."""
    mails = [
        MailRow(f"access-{order.id}-7", ACCESS_MAIL, f"order={order.id} title=Git", is_sent=True)
        for order in orders
        if order.is_granted
    ]
    return ShopBooks(**{"orders": list(orders), "mails": mails, **others})


def found(payments: list[Payment], shop: ShopBooks, **others: Any) -> dict[str, int]:
    """What is wrong, the kinds that are 0 left out."""
    post = {f"<{mail.key}@127.0.0.1>": 1 for mail in shop.mails}
    counted = counts(violations(payments, shop, **{"post": post, "kills": 0, **others}))
    assert set(counted) == set(KINDS)
    return {kind: number for kind, number in counted.items() if number}


@pytest.mark.parametrize(
    ("payment", "order"),
    [
        (PAID, ORDER),
        (replace(PAID, refunded=999), replace(ORDER, **BACK)),
        (
            replace(PAID, refunded=333),
            PART,
        ),
        (replace(PAID, dispute="open"), replace(ORDER, status="disputed", accesses=0)),
        (replace(PAID, dispute="lost"), replace(ORDER, status="refunded", accesses=0)),
        (replace(PAID, dispute="won"), ORDER),
        (
            replace(PAID, refunded=999),
            replace(ORDER, **{**BACK, "accesses": 1}, seller_said="left"),
        ),
        (
            replace(PAID, refunded=333),
            replace(PART, accesses=0, seller_said="closed"),
        ),
        (Payment("cs_1", "1", "expired", "unpaid"), Bought("1", "ann", "git", "expired", "cs_1")),
        (Payment("cs_1", "1", "open", "unpaid"), Bought("1", "ann", "git", "pending")),
        (
            Payment("cs_1", "1", "complete", "unpaid", intent="processing"),
            Bought("1", "ann", "git", "open", "cs_1"),
        ),
        (
            Payment("cs_1", "1", "complete", "unpaid", intent="requires_payment_method"),
            Bought("1", "ann", "git", "failed", "cs_1"),
        ),
    ],
)
def test_what_is_right_is_not_counted(payment: Payment, order: Bought) -> None:
    assert found([payment], books(order)) == {}


def test_order_without_a_session_is_not_counted() -> None:
    assert found([], books(Bought("1", "ann", "git", "pending"))) == {}


def test_paid_again_after_a_refund_is_not_counted() -> None:
    payments = [replace(PAID, refunded=999), AGAIN_PAID]
    assert found(payments, books(replace(ORDER, **BACK), AGAIN)) == {}


def test_flagged_second_charge_is_not_counted() -> None:
    flagged = replace(AGAIN, duplicate_of="1", is_granted=False, accesses=0)
    assert found([PAID, AGAIN_PAID], books(ORDER, flagged)) == {}


WITHOUT_ACCESS = replace(ORDER, accesses=0)
UNPAID = Bought("1", "ann", "git", "expired", "cs_1")


@pytest.mark.parametrize(
    ("payments", "shop", "wrong"),
    [
        ([PAID], books(WITHOUT_ACCESS), {"money taken without access": 1}),
        (
            [replace(PAID, dispute="won")],
            books(WITHOUT_ACCESS),
            {"money taken without access": 1},
        ),
        (
            [replace(PAID, refunded=999)],
            books(replace(ORDER, **{**BACK, "accesses": 1})),
            {"access without money": 1},
        ),
        (
            [replace(PAID, dispute="open")],
            books(replace(ORDER, status="disputed")),
            {"access without money": 1},
        ),
        (
            [Payment("cs_1", "1", "expired", "unpaid")],
            books(replace(UNPAID, accesses=1)),
            {"access without money": 1},
        ),
        ([PAID], books(replace(ORDER, accesses=2)), {"access without money": 1}),
        (
            [replace(PAID, refunded=333)],
            books(replace(PART, seller_said="closed")),
            {"access without money": 1},
        ),
        (
            [replace(PAID, refunded=999, dispute="open")],
            books(replace(ORDER, **{**BACK, "accesses": 1}, seller_said="left")),
            {"access without money": 1},
        ),
        ([], books(accesses_of_no_order=["9"]), {"access without money": 1}),
        (
            [PAID, AGAIN_PAID],
            books(ORDER, AGAIN),
            {"second charges kept without a refund flag": 1},
        ),
        (
            [PAID, replace(PAID, session_id="cs_2")],
            books(ORDER),
            {
                "second charges kept without a refund flag": 1,
                "orders that differ from Stripe": 1,
                "amounts that differ from Stripe": 1,
            },
        ),
        ([PAID], books(), {"lost orders": 1}),
        (
            [PAID],
            books(UNPAID),
            {
                "lost orders": 1,
                "money taken without access": 1,
                "orders that differ from Stripe": 1,
                "amounts that differ from Stripe": 1,
            },
        ),
        (
            [Payment("cs_1", "1", "expired", "unpaid")],
            books(replace(UNPAID, status="open")),
            {"orders that differ from Stripe": 1},
        ),
        (
            [Payment("cs_1", "1", "complete", "unpaid", intent="requires_payment_method")],
            books(replace(UNPAID, status="open")),
            {"orders that differ from Stripe": 1},
        ),
        (
            [replace(PAID, dispute="lost")],
            books(replace(ORDER, accesses=0)),
            {"orders that differ from Stripe": 1},
        ),
        (
            [PAID, Payment("cs_2", "1", "expired", "unpaid")],
            books(ORDER),
            {"orders that differ from Stripe": 1},
        ),
        (
            [replace(PAID, refunded=333)],
            books(replace(ORDER, status="partially_refunded", refunded_minor=334)),
            {"amounts that differ from Stripe": 1},
        ),
        (
            [PAID],
            books(ORDER, mails=[MAIL, replace(MAIL, key="access-1-8")]),
            {"mails queued twice": 1},
        ),
        ([PAID], books(ORDER, mails=[]), {"mails that were never queued": 1}),
        (
            [PAID],
            books(ORDER, mails=[replace(MAIL, is_sent=False)]),
            {"mails that were never sent": 1},
        ),
        (
            [PAID],
            books(ORDER, figures={"events_failed": 3, "orders_held": 1}),
            {"figures of the shop that are not 0": 1},
        ),
    ],
)
def test_what_is_planted_is_found(
    payments: list[Payment], shop: ShopBooks, wrong: dict[str, int]
) -> None:
    assert found(payments, shop) == wrong


def test_mail_that_never_came_is_found() -> None:
    assert found([PAID], books(ORDER), post={}) == {"mails that were never sent": 1}


@pytest.mark.parametrize(("kills", "wrong"), [(0, 1), (1, 0)])
def test_mail_that_came_twice_is_found_unless_its_sender_was_killed(kills: int, wrong: int) -> None:
    counted = found([PAID], books(ORDER), post=dict.fromkeys(POST, 2), kills=kills)
    assert counted.get("mails sent twice though nothing was killed", 0) == wrong
