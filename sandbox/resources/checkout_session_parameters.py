"""The parameters of checkout sessions, and what Stripe refuses.

Source: docs.stripe.com/api/checkout/sessions, and the parameters of stripe-python 16.1.
"""

from sandbox.errors import invalid_param
from sandbox.money import MAXIMUM_CHARGE, format_amount, granularity, minimum_charge
from sandbox.parameters import (
    INVALID_INTEGER,
    boolean,
    currency,
    email,
    enum,
    expandable,
    integer,
    list_of,
    list_parameters,
    metadata,
    record,
    removed,
    text,
    unsupported,
    url,
)
from sandbox.resources.pagination import timestamp_range
from sandbox.store import Json

MIN_LIFETIME_SECONDS = 30 * 60
MAX_LIFETIME_SECONDS = 24 * 3600
LINE_ITEMS, PAYMENT_INTENT = "line_items", "payment_intent"
LATEST_CHARGE = "payment_intent.latest_charge"

# Parameters that Stripe has and the sandbox does not: each is refused by name.
UNSUPPORTED = [
    "after_expiration",
    "allowed_payment_method_types",
    "automatic_tax",
    "branding_settings",
    "consent_collection",
    "custom_fields",
    "custom_text",
    "customer",
    "customer_account",
    "customer_update",
    "discounts",
    "excluded_payment_method_types",
    "integration_identifier",
    "invoice_creation",
    "managed_payments",
    "name_collection",
    "optional_items",
    "payment_method_collection",
    "payment_method_configuration",
    "payment_method_data",
    "payment_method_options",
    "permissions",
    "phone_number_collection",
    "redirect_on_completion",
    "return_url",
    "saved_payment_method_options",
    "setup_intent_data",
    "shipping_address_collection",
    "shipping_options",
    "subscription_data",
    "tax_id_collection",
    "wallet_options",
]

PRODUCT_DATA = record(
    {
        "name": text(),
        "description": text(40_000),
        "images": list_of(url, maximum=8),
        "metadata": metadata,
        "tax_code": text(),
        "unit_label": text(12),
    },
    required=("name",),
)
PRICE_DATA = record(
    {
        "currency": currency,
        "product": unsupported,
        "product_data": PRODUCT_DATA,
        "recurring": unsupported,
        "tax_behavior": enum("exclusive", "inclusive", "unspecified"),
        "unit_amount": integer(minimum=0, maximum=MAXIMUM_CHARGE),
        "unit_amount_decimal": unsupported,
    },
    required=("currency", "product_data", "unit_amount"),
)
LINE_ITEM = record(
    {
        "metadata": metadata,
        "price": unsupported,
        "price_data": PRICE_DATA,
        "quantity": integer(minimum=1, maximum=999_999),
    },
    required=("price_data", "quantity"),
)
EXPAND = expandable(LINE_ITEMS, PAYMENT_INTENT, LATEST_CHARGE)
RETRIEVE_PARAMETERS = record({"expand": EXPAND})
CREATE_PARAMETERS = record(
    {
        "adaptive_pricing": record({"enabled": boolean}),
        "allow_promotion_codes": boolean,
        "billing_address_collection": enum("auto", "required"),
        "cancel_url": url,
        "client_reference_id": text(200),
        "currency": currency,
        "customer_creation": enum("always", "if_required"),
        "customer_email": email,
        "expand": EXPAND,
        "expires_at": integer(minimum=0),
        "line_items": list_of(LINE_ITEM),
        "locale": text(10),
        "metadata": metadata,
        "mode": enum("payment"),
        "origin_context": enum("mobile_app", "web"),
        "payment_intent_data": record(
            {
                "description": text(1000),
                "metadata": metadata,
                "receipt_email": email,
                "statement_descriptor": text(22),
                "statement_descriptor_suffix": text(22),
            }
        ),
        "payment_method_types": removed,
        "submit_type": enum("auto", "book", "donate", "pay"),
        "success_url": url,
        "ui_mode": enum("hosted_page"),
        **dict.fromkeys(UNSUPPORTED, unsupported),
    },
    required=("mode", "line_items", "success_url"),
)
LIST_PARAMETERS = list_parameters(
    "payment_intent",
    created=timestamp_range,
    expand=expandable(*(f"data.{name}" for name in (LINE_ITEMS, PAYMENT_INTENT, LATEST_CHARGE))),
    status=enum("open", "complete", "expired"),
)
LINE_ITEMS_PARAMETERS = list_parameters()


def parse_create(form: Json, now: int) -> Json:
    """Parse the parameters of a new session. Raises ApiError for what Stripe would refuse."""
    params: Json = CREATE_PARAMETERS(form, "")
    check_expiry(params, now)
    check_currencies(params)
    check_total(params)
    return params


def check_expiry(params: Json, now: int) -> None:
    """Require `expires_at` to be 30 minutes to 24 hours from now."""
    expires_at = params.get("expires_at", now + MAX_LIFETIME_SECONDS)
    if expires_at < now + MIN_LIFETIME_SECONDS:
        raise invalid_param("expires_at must be at least 30 minutes from now.", "expires_at")
    if expires_at > now + MAX_LIFETIME_SECONDS:
        raise invalid_param("expires_at must be less than 24 hours from now.", "expires_at")


def check_currencies(params: Json) -> None:
    """Require one currency for all line items: the session's, if given."""
    expected = params.get("currency", params["line_items"][0]["price_data"]["currency"])
    for position, item in enumerate(params["line_items"]):
        if item["price_data"]["currency"] != expected:
            message = "All line items of a session must have the same currency."
            raise invalid_param(message, f"line_items[{position}][price_data][currency]")


def check_total(params: Json) -> None:
    """Require a total of 0, or one that Stripe can charge in the currency."""
    total = sum(
        item["price_data"]["unit_amount"] * item["quantity"] for item in params["line_items"]
    )
    money = params["line_items"][0]["price_data"]["currency"]
    if total % granularity(money):
        message = f"Amounts in {money} must be a multiple of {granularity(money)}."
        raise invalid_param(message, "line_items", INVALID_INTEGER)
    if 0 < total < minimum_charge(money):
        least = format_amount(minimum_charge(money), money)
        message = f"The Checkout Session's total amount due must add up to at least {least}."
        raise invalid_param(message, "line_items", "amount_too_small")
    if total > MAXIMUM_CHARGE:
        most = format_amount(MAXIMUM_CHARGE, money)
        message = f"The Checkout Session's total amount due must be no more than {most}."
        raise invalid_param(message, "line_items", "amount_too_large")
