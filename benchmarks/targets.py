"""What is compared with the bare site, and the requests to both sides."""

import uuid
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import cycle, islice
from typing import Any, Protocol

from benchmarks.load import Request
from benchmarks.report import Budget, at_most
from benchmarks.seed_data import PRICE_MINOR, QUESTIONS, SeedData
from benchmarks.stripe_events import delivery, paid_event

CSRF = "c" * 32
FORM = "application/x-www-form-urlencoded"
OTHER_SECRET = "whsec_of_somebody_else"  # noqa: S105 - nobody's secret


@dataclass(frozen=True, slots=True)
class Target:
    """A request to the site, the bare one that it is compared with, and its budget.

    `status` is the only right answer. `max_statements` limits the statements of a request
    with the page cache off, session and user included.
    """

    name: str
    bare: str
    budget: Budget
    max_statements: int | None = None
    status: int = 200


TARGETS = (
    Target("detail", "detail", at_most(2), max_statements=5),
    Target("list", "list", at_most(2), max_statements=5),
    Target("detail-signed-in", "detail", at_most(7)),
    Target("list-signed-in", "list", at_most(4)),
    Target("my-banks", "list", at_most(4)),
    Target("question", "detail", at_most(6), max_statements=12),
    Target("result", "detail", at_most(7), max_statements=12),
    Target("answer", "answer", at_most(5), max_statements=12, status=303),
    Target("webhook-fulfillment", "webhook-new", at_most(5), max_statements=25),
    Target("webhook-duplicate", "webhook-duplicate", at_most(3), max_statements=25),
    Target("webhook-forged", "webhook-forged", at_most(3), max_statements=0, status=400),
)


class Requests(Protocol):
    """The requests to one side."""

    def of(self, name: str, count: int) -> list[Request]:
        """Return `count` requests of that name. One that changes something comes only once."""


class SiteRequests:
    """Requests to the site, for what its database was seeded with."""

    def __init__(self, data: SeedData) -> None:
        self._data = data
        self._unanswered = self._answers()
        self._open_orders = iter(data.orders)
        self._questions = self._question_pages()
        self._delivered: list[dict[str, Any]] = []

    def of(self, name: str, count: int) -> list[Request]:
        """See `Requests`. A duplicate delivers an event that was returned here before."""
        data = self._data
        detail, buyer = f"/banks/{data.banks[0]}/", data.buyers[0]
        result = page(f"/practice/{data.finished.attempt}/", data.finished.session)
        makers: dict[str, Callable[[int], Sequence[Request]]] = {
            "detail": lambda count: [page(detail)] * count,
            "list": lambda count: [page("/banks/")] * count,
            "detail-signed-in": lambda count: [page(detail, buyer)] * count,
            "list-signed-in": lambda count: [page("/banks/", buyer)] * count,
            "my-banks": lambda count: [page("/my-banks/", data.owner)] * count,
            "question": lambda count: list(islice(self._questions, count)),
            "result": lambda count: [result] * count,
            "answer": lambda count: list(islice(self._unanswered, count)),
            "webhook-fulfillment": self._new_events,
            "webhook-duplicate": self._delivered_events,
            "webhook-forged": self._forged_events,
        }
        requests = list(makers[name](count))
        if len(requests) < count:
            raise RuntimeError(f"the seed data has too few requests of {name}")
        return requests

    def _question_pages(self) -> Iterator[Request]:
        """Every question of a half-answered attempt: half with a form, half with the key."""
        half = self._data.half_answered
        for position in cycle(range(1, QUESTIONS + 1)):
            yield page(f"/practice/{half.attempt}/{position}/", half.session)

    def _answers(self) -> Iterator[Request]:
        for position in range(1, QUESTIONS + 1):
            for one in self._data.attempts:
                yield form(one.session, f"/practice/{one.attempt}/{position}/", "&choice=b")

    def _new_events(self, count: int) -> list[Request]:
        events = [
            paid_event(order_id, session_id, amount_minor=PRICE_MINOR)
            for order_id, session_id in islice(self._open_orders, count)
        ]
        self._delivered += events
        return [delivery(event, path="/payments/webhook/") for event in events]

    def _delivered_events(self, count: int) -> list[Request]:
        events = islice(cycle(self._delivered), count)
        return [delivery(event, path="/payments/webhook/") for event in events]

    def _forged_events(self, count: int) -> list[Request]:
        event = paid_event(*self._data.orders[0], amount_minor=PRICE_MINOR)
        return [delivery(event, path="/payments/webhook/", secret=OTHER_SECRET)] * count


class BareRequests:
    """Requests to the bare site, of the same size."""

    def __init__(self, data: SeedData) -> None:
        self._data = data
        self._delivered: list[dict[str, Any]] = []

    def of(self, name: str, count: int) -> list[Request]:
        """See `Requests`."""
        makers: dict[str, Callable[[int], Sequence[Request]]] = {
            "detail": lambda count: [page(f"/detail/{self._data.banks[0]}/")] * count,
            "list": lambda count: [page("/list/")] * count,
            "answer": lambda count: [self._answer(position + 1) for position in range(count)],
            "webhook-new": self._new_events,
            "webhook-duplicate": self._delivered_events,
            "webhook-forged": self._forged_events,
        }
        return list(makers[name](count))

    def _answer(self, position: int) -> Request:
        path = f"/answer/{uuid.uuid4()}/{position}/"
        return Request("POST", path, {"Content-Type": FORM}, "choice=b")

    def _new_events(self, count: int) -> list[Request]:
        events = [bare_event() for _number in range(count)]
        self._delivered += events
        return [delivery(event, path="/webhook/") for event in events]

    def _delivered_events(self, count: int) -> list[Request]:
        events = islice(cycle(self._delivered), count)
        return [delivery(event, path="/webhook/") for event in events]

    def _forged_events(self, count: int) -> list[Request]:
        return [delivery(bare_event(), path="/webhook/", secret=OTHER_SECRET)] * count


def page(path: str, session: str = "") -> Request:
    """Get a page, as the user of that session if there is one."""
    return Request("GET", path, {"Cookie": _cookies(session)} if session else {})


def form(session: str, path: str, fields: str = "") -> Request:
    """Post a form as the user of that session."""
    headers = {"Content-Type": FORM, "Cookie": _cookies(session)}
    return Request("POST", path, headers, f"csrfmiddlewaretoken={CSRF}{fields}")


def purchases(data: SeedData) -> Iterator[Request]:
    """Every buyer purchases the first bank, then the second, and so on."""
    for bank in data.banks:
        for session in data.buyers:
            yield form(session, f"/payments/checkout/{bank}/")


def _cookies(session: str) -> str:
    return f"testbank_session={session}; testbank_csrf={CSRF}"


def bare_event() -> dict[str, Any]:
    """The event of a paid order that the site does not have."""
    session = f"cs_test_{uuid.uuid4().hex}"
    return paid_event(str(uuid.uuid4()), session, amount_minor=PRICE_MINOR)
