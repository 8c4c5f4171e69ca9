"""What a checkout session may be asked for, and what Stripe refuses.

Source: docs.stripe.com/api/checkout/sessions, and the parameters of stripe-python 16.1.
"""

from sandbox.errors import invalid
from sandbox.listing import range_of_moments
from sandbox.money import MAXIMUM_CHARGE, formatted, granularity, minimum_charge
from sandbox.parameters import (
    boolean,
    choice,
    currency,
    email,
    expandable,
    gone,
    integer,
    list_of,
    metadata,
    not_in_the_sandbox,
    record,
    text,
    web_address,
)
from sandbox.store import Json

SHORTEST_SECONDS = 30 * 60
LONGEST_SECONDS = 24 * 3600
LINE_ITEMS, PAYMENT_INTENT = "line_items", "payment_intent"
LATEST_CHARGE = "payment_intent.latest_charge"

# Parameters that Stripe has and this stand-in has not (each is refused by name).
ELSEWHERE = [
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
        "images": list_of(web_address, maximum=8),
        "metadata": metadata,
        "tax_code": text(),
        "unit_label": text(12),
    },
    required=("name",),
)
PRICE_DATA = record(
    {
        "currency": currency,
        "product": not_in_the_sandbox,
        "product_data": PRODUCT_DATA,
        "recurring": not_in_the_sandbox,
        "tax_behavior": choice("exclusive", "inclusive", "unspecified"),
        "unit_amount": integer(minimum=0, maximum=MAXIMUM_CHARGE),
        "unit_amount_decimal": not_in_the_sandbox,
    },
    required=("currency", "product_data", "unit_amount"),
)
LINE_ITEM = record(
    {
        "metadata": metadata,
        "price": not_in_the_sandbox,
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
        "billing_address_collection": choice("auto", "required"),
        "cancel_url": web_address,
        "client_reference_id": text(200),
        "currency": currency,
        "customer_creation": choice("always", "if_required"),
        "customer_email": email,
        "expand": EXPAND,
        "expires_at": integer(minimum=0),
        "line_items": list_of(LINE_ITEM),
        "locale": text(10),
        "metadata": metadata,
        "mode": choice("payment"),
        "origin_context": choice("mobile_app", "web"),
        "payment_intent_data": record(
            {
                "description": text(1000),
                "metadata": metadata,
                "receipt_email": email,
                "statement_descriptor": text(22),
                "statement_descriptor_suffix": text(22),
            }
        ),
        "payment_method_types": gone,
        "submit_type": choice("auto", "book", "donate", "pay"),
        "success_url": web_address,
        "ui_mode": choice("hosted_page"),
        **dict.fromkeys(ELSEWHERE, not_in_the_sandbox),
    },
    required=("mode", "line_items", "success_url"),
)
LIST_PARAMETERS = record(
    {
        "created": range_of_moments,
        "ending_before": text(),
        "expand": expandable(
            *(f"data.{name}" for name in (LINE_ITEMS, PAYMENT_INTENT, LATEST_CHARGE))
        ),
        "limit": integer(1, 100),
        "payment_intent": text(),
        "starting_after": text(),
        "status": choice("open", "complete", "expired"),
    }
)
LINE_ITEMS_PARAMETERS = record(
    {"ending_before": text(), "limit": integer(1, 100), "starting_after": text()}
)


def read_create(form: Json, now: int) -> Json:
    """The parameters of a new session. Raises ApiError for whatever Stripe would refuse."""
    params: Json = CREATE_PARAMETERS(form, "")
    refuse_expiry_out_of_bounds(params, now)
    refuse_mixed_currencies(params)
    refuse_amount_out_of_bounds(params)
    return params


def refuse_expiry_out_of_bounds(params: Json, now: int) -> None:
    """`expires_at` lies between 30 minutes and 24 hours from now."""
    expires_at = params.get("expires_at", now + LONGEST_SECONDS)
    if expires_at < now + SHORTEST_SECONDS:
        raise invalid("expires_at must be at least 30 minutes from now.", "expires_at")
    if expires_at > now + LONGEST_SECONDS:
        raise invalid("expires_at must be less than 24 hours from now.", "expires_at")


def refuse_mixed_currencies(params: Json) -> None:
    """All line items are of one currency: the session's, where that is given."""
    expected = params.get("currency", params["line_items"][0]["price_data"]["currency"])
    for position, item in enumerate(params["line_items"]):
        if item["price_data"]["currency"] != expected:
            message = "All line items of a session must have the same currency."
            raise invalid(message, f"line_items[{position}][price_data][currency]")


def refuse_amount_out_of_bounds(params: Json) -> None:
    """The total is nothing, or at least the currency's minimum, and not more than Stripe takes."""
    total = sum(
        item["price_data"]["unit_amount"] * item["quantity"] for item in params["line_items"]
    )
    money = params["line_items"][0]["price_data"]["currency"]
    if total % granularity(money):
        message = f"Amounts in {money} must be a multiple of {granularity(money)}."
        raise invalid(message, "line_items", "parameter_invalid_integer")
    if 0 < total < minimum_charge(money):
        least = formatted(minimum_charge(money), money)
        message = f"The total amount of a Checkout Session must be at least {least}."
        raise invalid(message, "line_items", "amount_too_small")
    if total > MAXIMUM_CHARGE:
        most = formatted(MAXIMUM_CHARGE, money)
        message = f"The total amount of a Checkout Session must be at most {most}."
        raise invalid(message, "line_items", "amount_too_large")
