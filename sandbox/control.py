"""The control address `/_sandbox/…`: looking in, and making things happen without a browser.

JSON in and out. Changes need `Content-Type: application/json`, which keeps pages of other
origins from making them.

    GET    ready                           that it answers
    GET    requests                        {"counts": {operation: number}, "requests": […]}
    DELETE requests                        count anew
    POST   sessions/{id}/pay               {"email": …}
    POST   sessions/{id}/decline           {"code": "generic_decline" | "insufficient_funds"}
    POST   sessions/{id}/expire            {}
    GET    webhooks                        {"url", "paused", "deliveries": […]}
    POST   webhooks                        {"url": …, "paused": true | false}, either or both
    GET    faults                          what is still to go wrong
    POST   faults                          a fault, as faults.py describes it
    DELETE faults                          let all go well again
    POST   clock                           {"advance_seconds": …}
"""

import json
from collections.abc import Callable
from typing import Any

from sandbox import checkout, webhooks
from sandbox.cards import DECLINES
from sandbox.errors import ApiError
from sandbox.events import API_VERSION
from sandbox.faults import UnknownFaultError, fault_from
from sandbox.network import is_loopback_url
from sandbox.parts import Parts
from sandbox.store import Json
from sandbox.wire import JSON_TYPE, Answer, Request, json_answer

PREFIX = "/_sandbox/"
SESSION_ACTIONS = ("pay", "decline", "expire")


class RefusedError(Exception):
    """The control address cannot do what was asked."""


class Control:
    """Answers requests to `/_sandbox/…`."""

    def __init__(self, parts: Parts) -> None:
        self.parts = parts
        self.actions: dict[tuple[str, str], Callable[[Json], Any]] = {
            ("GET", "ready"): self.ready,
            ("GET", "requests"): lambda _: parts.journal.told(),
            ("DELETE", "requests"): lambda _: parts.journal.clear(),
            ("GET", "faults"): lambda _: parts.faults.waiting(),
            ("POST", "faults"): lambda asked: parts.faults.add(fault_from(asked)),
            ("DELETE", "faults"): lambda _: parts.faults.clear(),
            ("GET", "webhooks"): self.webhooks,
            ("POST", "webhooks"): self.change_webhooks,
            ("POST", "clock"): self.advance,
        }

    def answer(self, request: Request) -> Answer:
        """What was asked for; `{"error": …}` with 400 or 404 where it cannot be had."""
        name = request.path.removeprefix(PREFIX)
        try:
            return json_answer(self.done(request, name))
        except (RefusedError, UnknownFaultError, checkout.NotOpenError) as error:
            return json_answer({"error": str(error)}, 400)
        except ApiError as error:
            return json_answer({"error": str(error)}, error.status)

    def done(self, request: Request, name: str) -> Any:
        """The result of the action that the path names."""
        asked = asked_in(request) if request.method == "POST" else {}
        match name.split("/"):
            case ["sessions", identifier, action] if request.method == "POST":
                return self.change_session(identifier, action, asked)
        action_named = self.actions.get((request.method, name))
        if action_named is None:
            raise ApiError("The control address has no such path.", status=404)
        result = action_named(asked)
        return {"done": True} if result is None else result

    def ready(self, _: Json) -> Json:
        """That the sandbox answers."""
        return {"ready": True, "sandbox": True, "api_version": API_VERSION}

    def change_session(self, identifier: str, action: str, asked: Json) -> Json:
        """Pay a session, decline it, or let its time be over, as if at the payment page."""
        with self.parts.transaction() as transaction:
            if action == "pay":
                email = asked.get("email")
                checkout.pay(transaction, identifier, email or "learner@example.com")
            elif action == "decline":
                reason = DECLINES.get(asked.get("code", "generic_decline"))
                if reason is None:
                    raise RefusedError(f"code is one of {', '.join(DECLINES)}")
                checkout.decline(transaction, identifier, reason)
            elif action == "expire":
                checkout.expire(transaction, identifier, {})
            else:
                raise RefusedError(f"A session knows {', '.join(SESSION_ACTIONS)}.")
            session = checkout.retrieve(transaction, identifier, {})
        self.parts.news.set()
        return session

    def webhooks(self, _: Json) -> Json:
        """Where events go, and how the last deliveries stand."""
        with self.parts.transaction() as transaction:
            deliveries = webhooks.told(transaction)
        endpoint = self.parts.endpoint
        return {"url": endpoint.url, "paused": endpoint.paused, "deliveries": deliveries}

    def change_webhooks(self, asked: Json) -> Json:
        """Pause or resume the deliveries, or send them elsewhere on this machine."""
        if asked.keys() - {"url", "paused"}:
            raise RefusedError("webhooks knows url and paused.")
        if "url" in asked:
            self.parts.endpoint.url = loopback_url(asked["url"]) if asked["url"] else None
        if "paused" in asked:
            self.parts.endpoint.paused = asked["paused"] is True
        self.parts.news.set()
        return self.webhooks({})

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
