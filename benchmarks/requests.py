"""What is asked of the shop and of its bare counterpart, for each thing that is measured."""

import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any, Protocol

from benchmarks.figures import NO_GOAL, Goal, at_least
from benchmarks.load import Request
from benchmarks.plan import PRICE_MINOR, QUESTIONS, Plan
from benchmarks.webhooks import delivery, paid_event

CSRF = "c" * 32
FORM = "application/x-www-form-urlencoded"
FORGED_SECRET = "whsec_of_somebody_else"  # noqa: S105 - no secret of anybody


@dataclass(frozen=True, slots=True)
class Target:
    """One thing that is measured. `status` is the only right answer to it.

    `signed_in` says that session and user are read too, which are counted apart.
    """

    name: str
    goal: Goal
    most_statements: int
    status: int = 200
    signed_in: bool = False


TARGETS = (
    Target("detail", at_least(0.60), most_statements=3),
    Target("list", at_least(0.55), most_statements=3),
    Target("answer", at_least(0.40), most_statements=4, status=303, signed_in=True),
    Target("webhook-new", at_least(0.40), most_statements=7),
    Target("webhook-duplicate", at_least(0.75), most_statements=2),
    Target("webhook-forged", NO_GOAL, most_statements=0, status=400),
)


class Supply(Protocol):
    """Requests for one side. Those that change something are never given twice."""

    def of(self, name: str, count: int) -> list[Request]:
        """So many requests of the target with that name."""


class ShopRequests:
    """Requests to the shop, out of what its database was filled with."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._open_answers = self._answers()
        self._open_orders = iter(plan.orders)
        self._told: list[dict[str, Any]] = []

    def of(self, name: str, count: int) -> list[Request]:
        """See `Supply`. A duplicate is of an event that this has given before."""
        makers: dict[str, Callable[[int], list[Request]]] = {
            "detail": lambda count: [Request("GET", f"/banks/{self._plan.banks[0]}/")] * count,
            "list": lambda count: [Request("GET", "/banks/")] * count,
            "answer": lambda count: list(islice(self._open_answers, count)),
            "webhook-new": self._new_events,
            "webhook-duplicate": self._known_events,
            "webhook-forged": self._forged_events,
        }
        requests = makers[name](count)
        if len(requests) < count:
            raise RuntimeError(f"the database holds too few open ones for {name}")
        return requests

    def _answers(self) -> Iterator[Request]:
        for position in range(1, QUESTIONS + 1):
            for session, attempt in self._plan.attempts:
                yield form(session, f"/practice/{attempt}/{position}/", "&choice=b")

    def _new_events(self, count: int) -> list[Request]:
        events = [
            paid_event(order_id, session_id, amount_minor=PRICE_MINOR)
            for order_id, session_id in islice(self._open_orders, count)
        ]
        self._told += events
        return [delivery(event, path="/payments/webhook/") for event in events]

    def _known_events(self, count: int) -> list[Request]:
        known = (self._told * count)[:count]
        return [delivery(event, path="/payments/webhook/") for event in known]

    def _forged_events(self, count: int) -> list[Request]:
        event = paid_event(*self._plan.orders[0], amount_minor=PRICE_MINOR)
        return [delivery(event, path="/payments/webhook/", secret=FORGED_SECRET)] * count


def form(session: str, path: str, fields: str = "") -> Request:
    """A form of the shop, as the browser of somebody who is signed in sends it."""
    cookies = f"testbank_session={session}; testbank_csrf={CSRF}"
    headers = {"Content-Type": FORM, "Cookie": cookies}
    return Request("POST", path, headers, f"csrfmiddlewaretoken={CSRF}{fields}")


def purchases(plan: Plan) -> Iterator[Request]:
    """Every buyer presses Purchase on every bank, the next buyer first."""
    for bank in plan.banks:
        for session in plan.buyers:
            yield form(session, f"/payments/checkout/{bank}/")


class BareRequests:
    """Requests to the bare site: the same sizes, and nothing that must exist beforehand."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._told: list[dict[str, Any]] = []

    def of(self, name: str, count: int) -> list[Request]:
        """See `Supply`."""
        makers: dict[str, Callable[[int], list[Request]]] = {
            "detail": lambda count: [Request("GET", f"/detail/{self._plan.banks[0]}/")] * count,
            "list": lambda count: [Request("GET", "/list/")] * count,
            "answer": lambda count: [self._answer(position + 1) for position in range(count)],
            "webhook-new": self._new_events,
            "webhook-duplicate": self._known_events,
            "webhook-forged": self._forged_events,
        }
        return makers[name](count)

    def _answer(self, position: int) -> Request:
        path = f"/answer/{uuid.uuid4()}/{position}/"
        return Request("POST", path, {"Content-Type": FORM}, "choice=b")

    def _new_events(self, count: int) -> list[Request]:
        events = [_event() for _number in range(count)]
        self._told += events
        return [delivery(event, path="/webhook/") for event in events]

    def _known_events(self, count: int) -> list[Request]:
        known = (self._told * count)[:count]
        return [delivery(event, path="/webhook/") for event in known]

    def _forged_events(self, count: int) -> list[Request]:
        return [delivery(_event(), path="/webhook/", secret=FORGED_SECRET)] * count


def _event() -> dict[str, Any]:
    session = f"cs_test_{uuid.uuid4().hex}"
    return paid_event(str(uuid.uuid4()), session, amount_minor=PRICE_MINOR)
