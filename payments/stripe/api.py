"""The calls to Stripe, each with typed facts as its result. All of them raise StripeError.

Calls for a waiting person fail at once if Stripe limits the rate. Background calls wait and
retry, for a bounded time.
"""

import json
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, TypeVar

from payments.models import Order, Refund
from payments.stripe.client import stripe_client
from payments.stripe.errors import (
    InvalidRequestError,
    MalformedObject,
    RateLimitError,
    UnreadableAnswer,
)
from payments.stripe.facts import (
    DisputeFacts,
    RefundFacts,
    SessionFacts,
    dispute_facts,
    own_order_id,
    own_refund_id,
    refund_facts,
    session_facts,
)

T = TypeVar("T")
Page = list[dict[str, Any]]
ListCall = Callable[[Any], Any]

# Stripe keeps idempotency keys for at least 24 hours. After that the same key would make a new
# object, so an older request without an answer is looked for instead of being sent again.
# Source: docs.stripe.com/api/idempotent_requests.
IDEMPOTENCY_KEY_LIFETIME = timedelta(hours=23)
PAGE_SIZE = 100
FIRST_BACKOFF_SECONDS = 1.0
MAX_BACKOFF_SECONDS = 20.0
MAX_RETRIES = 6
# Stripe's clock and ours differ by a little.
CLOCK_SKEW = timedelta(minutes=1)


def create_session(order: Order) -> SessionFacts:
    """Send the order's stored request with its idempotency key; a repeat changes nothing."""
    options: Any = {"idempotency_key": order.idempotency_key}
    sessions = stripe_client().v1.checkout.sessions
    return _read(session_facts, sessions.create(json.loads(order.request), options))


def retrieve_session(session_id: str, *, deadline_seconds: float | None = None) -> SessionFacts:
    """Return the session as it is now."""
    sessions = stripe_client(deadline_seconds).v1.checkout.sessions
    return _read(session_facts, sessions.retrieve(session_id))


def expire_session(session_id: str) -> SessionFacts:
    """Expire the session and return it; unchanged if the buyer paid it at that moment."""
    sessions = stripe_client().v1.checkout.sessions
    try:
        return _read(session_facts, sessions.expire(session_id))
    except InvalidRequestError:
        return retrieve_session(session_id)


def find_session(order: Order, *, since: datetime) -> SessionFacts | None:
    """Find the session that a request without an answer made, by our metadata."""
    list_sessions = stripe_client().v1.checkout.sessions.list
    for page in _pages(list_sessions, _created_since(since)):
        for subject in page:
            if own_order_id(subject) == str(order.pk):
                return _read(session_facts, subject)
    return None


def create_refund(refund: Refund) -> RefundFacts:
    """Send the refund's stored request with its idempotency key; a repeat changes nothing."""
    options: Any = {"idempotency_key": refund.idempotency_key or ""}
    refunds = stripe_client().v1.refunds
    return _read(refund_facts, refunds.create(json.loads(refund.request), options))


def find_refund(refund: Refund) -> RefundFacts | None:
    """Find the refund that a request without an answer made, by our metadata."""
    filters = {"payment_intent": refund.order.payment_intent_id}
    for page in _pages(retrying(stripe_client().v1.refunds.list), filters):
        for subject in page:
            if own_refund_id(subject) == str(refund.pk):
                return _read(refund_facts, subject)
    return None


def retrieve_refund(stripe_id: str) -> RefundFacts:
    """Return the refund as it is now. Retries if Stripe limits the rate."""
    retrieve = retrying(stripe_client().v1.refunds.retrieve)
    return _read(refund_facts, retrieve(stripe_id))


def retrieve_dispute(stripe_id: str) -> DisputeFacts:
    """Return the dispute as it is now. Retries if Stripe limits the rate."""
    retrieve = retrying(stripe_client().v1.disputes.retrieve)
    return _read(dispute_facts, retrieve(stripe_id))


def list_sessions(since: datetime) -> Iterator[Page]:
    """Yield all sessions created since then, newest first."""
    return _pages(retrying(stripe_client().v1.checkout.sessions.list), _created_since(since))


def list_refunds(since: datetime) -> Iterator[Page]:
    """Yield all refunds created since then, newest first."""
    return _pages(retrying(stripe_client().v1.refunds.list), _created_since(since))


def list_disputes(since: datetime) -> Iterator[Page]:
    """Yield all disputes opened since then, newest first."""
    return _pages(retrying(stripe_client().v1.disputes.list), _created_since(since))


def list_events(since: datetime, kinds: Sequence[str]) -> Iterator[Page]:
    """Yield events of these types since then, newest first; Stripe keeps them for 30 days."""
    filters = {**_created_since(since), "types": list(kinds)}
    return _pages(retrying(stripe_client().v1.events.list), filters)


def list_events_after(event_id: str, kinds: Sequence[str]) -> Iterator[Page]:
    """Yield events after this one: the oldest page first, the newest event first in each.

    Raises: InvalidRequestError if Stripe no longer knows the event.
    """
    filters = {"types": list(kinds), "ending_before": event_id}
    return _pages(retrying(stripe_client().v1.events.list), filters, next_cursor=_newer)


def _read(read: Callable[[Mapping[str, Any]], T], answer: Any) -> T:
    """Return the facts of an object of ours. Raises: UnreadableAnswer."""
    try:
        return read(answer if isinstance(answer, dict) else answer.to_dict())
    except MalformedObject as error:
        raise UnreadableAnswer(error) from error


def retrying(call: Callable[..., T]) -> Callable[..., T]:
    """Return the call with retries for when Stripe limits the rate.

    Waits as long as `Retry-After` says, else with exponential backoff; six times at most.
    """

    def retried(*arguments: Any) -> T:
        for retry in range(MAX_RETRIES):
            try:
                return call(*arguments)
            except RateLimitError as error:
                time.sleep(_backoff_seconds(error, FIRST_BACKOFF_SECONDS * 2**retry))
        return call(*arguments)

    return retried


def _backoff_seconds(error: RateLimitError, otherwise: float) -> float:
    retry_after = str((error.headers or {}).get("Retry-After", ""))
    wanted = float(retry_after) if retry_after.isdigit() else otherwise
    return min(wanted, MAX_BACKOFF_SECONDS)


def _created_since(since: datetime) -> dict[str, Any]:
    return {"created": {"gte": int((since - CLOCK_SKEW).timestamp())}}


def _page(answer: Mapping[str, Any]) -> tuple[Page, bool]:
    """Read a page of a list, and whether another follows. Raises: MalformedObject."""
    page = answer.get("data")
    if not isinstance(page, list) or not all(isinstance(each.get("id"), str) for each in page):
        raise MalformedObject("no list of objects")
    return page, bool(page) and bool(answer.get("has_more"))


def _older(page: Page) -> dict[str, str]:
    return {"starting_after": page[-1]["id"]}


def _newer(page: Page) -> dict[str, str]:
    return {"ending_before": page[0]["id"]}


def _pages(
    list_call: ListCall,
    filters: Mapping[str, Any],
    *,
    next_cursor: Callable[[Page], dict[str, str]] = _older,
) -> Iterator[Page]:
    """Yield the pages of a list that have content."""
    cursor: dict[str, str] = {}
    has_more = True
    while has_more:
        page, has_more = _read(_page, list_call({**filters, **cursor, "limit": PAGE_SIZE}))
        if page:
            yield page
            cursor = next_cursor(page)
