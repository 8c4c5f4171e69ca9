"""The `/v1/…` API: authentication, routing, fault injection, idempotency, responses.

`routes.py` lists what it can do.
"""

import logging
from dataclasses import dataclass, replace

from sandbox import idempotency
from sandbox.api.authentication import authenticate, hash_key
from sandbox.api.routes import Route, routes
from sandbox.context import Sandbox
from sandbox.errors import ApiError, unrecognized_url
from sandbox.faults.queue import RequestFault, error_with_status
from sandbox.http.messages import HTML_TYPE, Request, Response
from sandbox.idempotency import SavedResponse
from sandbox.parameters import decode_form
from sandbox.settings import API_VERSION
from sandbox.store import Json, Transaction, new_id, to_json

logger = logging.getLogger("sandbox.api")

CAPTIVE_PORTAL = b"<!doctype html><title>Access blocked</title><h1>This page was blocked</h1>"
CUT = Response(0, b"", cut=True)
Match = tuple[Route, str]


@dataclass(frozen=True, slots=True)
class ApiCall:
    """An authenticated request: its route, the id in its path, its form, its idempotency key."""

    request_id: str
    api_key_hash: str
    idempotency_key: str | None
    route: Route
    identifier: str
    form: Json
    canonical: str


class StripeApi:
    """Responds to requests to `/v1/…`."""

    def __init__(self, sandbox: Sandbox) -> None:
        self.sandbox = sandbox
        self.routes = routes(sandbox.settings.public_url)

    def respond(self, request: Request) -> Response:
        """Return Stripe's response, whatever happens, and log both."""
        request_id = new_id("req_", 14)
        match = self.match(request)
        entry = self.sandbox.request_log.start(request, match[0].name if match else "(unknown)")
        response = self.respond_or_fail(request, request_id, match)
        response = with_stripe_headers(request, request_id, response)
        self.sandbox.request_log.finish(entry, response)
        return response

    def match(self, request: Request) -> Match | None:
        """Return the route of the request, and the id in its path."""
        for route in self.routes:
            match = route.pattern.fullmatch(request.path)
            if match and route.method == request.method:
                return route, "".join(match.groups())
        return None

    def respond_or_fail(self, request: Request, request_id: str, match: Match | None) -> Response:
        """Return the response, with every error in Stripe's shape."""
        try:
            return self.handle(self.admit(request, request_id, match), request)
        except ApiError as error:
            return error_response(error)
        except Exception:
            logger.exception("%s failed", request_id)
            return error_response(error_with_status(500))

    def admit(self, request: Request, request_id: str, match: Match | None) -> ApiCall:
        """Return the request as a call. Raises ApiError for a wrong API key, URL or form."""
        api_key = authenticate(request.headers, self.sandbox.settings.secret_keys)
        if match is None:
            raise unrecognized_url(request.method, request.path)
        route, identifier = match
        form = decode_form(request.text if request.method == "POST" else request.query)
        idempotency_key = request.headers.get("Idempotency-Key")
        if idempotency_key:
            idempotency.refuse_long_key(idempotency_key)
        return ApiCall(
            request_id=request_id,
            api_key_hash=hash_key(api_key),
            idempotency_key=idempotency_key if request.method == "POST" else None,
            route=route,
            identifier=identifier,
            form=form,
            canonical=idempotency.canonical_request(request.method, request.path, form),
        )

    def handle(self, call: ApiCall, request: Request) -> Response:
        """Inject the fault that is due, if any, and execute once per idempotency key."""
        fault = self.sandbox.request_faults.take(request.method, request.path)
        fault = fault or self.sandbox.random_faults.request_fault(call.route.name)
        if fault and fault.kind == "cut_before":
            return CUT
        if fault and fault.kind == "page":
            return Response(200, CAPTIVE_PORTAL, HTML_TYPE)
        if call.idempotency_key is None:
            response = self.execute(call, fault)
        else:
            with self.sandbox.keys_in_use.hold(call.api_key_hash, call.idempotency_key):
                response = self.execute(call, fault)
        return replace(response, cut=bool(fault and fault.kind == "cut_after"))

    def execute(self, call: ApiCall, fault: RequestFault | None) -> Response:
        """Execute the call and save its response, in one transaction."""
        if fault and fault.kind == "hang" and self.sandbox.stopping.wait(fault.seconds):
            return CUT
        if fault and fault.kind == "status":
            return self.fail(call, fault)
        with self.sandbox.transaction(call.request_id, call.idempotency_key) as transaction:
            saved = self.find_saved(transaction, call)
            if saved:
                return replay(saved)
            params = call.route.parse(call.form, transaction.now)
            status, body = result_of(transaction, call, params)
            self.save(transaction, call, status, body)
        self.sandbox.wake_deliveries.set()
        return Response(status, body.encode())

    def fail(self, call: ApiCall, fault: RequestFault) -> Response:
        """Return an error with the fault's status. A 5xx counts as execution and is saved."""
        error = error_with_status(fault.status)
        if fault.status >= 500 and fault.saved:
            with self.sandbox.transaction(call.request_id, call.idempotency_key) as transaction:
                self.save(transaction, call, error.status, to_json(error.body()))
        return error_response(error)

    def find_saved(self, transaction: Transaction, call: ApiCall) -> SavedResponse | None:
        if call.idempotency_key is None:
            return None
        max_age_seconds = self.sandbox.settings.idempotency_seconds
        key = call.api_key_hash, call.idempotency_key
        return idempotency.find(transaction, *key, call.canonical, max_age_seconds)

    def save(self, transaction: Transaction, call: ApiCall, status: int, body: str) -> None:
        if call.idempotency_key is not None:
            key = call.api_key_hash, call.idempotency_key
            saved = SavedResponse(call.request_id, status, body)
            idempotency.save(transaction, *key, call.canonical, saved)


def with_stripe_headers(request: Request, request_id: str, response: Response) -> Response:
    """Add Stripe's headers, except to a page that stands for another server's."""
    if response.content_type == HTML_TYPE:
        return response
    headers = {
        "Request-Id": request_id,
        "Stripe-Version": request.headers.get("Stripe-Version", API_VERSION),
        "Cache-Control": "no-cache, no-store",
    }
    if "Idempotency-Key" in request.headers:
        headers["Idempotency-Key"] = request.headers["Idempotency-Key"]
    return replace(response, headers={**headers, **response.headers})


def result_of(transaction: Transaction, call: ApiCall, params: Json) -> tuple[int, str]:
    """Return the status and body of the call's result, or of its error."""
    try:
        return 200, to_json(call.route.execute(transaction, params, call.identifier))
    except ApiError as error:
        return error.status, to_json(error.body())


def error_response(error: ApiError) -> Response:
    return Response(error.status, to_json(error.body()).encode())


def replay(saved: SavedResponse) -> Response:
    """Return a saved response, marked as Stripe marks a replay."""
    headers = {"Idempotent-Replayed": "true", "Original-Request": saved.request_id}
    return Response(saved.status, saved.body.encode(), headers=headers)
