"""Coupons and promotion codes: what they take off a session that lets buyers type one.

Source: docs.stripe.com/api/coupons, docs.stripe.com/api/promotion_codes,
docs.stripe.com/payments/checkout/discounts.
"""

from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from typing import Any

from sandbox.checkout import StoredSession, save, save_lines
from sandbox.errors import invalid
from sandbox.listing import range_of_moments
from sandbox.money import granularity, minimum_charge
from sandbox.objects import Shelf, listing
from sandbox.parameters import (
    boolean,
    choice,
    currency,
    integer,
    metadata,
    not_in_the_sandbox,
    record,
    text,
)
from sandbox.store import Json, Transaction, new_id

COUPONS = Shelf("coupon", "coupon", "/v1/coupons")
CODES = Shelf("promotion_code", "promotion_code", "/v1/promotion_codes")


class NotApplicableError(Exception):
    """The code takes nothing off this session; the sentence says why."""


def percentage(value: Any, param: str) -> float:
    """A number above 0, up to 100, with at most two decimals."""
    try:
        number = Decimal(value)
    except (InvalidOperation, TypeError) as error:
        raise invalid(f"Invalid decimal: {value}", param) from error
    if not 0 < number <= 100 or round(number, 2) != number:
        raise invalid(f"Invalid {param}: must be above 0 and at most 100.", param)
    return float(number)


NEW_COUPON = record(
    {
        "amount_off": integer(minimum=1),
        "currency": currency,
        "duration": choice("once"),
        "id": text(200),
        "max_redemptions": integer(minimum=1),
        "metadata": metadata,
        "name": text(40),
        "percent_off": percentage,
        "redeem_by": integer(minimum=0),
        **dict.fromkeys(("applies_to", "currency_options"), not_in_the_sandbox),
    }
)
NEW_CODE = record(
    {
        "active": boolean,
        "code": text(500),
        "expires_at": integer(minimum=0),
        "max_redemptions": integer(minimum=1),
        "metadata": metadata,
        "promotion": record(
            {"coupon": text(), "type": choice("coupon")}, required=("coupon", "type")
        ),
        **dict.fromkeys(("customer", "customer_account", "restrictions"), not_in_the_sandbox),
    },
    required=("promotion",),
)
LIST_COUPONS = listing(created=range_of_moments)
LIST_CODES = listing("code", created=range_of_moments)


def create_coupon(transaction: Transaction, params: Json) -> Json:
    """Keep a new coupon, which takes off a part or an amount."""
    if ("percent_off" in params) == ("amount_off" in params):
        raise invalid("Must pass either percent_off or amount_off.", "percent_off")
    if "amount_off" in params and "currency" not in params:
        raise invalid("amount_off needs a currency.", "currency", "parameter_missing")
    body = {
        "amount_off": params.get("amount_off"),
        "created": transaction.now,
        "currency": params.get("currency"),
        "duration": "once",
        "duration_in_months": None,
        "id": params.get("id") or new_id("", 8),
        "livemode": False,
        "max_redemptions": params.get("max_redemptions"),
        "metadata": params.get("metadata", {}),
        "name": params.get("name"),
        "object": "coupon",
        "percent_off": params.get("percent_off"),
        "redeem_by": params.get("redeem_by"),
        "times_redeemed": 0,
        "valid": True,
    }
    COUPONS.save(transaction, body)
    return body


def create_code(transaction: Transaction, params: Json) -> Json:
    """Keep a new code for a coupon. Raises ApiError where another active one reads the same."""
    coupon = COUPONS.find(transaction, params["promotion"]["coupon"], "promotion[coupon]")
    code = params.get("code") or new_id("", 8).upper()
    if active_code(transaction, code):
        raise invalid(f"An active promotion code with `code: {code}` already exists.", "code")
    restrictions = {"first_time_transaction": False, "minimum_amount": None}
    body = {
        "active": params.get("active", True),
        "code": code,
        "created": transaction.now,
        "customer": None,
        "customer_account": None,
        "expires_at": params.get("expires_at"),
        "id": new_id("promo_1"),
        "livemode": False,
        "max_redemptions": params.get("max_redemptions"),
        "metadata": params.get("metadata", {}),
        "object": "promotion_code",
        "promotion": {"type": "coupon", "coupon": coupon["id"]},
        "restrictions": {**restrictions, "minimum_amount_currency": None},
        "times_redeemed": 0,
    }
    CODES.save(transaction, body)
    return body


def active_code(transaction: Transaction, code: str) -> Json | None:
    """The active promotion code that reads so, in any case; None where there is none."""
    found = CODES.of(transaction, "code COLLATE NOCASE", code)
    return next((each for each in found if each["active"]), None)


def apply(transaction: Transaction, stored: StoredSession, code: str) -> None:
    """Take off an open session what a code gives, in place of an earlier one.

    Raises NotApplicableError.
    """
    if stored.status != "open" or not stored.body["allow_promotion_codes"]:
        raise NotApplicableError("This payment takes no codes.")
    promotion = active_code(transaction, code)
    if promotion is None or is_used_up(promotion, transaction.now, "expires_at"):
        raise NotApplicableError("This code is not valid.")
    coupon = COUPONS.find(transaction, promotion["promotion"]["coupon"])
    if is_used_up(coupon, transaction.now, "redeem_by"):
        raise NotApplicableError("This code is not valid any more.")
    discount(stored, amount_off(stored, coupon))
    applied = {"coupon": None, "promotion_code": promotion["id"]}
    stored.body["discounts"] = [applied]
    save(transaction, stored)
    save_lines(transaction, stored)


def is_used_up(body: Json, now: int, until: str) -> bool:
    """True for a coupon or a code whose time is over, or that was used often enough."""
    over = body[until] is not None and body[until] <= now
    most = body["max_redemptions"]
    return over or (most is not None and body["times_redeemed"] >= most)


def amount_off(stored: StoredSession, coupon: Json) -> int:
    """What the coupon takes off, in smallest units. Raises NotApplicableError."""
    subtotal: int = stored.body["amount_subtotal"]
    money: str = stored.body["currency"]
    if coupon["percent_off"] is None:
        if coupon["currency"] != money:
            raise NotApplicableError("This code is for another currency.")
        off = min(int(coupon["amount_off"]), subtotal)
    else:
        exact = Decimal(subtotal) * Decimal(str(coupon["percent_off"])) / 100
        step = granularity(money)
        off = int((exact / step).quantize(Decimal(1), ROUND_HALF_UP)) * step
    if 0 < subtotal - off < minimum_charge(money):
        raise NotApplicableError("Less would be left than can be charged.")
    return off


def discount(stored: StoredSession, off: int) -> None:
    """Spread what is taken off over the lines, exactly, and bring the totals up to date."""
    left, before = off, stored.body["amount_subtotal"]
    for line in stored.line_items:
        share = left * line["amount_subtotal"] // before if before else 0
        left, before = left - share, before - line["amount_subtotal"]
        line.update(amount_discount=share, amount_total=line["amount_subtotal"] - share)
    total = stored.body["amount_subtotal"] - off
    stored.body["amount_total"] = total
    stored.body["total_details"] = {**stored.body["total_details"], "amount_discount": off}
    stored.body["payment_status"] = "unpaid" if total else "no_payment_required"


def redeem(transaction: Transaction, stored: StoredSession) -> None:
    """Count the code of a session that is completed now."""
    for applied in stored.body["discounts"]:
        promotion = CODES.find(transaction, applied["promotion_code"])
        coupon = COUPONS.find(transaction, promotion["promotion"]["coupon"])
        for shelf, body in ((CODES, promotion), (COUPONS, coupon)):
            body["times_redeemed"] += 1
            if shelf is COUPONS:
                body["valid"] = not is_used_up(body, transaction.now, "redeem_by")
            shelf.save(transaction, body)


def retrieve_coupon(transaction: Transaction, identifier: str) -> Json:
    """One coupon. Raises ApiError 404."""
    return COUPONS.find(transaction, identifier)


def list_coupons(transaction: Transaction, params: Json) -> Json:
    """Coupons, newest first, a page at a time."""
    return COUPONS.listed(transaction, params, ())


def retrieve_code(transaction: Transaction, identifier: str) -> Json:
    """One promotion code. Raises ApiError 404."""
    return CODES.find(transaction, identifier)


def list_codes(transaction: Transaction, params: Json) -> Json:
    """Promotion codes, newest first, a page at a time."""
    return CODES.listed(transaction, params, ("code",))
