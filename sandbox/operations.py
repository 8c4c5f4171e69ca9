"""All that the API does: each method and path, its parameters, and the function behind it."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field

from sandbox import (
    account,
    charges,
    checkout,
    checkout_parameters,
    disputes,
    events,
    payment_intents,
    promotions,
    refunds,
    webhook_endpoints,
)
from sandbox.parameters import Reader, record
from sandbox.store import Json, Transaction

NOTHING = record({})
Execution = Callable[[Transaction, Json, str], Json]


@dataclass(frozen=True, slots=True)
class Operation:
    """One thing that the API does.

    `read` turns the form into parameters, given the time, and raises ApiError before
    anything has begun; `execute` gets them with the name in the path, and raises
    ApiError before it writes.
    """

    method: str
    template: str
    read: Callable[[Json, int], Json]
    execute: Execution
    pattern: re.Pattern[str] = field(init=False)

    def __post_init__(self) -> None:
        """Make the pattern of the path's template."""
        pattern = re.compile(re.escape(self.template).replace(r"\{id\}", "([^/]+)"))
        object.__setattr__(self, "pattern", pattern)


def just(reader: Reader) -> Callable[[Json, int], Json]:
    """Parameters that do not depend on the time."""

    def read(form: Json, now: int) -> Json:
        params: Json = reader(form, "")
        return params

    return read


def with_params(function: Callable[[Transaction, Json], Json]) -> Execution:
    """What needs no name."""
    return lambda transaction, params, _: function(transaction, params)


def with_name(function: Callable[[Transaction, str], Json]) -> Execution:
    """What has no parameters."""
    return lambda transaction, _, name: function(transaction, name)


def with_both(function: Callable[[Transaction, str, Json], Json]) -> Execution:
    """What has a name and parameters."""
    return lambda transaction, params, name: function(transaction, name, params)


def operations(public_url: str) -> tuple[Operation, ...]:
    """All that the API does."""
    return (
        *of_sessions(public_url),
        *of_payments(),
        *of_promotions(),
        *of_webhooks(),
        *of_the_account(),
    )


def of_sessions(public_url: str) -> tuple[Operation, ...]:
    """Checkout sessions; their pages' addresses begin with `public_url`."""
    sessions, one = "/v1/checkout/sessions", "/v1/checkout/sessions/{id}"
    in_list = just(checkout_parameters.LIST_PARAMETERS)
    as_shown = just(checkout_parameters.RETRIEVE_PARAMETERS)
    lines = just(checkout_parameters.LINE_ITEMS_PARAMETERS)

    def create(transaction: Transaction, params: Json) -> Json:
        return checkout.create(transaction, params, public_url)

    return (
        Operation("POST", sessions, checkout_parameters.read_create, with_params(create)),
        Operation("GET", sessions, in_list, with_params(checkout.listed)),
        Operation("GET", one, as_shown, with_both(checkout.retrieve)),
        Operation("POST", f"{one}/expire", as_shown, with_both(checkout.expire)),
        Operation("GET", f"{one}/line_items", lines, with_both(checkout.line_items)),
    )


def of_payments() -> tuple[Operation, ...]:
    """The money: taken, refused, given back, disputed."""
    intents, charged, back = "/v1/payment_intents", "/v1/charges", "/v1/refunds"
    disputed = "/v1/disputes"
    one_intent = just(payment_intents.RETRIEVE_PARAMETERS)
    intents_in_list = just(payment_intents.LIST_PARAMETERS)
    one_charge, charges_in_list = just(charges.RETRIEVE_PARAMETERS), just(charges.LIST_PARAMETERS)
    new, changed = just(refunds.CREATE_PARAMETERS), just(refunds.CHANGE_PARAMETERS)
    refunds_in_list = just(refunds.LIST_PARAMETERS)
    disputes_in_list = just(disputes.LIST_PARAMETERS)
    return (
        Operation("GET", intents, intents_in_list, with_params(payment_intents.listed)),
        Operation("GET", f"{intents}/{{id}}", one_intent, with_both(payment_intents.retrieve)),
        Operation("GET", charged, charges_in_list, with_params(charges.listed)),
        Operation("GET", f"{charged}/{{id}}", one_charge, with_both(charges.retrieve)),
        Operation("POST", back, new, with_params(refunds.create)),
        Operation("GET", back, refunds_in_list, with_params(refunds.listed)),
        Operation("GET", f"{back}/{{id}}", just(NOTHING), with_name(refunds.retrieve)),
        Operation("POST", f"{back}/{{id}}", changed, with_both(refunds.change)),
        Operation("GET", disputed, disputes_in_list, with_params(disputes.listed)),
        Operation("GET", f"{disputed}/{{id}}", just(NOTHING), with_name(disputes.retrieve)),
    )


def of_promotions() -> tuple[Operation, ...]:
    """What buyers may be given off."""
    coupons, codes = "/v1/coupons", "/v1/promotion_codes"
    new_coupon, new_code = just(promotions.NEW_COUPON), just(promotions.NEW_CODE)
    in_coupons, in_codes = just(promotions.LIST_COUPONS), just(promotions.LIST_CODES)
    one_coupon, one_code = f"{coupons}/{{id}}", f"{codes}/{{id}}"
    return (
        Operation("POST", coupons, new_coupon, with_params(promotions.create_coupon)),
        Operation("GET", coupons, in_coupons, with_params(promotions.list_coupons)),
        Operation("GET", one_coupon, just(NOTHING), with_name(promotions.retrieve_coupon)),
        Operation("POST", codes, new_code, with_params(promotions.create_code)),
        Operation("GET", codes, in_codes, with_params(promotions.list_codes)),
        Operation("GET", one_code, just(NOTHING), with_name(promotions.retrieve_code)),
    )


def of_webhooks() -> tuple[Operation, ...]:
    """What happened, and where it is told."""
    endpoints, one = "/v1/webhook_endpoints", "/v1/webhook_endpoints/{id}"
    new, changed = webhook_endpoints.CREATE_PARAMETERS, webhook_endpoints.CHANGE_PARAMETERS
    in_list = just(webhook_endpoints.LIST_PARAMETERS)
    events_in_list = just(events.LIST_PARAMETERS)
    return (
        Operation("GET", "/v1/events", events_in_list, with_params(events.listed)),
        Operation("GET", "/v1/events/{id}", just(NOTHING), with_name(events.retrieve)),
        Operation("POST", endpoints, just(new), with_params(webhook_endpoints.create)),
        Operation("GET", endpoints, in_list, with_params(webhook_endpoints.listed)),
        Operation("GET", one, just(NOTHING), with_name(webhook_endpoints.retrieve)),
        Operation("POST", one, just(changed), with_both(webhook_endpoints.change)),
        Operation("DELETE", one, just(NOTHING), with_name(webhook_endpoints.delete)),
    )


def of_the_account() -> tuple[Operation, ...]:
    """Whose sandbox it is, and what it was paid."""
    return (
        Operation("GET", "/v1/account", just(NOTHING), lambda each, _, __: account.retrieve(each)),
        Operation("GET", "/v1/balance", just(NOTHING), lambda each, _, __: account.balance(each)),
    )
