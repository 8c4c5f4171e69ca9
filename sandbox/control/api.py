"""The control API, `/_sandbox/…`: inspect the sandbox, and make things happen without a browser.

It takes and returns JSON. Changes require `Content-Type: application/json`, which keeps pages
of other origins from making them.

    GET    ready                               responds once the sandbox is up
    GET    requests                            {"counts": {operation: number}, "requests": […]}
    DELETE requests                            clear the request log
    GET    sessions/{id}                       the session, without an entry in the request log
    POST   sessions/{id}/pay                   {"email": …, "card": name of a test payment method,
                                                "settle_seconds": until a bank debit settles}
    POST   sessions/{id}/decline               {"code": "generic_decline" | "insufficient_funds"}
    POST   sessions/{id}/authenticate          {}, after paying with the card "authentication"
    POST   sessions/{id}/fail_authentication   {}
    POST   sessions/{id}/settle                {"succeeds": true | false}, for a bank debit
    POST   sessions/{id}/apply_promotion_code  {"code": …}
    POST   sessions/{id}/expire                {}
    POST   refunds                             as in the API: {"payment_intent": …, "amount": …}
    POST   refunds/{id}/succeed                {}
    POST   refunds/{id}/fail                   {"reason": …}
    POST   disputes                            {"payment_intent": …, "reason": …, "inquiry": true}
    POST   disputes/{id}/close                 {"outcome": "won" | "lost"}
    GET    webhooks                            {"url", "paused", "pending": number,
                                                "deliveries": […]}
    POST   webhooks                            {"url": …, "paused": true | false}, either or both
    POST   events/{id}/resend                  deliver the event again
    POST   events/{id}/twin                    deliver a second event about the same change
    GET    faults                              the request faults still to happen
    POST   faults                              a RequestFault of faults/queue.py
    DELETE faults
    GET    delivery_faults                     the delivery faults still to happen
    POST   delivery_faults                     a DeliveryFault of faults/queue.py
    DELETE delivery_faults
    GET    fault_rates                         the rates, and how often each fault was injected
    POST   fault_rates                         FaultRates of faults/rates.py; resets the counts
    DELETE fault_rates
    DELETE idempotency_keys                    forget all idempotency keys, as Stripe does in time
    DELETE test_data                           delete all sessions, payments, and events
    POST   clock                               {"advance_seconds": …}
"""

import json
from collections.abc import Callable
from typing import Any

from sandbox import idempotency, webhooks
from sandbox.context import Sandbox
from sandbox.control.actions import ACTIONS, CREATE_ACTIONS, InvalidFieldError, retrieve_session
from sandbox.errors import ApiError
from sandbox.faults.queue import DeliveryFault, RequestFault, UnknownFaultError, fault_from_json
from sandbox.faults.rates import FaultRates, rates_from_json
from sandbox.http.messages import JSON_TYPE, Request, Response, json_response
from sandbox.resources import webhook_endpoints
from sandbox.resources.checkout_payments import NotPendingError, SessionExpiredError
from sandbox.resources.promotion_codes import NotApplicableError
from sandbox.settings import API_VERSION, is_loopback_url
from sandbox.store import Json, Transaction, delete_test_data

PREFIX = "/_sandbox/"
REFUSALS = (
    InvalidFieldError,
    UnknownFaultError,
    SessionExpiredError,
    NotPendingError,
    NotApplicableError,
)


class ControlApi:
    """Responds to requests to `/_sandbox/…`."""

    def __init__(self, sandbox: Sandbox) -> None:
        self.sandbox = sandbox
        log, rates = sandbox.request_log, sandbox.random_faults
        queued, deliveries = sandbox.request_faults, sandbox.delivery_faults
        self.routes: dict[tuple[str, str], Callable[[Json], Any]] = {
            ("GET", "ready"): self.ready,
            ("GET", "requests"): lambda _: log.as_json(),
            ("DELETE", "requests"): lambda _: log.clear(),
            ("GET", "faults"): lambda _: queued.as_json(),
            ("POST", "faults"): lambda fields: queued.add(fault_from_json(RequestFault, fields)),
            ("DELETE", "faults"): lambda _: queued.clear(),
            ("GET", "delivery_faults"): lambda _: deliveries.as_json(),
            ("POST", "delivery_faults"): lambda fields: deliveries.add(
                fault_from_json(DeliveryFault, fields)
            ),
            ("DELETE", "delivery_faults"): lambda _: deliveries.clear(),
            ("GET", "fault_rates"): lambda _: rates.as_json(),
            ("POST", "fault_rates"): lambda fields: rates.set_rates(rates_from_json(fields)),
            ("DELETE", "fault_rates"): lambda _: rates.set_rates(FaultRates()),
            ("DELETE", "idempotency_keys"): self.delete_idempotency_keys,
            ("DELETE", "test_data"): self.delete_test_data,
            ("GET", "webhooks"): self.webhooks,
            ("POST", "webhooks"): self.change_webhooks,
            ("POST", "clock"): self.advance_clock,
        }

    def respond(self, request: Request) -> Response:
        """Return the result, or `{"error": …}` with 400 or 404."""
        path = request.path.removeprefix(PREFIX)
        try:
            return json_response(self.dispatch(request, path))
        except REFUSALS as error:
            return json_response({"error": str(error)}, 400)
        except ApiError as error:
            return json_response({"error": str(error)}, error.status)

    def dispatch(self, request: Request, path: str) -> Any:
        """Return the result of the action or route that the path names."""
        fields = json_object(request) if request.method == "POST" else {}
        match [request.method, *path.split("/")]:
            case ["POST", kind, identifier, verb] if (kind, verb) in ACTIONS:
                action = ACTIONS[kind, verb]
                return self.execute(lambda transaction: action(transaction, identifier, fields))
            case ["GET", "sessions", identifier]:
                return self.execute(lambda transaction: retrieve_session(transaction, identifier))
            case ["POST", kind] if kind in CREATE_ACTIONS:
                create = CREATE_ACTIONS[kind]
                return self.execute(lambda transaction: create(transaction, fields))
        route = self.routes.get((request.method, path))
        if route is None:
            raise ApiError("The control API has no such path.", status=404)
        result = route(fields)
        return {"done": True} if result is None else result

    def execute(self, action: Callable[[Transaction], Json]) -> Json:
        """Run the action in a transaction, and let its events be delivered."""
        with self.sandbox.transaction() as transaction:
            result = action(transaction)
        self.sandbox.wake_deliveries.set()
        return result

    def ready(self, _: Json) -> Json:
        return {"ready": True, "sandbox": True, "api_version": API_VERSION}

    def webhooks(self, _: Json) -> Json:
        """Return where events go, and the latest deliveries."""
        with self.sandbox.transaction() as transaction:
            return {
                "url": webhook_endpoints.default_url(transaction),
                "paused": self.sandbox.delivery_state.paused,
                "pending": webhooks.count_pending(transaction),
                "deliveries": webhooks.latest_deliveries(transaction),
            }

    def change_webhooks(self, fields: Json) -> Json:
        """Pause or resume deliveries, or send them to another URL on this machine."""
        if fields.keys() - {"url", "paused"}:
            raise InvalidFieldError("webhooks accepts only url and paused.")
        if "url" in fields:
            url = loopback_url(fields["url"]) if fields["url"] else None
            secret = self.sandbox.settings.webhook_secret
            with self.sandbox.transaction() as transaction:
                webhook_endpoints.set_default_url(transaction, url, secret)
        if "paused" in fields:
            self.sandbox.delivery_state.paused = fields["paused"] is True
        self.sandbox.wake_deliveries.set()
        return self.webhooks({})

    def delete_idempotency_keys(self, _: Json) -> None:
        with self.sandbox.transaction() as transaction:
            idempotency.prune(transaction, transaction.now)

    def delete_test_data(self, _: Json) -> None:
        with self.sandbox.transaction() as transaction:
            delete_test_data(transaction)

    def advance_clock(self, fields: Json) -> Json:
        """Advance the clock, until the sandbox is restarted."""
        seconds = fields.get("advance_seconds")
        if not isinstance(seconds, int | float) or seconds < 0:
            raise InvalidFieldError("advance_seconds must be a number that is 0 or greater.")
        self.sandbox.clock.offset_seconds += seconds
        self.sandbox.wake_deliveries.set()
        return {"now": self.sandbox.clock()}


def json_object(request: Request) -> Json:
    """Return the JSON object in the body, or {} for no body. Raises InvalidFieldError."""
    if request.headers.get_content_type() != JSON_TYPE:
        raise InvalidFieldError(f"Content-Type must be {JSON_TYPE}.")
    try:
        fields = json.loads(request.body or b"{}")
    except ValueError as error:
        raise InvalidFieldError("The body is not JSON.") from error
    if not isinstance(fields, dict):
        raise InvalidFieldError("The body is not a JSON object.")
    return fields


def loopback_url(url: Any) -> str:
    """Return the URL if it is plain HTTP on this machine. Raises InvalidFieldError."""
    if not is_loopback_url(str(url)):
        raise InvalidFieldError(
            "Webhooks can be sent only to http://127.0.0.1 or http://localhost."
        )
    return str(url)
