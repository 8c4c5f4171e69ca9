"""The control address `/_sandbox/…`: looking in, and making things happen without a browser.

JSON in and out. Changes need `Content-Type: application/json`, which keeps pages of other
origins from making them.

    GET    ready                           that it answers
    GET    requests                        {"counts": {operation: number}, "requests": […]}
    DELETE requests                        count anew
    GET    sessions/{id}                   the session, without a line in the journal
    POST   sessions/{id}/pay               {"email": …, "card": the name of a test card,
                                            "settle_seconds": until a bank debit has come}
    POST   sessions/{id}/decline           {"code": "generic_decline" | "insufficient_funds"}
    POST   sessions/{id}/confirm           the second step that the card "second-step" asks for
    POST   sessions/{id}/refuse            {}
    POST   sessions/{id}/settle            {"comes": true | false}, what a bank debit pays
    POST   sessions/{id}/promote           {"code": a promotion code}
    POST   sessions/{id}/expire            {}
    POST   refunds                         as the API: {"payment_intent": …, "amount": …, …}
    POST   refunds/{id}/succeed            {}
    POST   refunds/{id}/fail               {"reason": …}
    POST   disputes                        {"payment_intent": …, "reason": …, "inquiry": true}
    POST   disputes/{id}/close             {"outcome": "won" | "lost"}
    GET    webhooks                        {"url", "paused", "waiting": number, "deliveries": […]}
    POST   webhooks                        {"url": …, "paused": true | false}, either or both
    GET    faults                          what is still to go wrong
    POST   faults                          a fault, as faults.py describes it
    DELETE faults                          let all go well again
    GET    mishaps                         what is still to happen to events
    POST   mishaps                         a mishap, as faults.py describes it
    DELETE mishaps                         let all go well again
    GET    weather                         what goes wrong by chance, and what has
    POST   weather                         a climate, as weather.py describes it; counts anew
    DELETE weather                         let all go well again
    POST   events/{id}/send                tell an event again, as Stripe's dashboard can
    POST   events/{id}/twin                make a second event about the same; the twin
    DELETE keys                            forget all idempotency keys, as after their time
    POST   clock                           {"advance_seconds": …}
"""

import json
from collections.abc import Callable
from typing import Any

from sandbox import idempotency, webhook_endpoints, webhooks
from sandbox.errors import ApiError
from sandbox.faults import Fault, Mishap, UnknownFaultError, described
from sandbox.happenings import NAMED, NEW, RefusedError, shown
from sandbox.network import is_loopback_url
from sandbox.parts import Parts
from sandbox.paying import NotOpenError, NotWaitingError
from sandbox.promotions import NotApplicableError
from sandbox.store import Json, Transaction
from sandbox.version import API_VERSION
from sandbox.weather import Climate, climate_from
from sandbox.wire import JSON_TYPE, Answer, Request, json_answer

PREFIX = "/_sandbox/"
REFUSALS = (RefusedError, UnknownFaultError, NotOpenError, NotWaitingError, NotApplicableError)


class Control:
    """Answers requests to `/_sandbox/…`."""

    def __init__(self, parts: Parts) -> None:
        self.parts = parts
        self.actions: dict[tuple[str, str], Callable[[Json], Any]] = {
            ("GET", "ready"): self.ready,
            ("GET", "requests"): lambda _: parts.journal.told(),
            ("DELETE", "requests"): lambda _: parts.journal.clear(),
            ("GET", "faults"): lambda _: parts.faults.told(),
            ("POST", "faults"): lambda asked: parts.faults.add(described(Fault, asked)),
            ("DELETE", "faults"): lambda _: parts.faults.clear(),
            ("GET", "mishaps"): lambda _: parts.mishaps.told(),
            ("POST", "mishaps"): lambda asked: parts.mishaps.add(described(Mishap, asked)),
            ("DELETE", "mishaps"): lambda _: parts.mishaps.clear(),
            ("GET", "weather"): lambda _: parts.weather.told(),
            ("POST", "weather"): lambda asked: parts.weather.change(climate_from(asked)),
            ("DELETE", "weather"): lambda _: parts.weather.change(Climate()),
            ("DELETE", "keys"): self.prune_keys,
            ("GET", "webhooks"): self.webhooks,
            ("POST", "webhooks"): self.change_webhooks,
            ("POST", "clock"): self.advance,
        }

    def answer(self, request: Request) -> Answer:
        """What was asked for; `{"error": …}` with 400 or 404 where it cannot be had."""
        name = request.path.removeprefix(PREFIX)
        try:
            return json_answer(self.done(request, name))
        except REFUSALS as error:
            return json_answer({"error": str(error)}, 400)
        except ApiError as error:
            return json_answer({"error": str(error)}, error.status)

    def done(self, request: Request, name: str) -> Any:
        """The result of the action that the path names."""
        asked = asked_in(request) if request.method == "POST" else {}
        match [request.method, *name.split("/")]:
            case ["POST", kind, identifier, verb] if (kind, verb) in NAMED:
                happening = NAMED[kind, verb]
                return self.happened(lambda each: happening(each, identifier, asked))
            case ["GET", "sessions", identifier]:
                return self.happened(lambda each: shown(each, identifier))
            case ["POST", kind] if kind in NEW:
                return self.happened(lambda each: NEW[kind](each, asked))
        action_named = self.actions.get((request.method, name))
        if action_named is None:
            raise ApiError("The control address has no such path.", status=404)
        result = action_named(asked)
        return {"done": True} if result is None else result

    def ready(self, _: Json) -> Json:
        """That the sandbox answers."""
        return {"ready": True, "sandbox": True, "api_version": API_VERSION}

    def happened(self, happening: Callable[[Transaction], Json]) -> Json:
        """Make it happen, and let it be told."""
        with self.parts.transaction() as transaction:
            result = happening(transaction)
        self.parts.news.set()
        return result

    def webhooks(self, _: Json) -> Json:
        """Where events go, and how the last deliveries stand."""
        with self.parts.transaction() as transaction:
            deliveries = webhooks.told(transaction)
            url = webhook_endpoints.own_url(transaction)
            waiting = webhooks.count_waiting(transaction)
        paused = self.parts.webhooks.paused
        return {"url": url, "paused": paused, "waiting": waiting, "deliveries": deliveries}

    def change_webhooks(self, asked: Json) -> Json:
        """Pause or resume the deliveries, or send them elsewhere on this machine."""
        if asked.keys() - {"url", "paused"}:
            raise RefusedError("webhooks knows url and paused.")
        if "url" in asked:
            url = loopback_url(asked["url"]) if asked["url"] else None
            with self.parts.transaction() as transaction:
                webhook_endpoints.direct_own(transaction, url, self.parts.webhooks.own_secret)
        if "paused" in asked:
            self.parts.webhooks.paused = asked["paused"] is True
        self.parts.news.set()
        return self.webhooks({})

    def prune_keys(self, _: Json) -> None:
        """Forget all idempotency keys: what is asked with one again is asked anew."""
        with self.parts.transaction() as transaction:
            idempotency.prune(transaction, transaction.now)

    def advance(self, asked: Json) -> Json:
        """Move the sandbox's time of day forward, until it is restarted."""
        seconds = asked.get("advance_seconds")
        if not isinstance(seconds, int | float) or seconds < 0:
            raise RefusedError("advance_seconds is a number, not below 0.")
        self.parts.clock.ahead_seconds += seconds
        self.parts.news.set()
        return {"now": self.parts.clock()}


def asked_in(request: Request) -> Json:
    """The JSON object in the body; an empty body is an empty object. Raises RefusedError."""
    if request.headers.get_content_type() != JSON_TYPE:
        raise RefusedError(f"Content-Type must be {JSON_TYPE}.")
    try:
        asked = json.loads(request.body or b"{}")
    except ValueError as error:
        raise RefusedError("The body is not JSON.") from error
    if not isinstance(asked, dict):
        raise RefusedError("The body is not a JSON object.")
    return asked


def loopback_url(url: Any) -> str:
    """The address, if it is plain HTTP on this machine. Raises RefusedError."""
    if not is_loopback_url(str(url)):
        raise RefusedError("Webhooks go to http://127.0.0.1 or http://localhost only.")
    return str(url)
