"""Calls to Stripe about money that goes back, and Stripe's lists, a page at a time.

Making and reading a purchase's session stands in `stripe_integration.py`. Each call here is
gentle: told that there were too many, it waits and goes on, for a bounded time.
"""

import json
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, TypeVar

from stripe import RateLimitError

from payments.stripe.facts import (
    DisputeFacts,
    MalformedObject,
    RefundFacts,
    dispute_facts,
    refund_facts,
)
from payments.models import Refund
from payments.stripe.sessions import SessionFacts, session_facts
from payments.stripe.client import stripe_client

Answer = TypeVar("Answer")
Page = list[dict[str, Any]]

PAGE = 100
FIRST_WAIT_SECONDS = 1.0
LONGEST_WAIT_SECONDS = 20.0
MOST_WAITS = 6
# Stripe's clock and ours differ by a little.
CLOCKS_DIFFER = timedelta(minutes=1)


def patiently(call: Callable[[], Answer]) -> Answer:
    """What the call gives, after waiting where Stripe says that there were too many.

    As long as Stripe asks for, else twice as long each time; six times at most.
    Raises: StripeError.
    """
    for wait in range(MOST_WAITS):
        try:
            return call()
        except RateLimitError as error:
            time.sleep(_wait_seconds(error, FIRST_WAIT_SECONDS * 2**wait))
    return call()


def _wait_seconds(error: RateLimitError, otherwise: float) -> float:
    asked = str((error.headers or {}).get("Retry-After", ""))
    return min(float(asked) if asked.isdigit() else otherwise, LONGEST_WAIT_SECONDS)


def send_refund(refund: Refund) -> RefundFacts:
    """Send the stored request with its own key, so that asking again changes nothing.

    Raises: StripeError.
    """
    answer = stripe_client().v1.refunds.create(
        json.loads(refund.request), {"idempotency_key": refund.idempotency_key or ""}
    )
    return refund_facts(answer.to_dict())


def sent_refund(refund: Refund) -> RefundFacts | None:
    """The refund that a request without an answer made, by our metadata; None without one.

    Raises: StripeError.
    """
    payment = {"payment_intent": refund.order.payment_intent_id}
    for page in _pages(stripe_client().v1.refunds.list, payment):
        for facts in readable(page, refund_facts):
            if facts.refund_id == str(refund.pk):
                return facts
    return None


def refund_now(stripe_id: str) -> RefundFacts:
    """What Stripe says of a refund. Raises: StripeError."""
    refunds = stripe_client().v1.refunds
    return refund_facts(patiently(lambda: refunds.retrieve(stripe_id)).to_dict())


def dispute_now(stripe_id: str) -> DisputeFacts:
    """What Stripe says of a dispute. Raises: StripeError."""
    disputes = stripe_client().v1.disputes
    return dispute_facts(patiently(lambda: disputes.retrieve(stripe_id)).to_dict())


def session_now(session_id: str) -> SessionFacts:
    """What Stripe says of a session. Raises: StripeError."""
    sessions = stripe_client().v1.checkout.sessions
    return session_facts(patiently(lambda: sessions.retrieve(session_id)).to_dict())


def session_pages(since: datetime) -> Iterator[Page]:
    """All sessions made since then, the newest first. Raises: StripeError."""
    return _pages(stripe_client().v1.checkout.sessions.list, _made_since(since))


def refund_pages(since: datetime) -> Iterator[Page]:
    """All refunds made since then, the newest first. Raises: StripeError."""
    return _pages(stripe_client().v1.refunds.list, _made_since(since))


def dispute_pages(since: datetime) -> Iterator[Page]:
    """All disputes opened since then, the newest first. Raises: StripeError."""
    return _pages(stripe_client().v1.disputes.list, _made_since(since))


def event_pages(since: datetime, kinds: Sequence[str]) -> Iterator[Page]:
    """Events of these kinds since then, the newest first; Stripe has those of 30 days.

    Raises: StripeError.
    """
    wanted = {**_made_since(since), "types": list(kinds)}
    return _pages(stripe_client().v1.events.list, wanted)


def event_pages_after(event_id: str, kinds: Sequence[str]) -> Iterator[Page]:
    """Events after this one, the oldest page first; in a page the newest comes first.

    Raises: StripeError; InvalidRequestError where Stripe has forgotten the event.
    """
    wanted = {"types": list(kinds)}
    return _pages(stripe_client().v1.events.list, wanted, after=event_id)


def _made_since(since: datetime) -> dict[str, Any]:
    return {"created": {"gte": int((since - CLOCKS_DIFFER).timestamp())}}


def _pages(
    listing: Callable[[Any], Any], wanted: Mapping[str, Any], *, after: str = ""
) -> Iterator[Page]:
    """Page by page: to older ones, or with `after` to newer ones. Empty pages are left out."""
    cursor = {"ending_before": after} if after else {}
    while True:
        asked = {**wanted, **cursor, "limit": PAGE}
        answer = patiently(lambda asked=asked: listing(asked)).to_dict()  # type: ignore[misc] # mypy cannot infer a lambda with a default
        page: Page = answer["data"]
        if page:
            yield page
        if not page or not answer["has_more"]:
            return
        cursor = {"ending_before": page[0]["id"]} if after else {"starting_after": page[-1]["id"]}


def readable(page: Page, read: Callable[[Mapping[str, Any]], Answer]) -> Iterator[Answer]:
    """The facts of each object of a page that can be read; foreign shapes are left out."""
    for subject in page:
        try:
            yield read(subject)
        except (MalformedObject, ValueError):
            continue
