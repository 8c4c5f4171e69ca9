"""Stripe's API, as much of it as stands here: keys, routes, idempotency, faults, answers.

What it does stands in `operations.py`.
"""

import logging
from dataclasses import dataclass, replace

from sandbox import idempotency, keys
from sandbox.errors import ApiError, unrecognized_address
from sandbox.faults import Fault, error_with
from sandbox.idempotency import Saved
from sandbox.operations import Operation, operations
from sandbox.parameters import decode
from sandbox.parts import Parts
from sandbox.store import Json, Transaction, dumped, new_id
from sandbox.version import API_VERSION
from sandbox.wire import HTML_TYPE, Answer, Request

logger = logging.getLogger("sandbox.api")

NOT_STRIPE = b"<!doctype html><title>Access blocked</title><h1>This page was blocked</h1>"
CUT = Answer(0, b"", cut=True)


@dataclass(frozen=True, slots=True)
class Call:
    """A request that was let in: whose it is, what it asks, under which idempotency key."""

    request_id: str
    account_key: str
    idempotency_key: str | None
    operation: Operation
    identifier: str
    form: Json
    described: str


class Api:
    """Answers requests to `/v1/…`."""

    def __init__(self, parts: Parts) -> None:
        self.parts = parts
        self.operations = operations(parts.settings.public_url)

    def answer(self, request: Request) -> Answer:
        """Stripe's answer, whatever happens; noted in the journal."""
        request_id = new_id("req_", 14)
        found = self.found(request)
        name = f"{request.method} {found[0].template}" if found else "(unrecognized)"
        entry = self.parts.journal.came(request, name)
        answer = self.headed(request, request_id, self.attempted(request, request_id, found))
        self.parts.journal.went(entry, answer)
        return answer

    def found(self, request: Request) -> tuple[Operation, str] | None:
        """The operation that the address names, with the identifier in it."""
        for operation in self.operations:
            match = operation.pattern.fullmatch(request.path)
            if match and operation.method == request.method:
                return operation, "".join(match.groups())
        return None

    def attempted(
        self, request: Request, request_id: str, found: tuple[Operation, str] | None
    ) -> Answer:
        """The answer, with every error turned into Stripe's shape."""
        try:
            return self.handled(self.let_in(request, request_id, found), request)
        except ApiError as error:
            return refusal(error)
        except Exception:
            logger.exception("%s failed", request_id)
            return refusal(error_with(500))

    def let_in(
        self, request: Request, request_id: str, found: tuple[Operation, str] | None
    ) -> Call:
        """The request as a call. Raises ApiError for a wrong key, address or form."""
        key = keys.accepted(request.headers, self.parts.settings.secret_keys)
        if found is None:
            raise unrecognized_address(request.method, request.path)
        operation, identifier = found
        form = decode(request.form if request.method == "POST" else request.query)
        idempotency_key = request.headers.get("Idempotency-Key")
        if idempotency_key:
            idempotency.refuse_long(idempotency_key)
        return Call(
            request_id=request_id,
            account_key=keys.fingerprint(key),
            idempotency_key=idempotency_key if request.method == "POST" else None,
            operation=operation,
            identifier=identifier,
            form=form,
            described=idempotency.described(request.method, request.path, form),
        )

    def handled(self, call: Call, request: Request) -> Answer:
        """Let go wrong what was asked to, then act, once per idempotency key."""
        operation = f"{call.operation.method} {call.operation.template}"
        fault = self.parts.faults.take(request.method, request.path)
        fault = fault or self.parts.weather.fault(operation)
        if fault and fault.kind == "cut_before":
            return CUT
        if fault and fault.kind == "page":
            return Answer(200, NOT_STRIPE, HTML_TYPE)
        if call.idempotency_key is None:
            answer = self.executed(call, fault)
        else:
            with self.parts.in_progress.claim(call.account_key, call.idempotency_key):
                answer = self.executed(call, fault)
        return replace(answer, cut=bool(fault and fault.kind == "cut_after"))

    def executed(self, call: Call, fault: Fault | None) -> Answer:
        """Act in one transaction with the saving of the result."""
        if fault and fault.kind == "hang" and self.parts.stopping.wait(fault.seconds):
            return CUT
        if fault and fault.kind == "status":
            return self.failed(call, fault)
        with self.parts.transaction(call.request_id, call.idempotency_key) as transaction:
            saved = self.saved(transaction, call)
            if saved:
                return replayed(saved)
            params = call.operation.read(call.form, transaction.now)
            status, body = performed(transaction, call, params)
            self.save(transaction, call, status, body)
        self.parts.news.set()
        return Answer(status, body.encode())

    def failed(self, call: Call, fault: Fault) -> Answer:
        """Answer with the fault's status; a 5xx counts as begun, and is saved."""
        error = error_with(fault.status)
        if fault.status >= 500 and fault.saved:
            with self.parts.transaction(call.request_id, call.idempotency_key) as transaction:
                self.save(transaction, call, error.status, dumped(error.body()))
        return refusal(error)

    def saved(self, transaction: Transaction, call: Call) -> Saved | None:
        """The answer that the call's idempotency key already has."""
        if call.idempotency_key is None:
            return None
        kept = self.parts.settings.idempotency_seconds
        who, key = call.account_key, call.idempotency_key
        return idempotency.find(transaction, who, key, call.described, kept)

    def save(self, transaction: Transaction, call: Call, status: int, body: str) -> None:
        """Keep the answer for the call's idempotency key, if it has one."""
        if call.idempotency_key is not None:
            saved = Saved(call.request_id, status, body)
            who, key = call.account_key, call.idempotency_key
            idempotency.save(transaction, who, key, call.described, saved)

    def headed(self, request: Request, request_id: str, answer: Answer) -> Answer:
        """The answer with Stripe's headers; a page that is not Stripe's gets none."""
        if answer.content_type == HTML_TYPE:
            return answer
        headers = {
            "Request-Id": request_id,
            "Stripe-Version": request.headers.get("Stripe-Version", API_VERSION),
            "Cache-Control": "no-cache, no-store",
        }
        if "Idempotency-Key" in request.headers:
            headers["Idempotency-Key"] = request.headers["Idempotency-Key"]
        return replace(answer, headers={**headers, **answer.headers})


def performed(transaction: Transaction, call: Call, params: Json) -> tuple[int, str]:
    """Status and body of the operation's result, or of its refusal."""
    try:
        return 200, dumped(call.operation.execute(transaction, params, call.identifier))
    except ApiError as error:
        return error.status, dumped(error.body())


def refusal(error: ApiError) -> Answer:
    """The error as an answer."""
    return Answer(error.status, dumped(error.body()).encode())


def replayed(saved: Saved) -> Answer:
    """A saved answer, marked as Stripe marks it."""
    headers = {"Idempotent-Replayed": "true", "Original-Request": saved.request_id}
    return Answer(saved.status, saved.body.encode(), headers=headers)
