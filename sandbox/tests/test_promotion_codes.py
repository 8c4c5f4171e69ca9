"""Promotion codes on the payment page: exact discounts, and codes that do not apply."""

from typing import Any

import pytest
import stripe

from sandbox.tests.factories import (
    BUYER,
    CARD,
    browse,
    client_for,
    page_url,
    session_at,
    session_params,
    status_at,
)
from testing.sandbox import RunningSandbox


def code_for(client: stripe.StripeClient, code: str, **coupon: Any) -> stripe.PromotionCode:
    """Create a promotion code for a new coupon."""
    params: Any = {"duration": "once", **coupon}
    created = client.v1.coupons.create(params)
    return client.v1.promotion_codes.create(
        {"promotion": {"type": "coupon", "coupon": created.id}, "code": code}
    )


def three_lines() -> Any:
    """Return the parameters of a session of 3 × 333 cents."""
    params = session_params(333, allow_promotion_codes=True)
    return {**params, "line_items": params["line_items"] * 3}


def test_discount_is_taken_off_the_price(own_sandbox: RunningSandbox) -> None:
    client = client_for(own_sandbox)
    code_for(client, "TENTH", percent_off=10)
    url = page_url(client, allow_promotion_codes=True)
    page = browse("POST", url, action="apply", promotion_code="tenth")
    assert ("−$2.00" in page.text, "Pay $17.99" in page.text) == (True, True)
    assert browse("POST", url, **BUYER, **CARD).status_code == 303
    session = session_at(client, url)
    assert (session.amount_subtotal, session.amount_total) == (1999, 1799)
    assert session.total_details is not None
    assert session.total_details.amount_discount == 200
    (intent,) = client.v1.payment_intents.list().data
    assert intent.amount_received == 1799


def test_full_discount_needs_no_payment(own_sandbox: RunningSandbox) -> None:
    client = client_for(own_sandbox)
    promotion = code_for(client, "FREE", percent_off=100)
    url = page_url(client, allow_promotion_codes=True)
    page = browse("POST", url, action="apply", promotion_code="FREE")
    assert ("Complete order" in page.text, 'name="number"' in page.text) == (True, False)
    assert browse("POST", url, **BUYER).status_code == 303
    assert status_at(client, url) == ("complete", "no_payment_required")
    assert client.v1.promotion_codes.retrieve(promotion.id).times_redeemed == 1


@pytest.mark.parametrize(
    ("coupon", "shares"),
    [
        ({"percent_off": 33.33}, [111, 111, 111]),
        ({"percent_off": 50}, [166, 167, 167]),
        ({"amount_off": 100, "currency": "usd"}, [33, 33, 34]),
    ],
)
def test_discount_is_split_across_line_items(
    own_sandbox: RunningSandbox, coupon: Any, shares: list[int]
) -> None:
    client = client_for(own_sandbox)
    code_for(client, "SHARE", **coupon)
    session = client.v1.checkout.sessions.create(three_lines())
    promoted = own_sandbox.control.act(f"sessions/{session.id}/apply_promotion_code", code="SHARE")
    lines = client.v1.checkout.sessions.line_items.list(session.id).data
    assert [line.amount_discount for line in lines] == shares
    assert promoted["amount_total"] == 999 - sum(shares)


@pytest.mark.parametrize(
    ("coupon", "allowed", "message"),
    [
        ({"percent_off": 10}, False, "This payment does not accept promotion codes."),
        ({"amount_off": 100, "currency": "eur"}, True, "This code is for a different currency."),
        (
            {"amount_off": 1990, "currency": "usd"},
            True,
            "The total after this discount is too small to charge.",
        ),
        ({"percent_off": 10, "redeem_by": 5}, True, "This code is no longer valid."),
    ],
)
def test_code_that_does_not_apply_is_refused(
    own_sandbox: RunningSandbox, coupon: Any, allowed: bool, message: str
) -> None:
    client = client_for(own_sandbox)
    code_for(client, "CODE", **coupon)
    url = page_url(client, allow_promotion_codes=allowed)
    page = browse("POST", url, action="apply", promotion_code="CODE")
    session = session_at(client, url)
    assert session.amount_total == 1999
    if allowed:
        assert message in page.text
    with pytest.raises(AssertionError, match=message.rstrip(".")):
        own_sandbox.control.act(f"sessions/{session.id}/apply_promotion_code", code="CODE")


def test_code_after_a_declined_card_changes_the_amount(own_sandbox: RunningSandbox) -> None:
    client = client_for(own_sandbox)
    code_for(client, "TENTH", percent_off=10)
    session = client.v1.checkout.sessions.create(session_params(allow_promotion_codes=True)).id
    own_sandbox.control.decline(session)
    own_sandbox.control.act(f"sessions/{session}/apply_promotion_code", code="TENTH")
    own_sandbox.control.pay(session)
    (intent,) = client.v1.payment_intents.list().data
    assert (intent.amount, intent.amount_received) == (1799, 1799)


def test_unknown_code_is_refused(own_sandbox: RunningSandbox) -> None:
    url = page_url(client_for(own_sandbox), allow_promotion_codes=True)
    page = browse("POST", url, action="apply", promotion_code="<NONE>")
    assert "This code is invalid." in page.text
    assert 'value="&lt;NONE&gt;"' in page.text


def test_fully_redeemed_code_is_refused(own_sandbox: RunningSandbox) -> None:
    client = client_for(own_sandbox)
    code_for(client, "ONCE", percent_off=10, max_redemptions=1)
    first, second = (
        client.v1.checkout.sessions.create(session_params(allow_promotion_codes=True)).id
        for _ in range(2)
    )
    own_sandbox.control.act(f"sessions/{first}/apply_promotion_code", code="ONCE")
    own_sandbox.control.pay(first)
    with pytest.raises(AssertionError, match="no longer valid"):
        own_sandbox.control.act(f"sessions/{second}/apply_promotion_code", code="ONCE")


@pytest.mark.parametrize(
    ("coupon", "param"),
    [
        ({}, "percent_off"),
        ({"percent_off": 10, "amount_off": 5, "currency": "usd"}, "percent_off"),
        ({"percent_off": 101}, "percent_off"),
        ({"percent_off": "much"}, "percent_off"),
        ({"amount_off": 5}, "currency"),
    ],
)
def test_invalid_coupon_is_refused(client: stripe.StripeClient, coupon: Any, param: str) -> None:
    with pytest.raises(stripe.InvalidRequestError) as caught:
        client.v1.coupons.create(coupon)
    assert caught.value.param == param


def test_duplicate_code_is_refused_in_any_case(own_sandbox: RunningSandbox) -> None:
    client = client_for(own_sandbox)
    code_for(client, "SAME", percent_off=10)
    with pytest.raises(stripe.InvalidRequestError, match="already exists"):
        code_for(client, "same", percent_off=10)
