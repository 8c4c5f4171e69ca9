"""The routes of the API: each method and path, its parameters, and the function behind it."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field

from sandbox.parameters import Reader, record
from sandbox.resources import (
    account,
    charges,
    checkout_sessions,
    disputes,
    events,
    payment_intents,
    promotion_codes,
    refunds,
    webhook_endpoints,
)
from sandbox.resources import checkout_session_parameters as session_parameters
from sandbox.store import Json, Transaction

Parse = Callable[[Json, int], Json]
Execute = Callable[[Transaction, Json, str], Json]


@dataclass(frozen=True, slots=True)
class Route:
    """One operation of the API. `template` is its path, with `{id}` for an id.

    `parse` turns the form into parameters, given the time; it raises ApiError before execution
    begins. `execute` takes the parameters and the id; it raises ApiError before it writes.
    """

    method: str
    template: str
    parse: Parse
    execute: Execute
    pattern: re.Pattern[str] = field(init=False)

    def __post_init__(self) -> None:
        pattern = re.compile(re.escape(self.template).replace(r"\{id\}", "([^/]+)"))
        object.__setattr__(self, "pattern", pattern)

    @property
    def name(self) -> str:
        """The name in the request log, such as `GET /v1/refunds/{id}`."""
        return f"{self.method} {self.template}"


def parse_with(reader: Reader) -> Parse:
    """Parse parameters that do not depend on the time."""

    def parse(form: Json, now: int) -> Json:
        params: Json = reader(form, "")
        return params

    return parse


NO_PARAMETERS = parse_with(record({}))


def with_params(function: Callable[[Transaction, Json], Json]) -> Execute:
    return lambda transaction, params, _: function(transaction, params)


def with_id(function: Callable[[Transaction, str], Json]) -> Execute:
    return lambda transaction, _, identifier: function(transaction, identifier)


def with_id_and_params(function: Callable[[Transaction, str, Json], Json]) -> Execute:
    return lambda transaction, params, identifier: function(transaction, identifier, params)


def routes(public_url: str) -> tuple[Route, ...]:
    """Return every route. Payment pages of new sessions are at `public_url`."""
    return (
        *checkout_session_routes(public_url),
        *payment_routes(),
        *refund_and_dispute_routes(),
        *promotion_routes(),
        *webhook_routes(),
        *account_routes(),
    )


def checkout_session_routes(public_url: str) -> tuple[Route, ...]:
    sessions, one = "/v1/checkout/sessions", "/v1/checkout/sessions/{id}"
    list_params = parse_with(session_parameters.LIST_PARAMETERS)
    retrieve_params = parse_with(session_parameters.RETRIEVE_PARAMETERS)
    line_item_params = parse_with(session_parameters.LINE_ITEMS_PARAMETERS)

    def create(transaction: Transaction, params: Json) -> Json:
        return checkout_sessions.create(transaction, params, public_url)

    return (
        Route("POST", sessions, session_parameters.parse_create, with_params(create)),
        Route("GET", sessions, list_params, with_params(checkout_sessions.list_all)),
        Route("GET", one, retrieve_params, with_id_and_params(checkout_sessions.retrieve)),
        Route(
            "POST", f"{one}/expire", retrieve_params, with_id_and_params(checkout_sessions.expire)
        ),
        Route(
            "GET",
            f"{one}/line_items",
            line_item_params,
            with_id_and_params(checkout_sessions.list_line_items),
        ),
    )


def payment_routes() -> tuple[Route, ...]:
    intents, one_intent = "/v1/payment_intents", "/v1/payment_intents/{id}"
    list_intents = parse_with(payment_intents.LIST_PARAMETERS)
    retrieve_intent = parse_with(payment_intents.RETRIEVE_PARAMETERS)
    list_charges = parse_with(charges.LIST_PARAMETERS)
    retrieve_charge = parse_with(charges.RETRIEVE_PARAMETERS)
    return (
        Route("GET", intents, list_intents, with_params(payment_intents.list_all)),
        Route("GET", one_intent, retrieve_intent, with_id_and_params(payment_intents.retrieve)),
        Route("GET", "/v1/charges", list_charges, with_params(charges.list_all)),
        Route("GET", "/v1/charges/{id}", retrieve_charge, with_id_and_params(charges.retrieve)),
    )


def refund_and_dispute_routes() -> tuple[Route, ...]:
    back, one_refund, disputed = "/v1/refunds", "/v1/refunds/{id}", "/v1/disputes"
    create, update = parse_with(refunds.CREATE_PARAMETERS), parse_with(refunds.UPDATE_PARAMETERS)
    list_refunds = parse_with(refunds.LIST_PARAMETERS)
    list_disputes = parse_with(disputes.LIST_PARAMETERS)
    return (
        Route("POST", back, create, with_params(refunds.create)),
        Route("GET", back, list_refunds, with_params(refunds.list_all)),
        Route("GET", one_refund, NO_PARAMETERS, with_id(refunds.retrieve)),
        Route("POST", one_refund, update, with_id_and_params(refunds.update)),
        Route("GET", disputed, list_disputes, with_params(disputes.list_all)),
        Route("GET", f"{disputed}/{{id}}", NO_PARAMETERS, with_id(disputes.retrieve)),
    )


def promotion_routes() -> tuple[Route, ...]:
    coupons, codes = "/v1/coupons", "/v1/promotion_codes"
    create_coupon = parse_with(promotion_codes.CREATE_COUPON_PARAMETERS)
    list_coupons = parse_with(promotion_codes.LIST_COUPONS_PARAMETERS)
    create_code = parse_with(promotion_codes.CREATE_PARAMETERS)
    list_codes = parse_with(promotion_codes.LIST_PARAMETERS)
    one_coupon, one_code = f"{coupons}/{{id}}", f"{codes}/{{id}}"
    return (
        Route("POST", coupons, create_coupon, with_params(promotion_codes.create_coupon)),
        Route("GET", coupons, list_coupons, with_params(promotion_codes.list_coupons)),
        Route("GET", one_coupon, NO_PARAMETERS, with_id(promotion_codes.retrieve_coupon)),
        Route("POST", codes, create_code, with_params(promotion_codes.create)),
        Route("GET", codes, list_codes, with_params(promotion_codes.list_all)),
        Route("GET", one_code, NO_PARAMETERS, with_id(promotion_codes.retrieve)),
    )


def webhook_routes() -> tuple[Route, ...]:
    endpoints, one = "/v1/webhook_endpoints", "/v1/webhook_endpoints/{id}"
    create = parse_with(webhook_endpoints.CREATE_PARAMETERS)
    update = parse_with(webhook_endpoints.UPDATE_PARAMETERS)
    list_endpoints = parse_with(webhook_endpoints.LIST_PARAMETERS)
    list_events = parse_with(events.LIST_PARAMETERS)
    return (
        Route("GET", "/v1/events", list_events, with_params(events.list_all)),
        Route("GET", "/v1/events/{id}", NO_PARAMETERS, with_id(events.retrieve)),
        Route("POST", endpoints, create, with_params(webhook_endpoints.create)),
        Route("GET", endpoints, list_endpoints, with_params(webhook_endpoints.list_all)),
        Route("GET", one, NO_PARAMETERS, with_id(webhook_endpoints.retrieve)),
        Route("POST", one, update, with_id_and_params(webhook_endpoints.update)),
        Route("DELETE", one, NO_PARAMETERS, with_id(webhook_endpoints.delete)),
    )


def account_routes() -> tuple[Route, ...]:
    return (
        Route("GET", "/v1/account", NO_PARAMETERS, lambda each, _, __: account.retrieve(each)),
        Route("GET", "/v1/balance", NO_PARAMETERS, lambda each, _, __: account.balance(each)),
    )
