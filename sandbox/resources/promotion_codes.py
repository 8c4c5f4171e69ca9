"""Coupons and promotion codes, and the discount that a code gives on a session.

Source: docs.stripe.com/api/coupons, docs.stripe.com/api/promotion_codes,
docs.stripe.com/payments/checkout/discounts.
"""

import json
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from typing import Any

from sandbox.errors import invalid_param
from sandbox.money import granularity, minimum_charge
from sandbox.parameters import (
    boolean,
    currency,
    enum,
    integer,
    list_parameters,
    metadata,
    record,
    text,
    unsupported,
)
from sandbox.resources.checkout_sessions import StoredSession, save, save_line_items
from sandbox.resources.pagination import timestamp_range
from sandbox.resources.table import ResourceTable
from sandbox.store import Json, Transaction, new_id

COUPONS = ResourceTable("coupon", "coupon", "/v1/coupons")
TABLE = ResourceTable("promotion_code", "promotion_code", "/v1/promotion_codes")


class NotApplicableError(Exception):
    """The code gives no discount on this session. The message is for the buyer."""


def percentage(value: Any, param: str) -> float:
    """Read a number above 0 and up to 100, with at most two decimals."""
    try:
        number = Decimal(value)
    except (InvalidOperation, TypeError) as error:
        raise invalid_param(f"Invalid decimal: {value}", param) from error
    if not 0 < number <= 100 or round(number, 2) != number:
        raise invalid_param(f"Invalid {param}: must be greater than 0 and at most 100.", param)
    return float(number)


CREATE_COUPON_PARAMETERS = record(
    {
        "amount_off": integer(minimum=1),
        "currency": currency,
        "duration": enum("once"),
        "id": text(200),
        "max_redemptions": integer(minimum=1),
        "metadata": metadata,
        "name": text(40),
        "percent_off": percentage,
        "redeem_by": integer(minimum=0),
        **dict.fromkeys(("applies_to", "currency_options"), unsupported),
    }
)
CREATE_PARAMETERS = record(
    {
        "active": boolean,
        "code": text(500),
        "expires_at": integer(minimum=0),
        "max_redemptions": integer(minimum=1),
        "metadata": metadata,
        "promotion": record(
            {"coupon": text(), "type": enum("coupon")}, required=("coupon", "type")
        ),
        **dict.fromkeys(("customer", "customer_account", "restrictions"), unsupported),
    },
    required=("promotion",),
)
LIST_COUPONS_PARAMETERS = list_parameters(created=timestamp_range)
LIST_PARAMETERS = list_parameters("code", created=timestamp_range)


def create_coupon(transaction: Transaction, params: Json) -> Json:
    """Create a coupon: a percentage or an amount off."""
    if ("percent_off" in params) == ("amount_off" in params):
        raise invalid_param("Must pass either percent_off or amount_off.", "percent_off")
    if "amount_off" in params and "currency" not in params:
        raise invalid_param("Missing required param: currency.", "currency", "parameter_missing")
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


def create(transaction: Transaction, params: Json) -> Json:
    """Create a code for a coupon. Raises ApiError if an active code is the same in any case."""
    coupon = COUPONS.find(transaction, params["promotion"]["coupon"], "promotion[coupon]")
    code = params.get("code") or new_id("", 8).upper()
    if find_active(transaction, code):
        raise invalid_param(f"An active promotion code with `code: {code}` already exists.", "code")
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
    TABLE.save(transaction, body)
    return body


def find_active(transaction: Transaction, code: str) -> Json | None:
    """Return the active promotion code with this code, in any case, or None."""
    statement = "SELECT body FROM promotion_code WHERE code = ? COLLATE NOCASE ORDER BY sequence"
    found = [json.loads(row["body"]) for row in transaction.execute(statement, code)]
    return next((each for each in found if each["active"]), None)


def apply(transaction: Transaction, stored: StoredSession, code: str) -> None:
    """Apply a code to an open session, in place of an earlier one. Raises NotApplicableError."""
    if stored.status != "open" or not stored.body["allow_promotion_codes"]:
        raise NotApplicableError("This payment does not accept promotion codes.")
    promotion = find_active(transaction, code)
    if promotion is None or is_used_up(promotion, transaction.now, "expires_at"):
        raise NotApplicableError("This code is invalid.")
    coupon = COUPONS.find(transaction, promotion["promotion"]["coupon"])
    if is_used_up(coupon, transaction.now, "redeem_by"):
        raise NotApplicableError("This code is no longer valid.")
    set_discount(stored, amount_off(stored, coupon))
    stored.body["discounts"] = [{"coupon": None, "promotion_code": promotion["id"]}]
    save(transaction, stored)
    save_line_items(transaction, stored)


def is_used_up(body: Json, now: int, expiry_field: str) -> bool:
    """Return whether a coupon or code has expired, or reached its maximum of redemptions."""
    expired = body[expiry_field] is not None and body[expiry_field] <= now
    most = body["max_redemptions"]
    return expired or (most is not None and body["times_redeemed"] >= most)


def amount_off(stored: StoredSession, coupon: Json) -> int:
    """Return the discount in the currency's smallest unit. Raises NotApplicableError."""
    subtotal: int = stored.body["amount_subtotal"]
    money: str = stored.body["currency"]
    if coupon["percent_off"] is None:
        if coupon["currency"] != money:
            raise NotApplicableError("This code is for a different currency.")
        off = min(int(coupon["amount_off"]), subtotal)
    else:
        exact = Decimal(subtotal) * Decimal(str(coupon["percent_off"])) / 100
        step = granularity(money)
        off = int((exact / step).quantize(Decimal(1), ROUND_HALF_UP)) * step
    if 0 < subtotal - off < minimum_charge(money):
        raise NotApplicableError("The total after this discount is too small to charge.")
    return off


def set_discount(stored: StoredSession, off: int) -> None:
    """Split the discount across the line items to the cent, and update the totals."""
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
    """Count a redemption of the completed session's code and of its coupon."""
    for discount in stored.body["discounts"]:
        promotion = TABLE.find(transaction, discount["promotion_code"])
        coupon = COUPONS.find(transaction, promotion["promotion"]["coupon"])
        for table, body in ((TABLE, promotion), (COUPONS, coupon)):
            body["times_redeemed"] += 1
            if table is COUPONS:
                body["valid"] = not is_used_up(body, transaction.now, "redeem_by")
            table.save(transaction, body)


def retrieve_coupon(transaction: Transaction, identifier: str) -> Json:
    """Return the coupon. Raises ApiError 404."""
    return COUPONS.find(transaction, identifier)


def list_coupons(transaction: Transaction, params: Json) -> Json:
    """Return a page of coupons, newest first."""
    return COUPONS.list_page(transaction, params)


def retrieve(transaction: Transaction, identifier: str) -> Json:
    """Return the promotion code. Raises ApiError 404."""
    return TABLE.find(transaction, identifier)


def list_all(transaction: Transaction, params: Json) -> Json:
    """Return a page of promotion codes, newest first."""
    return TABLE.list_page(transaction, params, "code")
