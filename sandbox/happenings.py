"""What the control address can make happen: what buyers, banks and Stripe's dashboard do.

Each takes what was asked as JSON, and returns the object afterwards. Raises RefusedError
where what was asked makes no sense, ApiError where Stripe would refuse it.
"""

from collections.abc import Callable
from typing import Any

from sandbox import checkout, disputes, events, paying, promotions, refunds
from sandbox.cards import CARDS, DECLINES, PAYS, SECOND_STEP, Card, card_named
from sandbox.store import Json, Transaction

Happening = Callable[[Transaction, str, Json], Json]
SOMEBODY = "learner@example.com"
OUTCOMES: tuple[disputes.Outcome, ...] = ("won", "lost")
# Where the control address sets no time, a bank debit waits for it to be settled.
UNTIL_SETTLED_SECONDS = 10 * 365 * 24 * 3600


class RefusedError(Exception):
    """The control address cannot do what was asked."""


def one_of(asked: Json, name: str, allowed: tuple[Any, ...], default: Any = None) -> Any:
    """The value asked for, of those allowed. Raises RefusedError."""
    value = asked.get(name, default)
    if value not in allowed:
        raise RefusedError(f"{name} is one of {', '.join(map(str, allowed))}")
    return value


def card_in(asked: Json) -> Card:
    """The test card that was named. Raises RefusedError."""
    name = one_of(asked, "card", tuple(card.name for card in CARDS), PAYS.name)
    return card_named(name) or PAYS


def email_in(asked: Json) -> str:
    """The buyer's address."""
    return str(asked.get("email") or SOMEBODY)


def pay(transaction: Transaction, session: str, asked: Json) -> Json:
    """Pay with a test card, as if at the payment page."""
    later = int(asked.get("settle_seconds", UNTIL_SETTLED_SECONDS))
    paying.pay(transaction, session, email_in(asked), card_in(asked), later=later)
    return shown(transaction, session)


def decline(transaction: Transaction, session: str, asked: Json) -> Json:
    """Try a card that is refused."""
    reason = DECLINES[one_of(asked, "code", tuple(DECLINES), "generic_decline")]
    paying.decline(transaction, session, reason)
    return shown(transaction, session)


def confirm(transaction: Transaction, session: str, asked: Json) -> Json:
    """Confirm the second step with the bank."""
    paying.confirm(transaction, session, SECOND_STEP)
    return shown(transaction, session)


def refuse(transaction: Transaction, session: str, asked: Json) -> Json:
    """Refuse the second step."""
    paying.refuse(transaction, session, SECOND_STEP)
    return shown(transaction, session)


def settle(transaction: Transaction, session: str, asked: Json) -> Json:
    """Let the money of a bank account come, or fail to."""
    paying.settle(transaction, session, comes=one_of(asked, "comes", (True, False), default=True))
    return shown(transaction, session)


def promote(transaction: Transaction, session: str, asked: Json) -> Json:
    """Type a promotion code at the payment page."""
    stored = checkout.find(transaction, session)
    promotions.apply(transaction, stored, str(asked.get("code", "")))
    return shown(transaction, session)


def expire(transaction: Transaction, session: str, asked: Json) -> Json:
    """Let a session's time be over."""
    return checkout.expire(transaction, session, {})


def shown(transaction: Transaction, session: str) -> Json:
    """The session as it is now."""
    return checkout.retrieve(transaction, session, {})


def refund(transaction: Transaction, asked: Json) -> Json:
    """Give money back from Stripe's dashboard; takes what the API takes."""
    return refunds.create(transaction, refunds.CREATE_PARAMETERS(as_form(asked), ""))


def succeed_refund(transaction: Transaction, identifier: str, asked: Json) -> Json:
    """A pending refund arrives."""
    return refunds.succeed(transaction, identifier)


def fail_refund(transaction: Transaction, identifier: str, asked: Json) -> Json:
    """A refund comes back, even one that had arrived."""
    reason = one_of(asked, "reason", refunds.FAILURES, "unknown")
    return refunds.fail(transaction, identifier, reason)


def dispute(transaction: Transaction, asked: Json) -> Json:
    """The buyer's bank disputes a charge."""
    return disputes.open_for(transaction, disputes.OPEN_PARAMETERS(as_form(asked), ""))


def close_dispute(transaction: Transaction, identifier: str, asked: Json) -> Json:
    """The bank decides."""
    outcome = one_of(asked, "outcome", OUTCOMES)
    return disputes.close(transaction, identifier, outcome)


def send_event(transaction: Transaction, identifier: str, asked: Json) -> Json:
    """Tell an event again."""
    event = events.retrieve(transaction, identifier)
    events.send(transaction, identifier, event["type"])
    return event


def twin_event(transaction: Transaction, identifier: str, asked: Json) -> Json:
    """Tell an event a second time under another name."""
    twin = events.twin(transaction, identifier)
    events.send(transaction, twin["id"], twin["type"])
    return twin


def as_form(asked: Json) -> Json:
    """JSON as a decoded form has it: all values are text."""
    return {
        name: as_form(value) if isinstance(value, dict) else as_text(value)
        for name, value in asked.items()
    }


def as_text(value: Any) -> str:
    """A value as a form has it."""
    return str(value).lower() if isinstance(value, bool) else str(value)


NAMED: dict[tuple[str, str], Happening] = {
    ("sessions", "pay"): pay,
    ("sessions", "decline"): decline,
    ("sessions", "confirm"): confirm,
    ("sessions", "refuse"): refuse,
    ("sessions", "settle"): settle,
    ("sessions", "promote"): promote,
    ("sessions", "expire"): expire,
    ("events", "send"): send_event,
    ("events", "twin"): twin_event,
    ("refunds", "succeed"): succeed_refund,
    ("refunds", "fail"): fail_refund,
    ("disputes", "close"): close_dispute,
}
NEW: dict[str, Callable[[Transaction, Json], Json]] = {"refunds": refund, "disputes": dispute}
