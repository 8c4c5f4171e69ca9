"""Webhook events as Stripe sends them: about 3 KB of JSON with a signature."""

import hashlib
import hmac
import json
import time
import uuid
from typing import Any

from benchmarks.load import Request
from testing.sandbox import WEBHOOK_SECRET

# The fields of a session that are null here.
NULL_FIELDS = """
    adaptive_pricing after_expiration allow_promotion_codes billing_address_collection
    client_secret collected_information consent consent_collection currency_conversion customer
    customer_account discounts invoice locale origin_context payment_link
    payment_method_collection payment_method_configuration_details permissions recovered_from
    return_url saved_payment_method_options setup_intent shipping_address_collection
    shipping_cost submit_type subscription ui_mode_options wallet_options
""".split()


def delivery(event: dict[str, Any], *, path: str, secret: str = WEBHOOK_SECRET) -> Request:
    """The request that delivers an event, signed now."""
    body = json.dumps(event, indent=2)
    timestamp = int(time.time())
    signed = f"{timestamp}.{body}".encode()
    digest = hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest()
    headers = {
        "Content-Type": "application/json; charset=utf-8",
        "User-Agent": "Stripe/1.0 (+https://stripe.com/docs/webhooks)",
        "Stripe-Signature": f"t={timestamp},v1={digest}",
    }
    return Request("POST", path, headers, body)


def paid_event(order_id: str, session_id: str, *, amount_minor: int) -> dict[str, Any]:
    """`checkout.session.completed` for an order that was paid by card."""
    now = int(time.time())
    return {
        "id": f"evt_{uuid.uuid4().hex[:24]}",
        "object": "event",
        "api_version": "2026-10-28.endive",
        "created": now,
        "data": {"object": session_of(order_id, session_id, amount_minor, now)},
        "livemode": False,
        "pending_webhooks": 1,
        "request": {"id": None, "idempotency_key": None},
        "type": "checkout.session.completed",
    }


def session_of(order_id: str, session_id: str, amount_minor: int, now: int) -> dict[str, Any]:
    """A Checkout session that was paid by card, as the API returns it."""
    return {
        "id": session_id,
        "object": "checkout.session",
        **dict.fromkeys(NULL_FIELDS),
        "amount_subtotal": amount_minor,
        "amount_total": amount_minor,
        "automatic_tax": {"enabled": False, "liability": None, "provider": None, "status": None},
        "cancel_url": f"https://shop.example/payments/{order_id}/cancelled/",
        "client_reference_id": order_id,
        "created": now - 60,
        "currency": "usd",
        "custom_fields": [],
        "custom_text": {"after_submit": None, "submit": None, "terms_of_service_acceptance": None},
        "customer_creation": "if_required",
        "customer_details": {
            "address": {
                "city": None,
                "country": "DE",
                "line1": None,
                "line2": None,
                "postal_code": None,
                "state": None,
            },
            "email": "payer@example.org",
            "name": "Pat Payer",
            "phone": None,
            "tax_exempt": "none",
            "tax_ids": [],
        },
        "customer_email": "payer@example.org",
        "expires_at": now + 86400,
        "invoice_creation": {"enabled": False, "invoice_data": {"metadata": {}, "footer": None}},
        "livemode": False,
        "metadata": {"order_id": order_id},
        "mode": "payment",
        "payment_intent": f"pi_{uuid.uuid4().hex[:24]}",
        "payment_method_options": {"card": {"request_three_d_secure": "automatic"}},
        "payment_method_types": ["card"],
        "payment_status": "paid",
        "phone_number_collection": {"enabled": False},
        "shipping_options": [],
        "status": "complete",
        "success_url": f"https://shop.example/payments/{order_id}/success/",
        "total_details": {"amount_discount": 0, "amount_shipping": 0, "amount_tax": 0},
        "ui_mode": "hosted",
        "url": None,
    }
