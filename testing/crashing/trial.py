"""Journeys from a click to access, each interrupted at every point.

A process is killed once for each point and stage, in the journey in which it was found first. One
recovery then completes the purchase: the buyer, a webhook, or reconciliation (after another click
if the buyer had not reached Stripe's page).
"""

import http.client
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from enum import StrEnum
from itertools import cycle

from testing.crashing.points import Moment
from testing.crashing.shop import Buyer, Outcome, Shop


class Stage(StrEnum):
    """A part of a journey."""

    PURCHASE = "purchase"
    AGAIN = "purchase again"
    NEW_PRICE = "a new price"
    ELSEWHERE = "purchase at the new price"
    PAYMENT = "payment"
    OWNED = "purchase after payment"
    WEBHOOK = "webhook"
    RETURN = "return page"
    RECONCILIATION = "reconciliation"
    WORKER = "worker"


class Recovery(StrEnum):
    """What completes a purchase after a crash."""

    BUYER = "the buyer clicks again"
    WEBHOOK = "Stripe tells again"
    RECONCILIATION = "reconciliation"


JOURNEYS: tuple[tuple[Stage, ...], ...] = (
    (Stage.PURCHASE, Stage.PAYMENT, Stage.WEBHOOK, Stage.RETURN, Stage.WORKER),
    (Stage.PURCHASE, Stage.AGAIN, Stage.PAYMENT, Stage.RETURN, Stage.WORKER),
    (Stage.PURCHASE, Stage.PAYMENT, Stage.RECONCILIATION, Stage.WORKER),
    (Stage.PURCHASE, Stage.PAYMENT, Stage.OWNED, Stage.WORKER),
    (
        *(Stage.PURCHASE, Stage.NEW_PRICE, Stage.ELSEWHERE),
        *(Stage.PAYMENT, Stage.WEBHOOK, Stage.WORKER),
    ),
)


@dataclass(frozen=True, slots=True)
class Point:
    """A point in a stage of a journey at which a process can be killed."""

    journey: tuple[Stage, ...]
    stage: Stage
    moment: Moment
    at_stripe: bool

    def __str__(self) -> str:
        time = f", time {self.moment.nth + 1}" if self.moment.nth else ""
        return f"{self.stage}: {self.moment.what}{time}, {self.moment.when}"


@dataclass(frozen=True, slots=True)
class Trial:
    """A buyer's journey that was interrupted at a point, and the recovery that completed it.

    Without a point nothing was interrupted. `has_died` is False if the point was not reached.
    """

    buyer: Buyer
    point: Point | None
    recovery: Recovery | None
    has_died: bool = True

    def problems(self, outcome: Outcome, sent: Counter[str]) -> list[str]:
        """Return what is wrong with the outcome; [] if nothing."""
        wrong = [
            (not self.has_died, "the point was not reached again"),
            (outcome.paid_orders != 1, f"{outcome.paid_orders} paid orders"),
            (outcome.granted_orders != 1, f"{outcome.granted_orders} orders with access"),
            (outcome.accesses != 1, f"{outcome.accesses} accesses"),
            (outcome.open_checkouts != 0, "a checkout is open still"),
            (outcome.paid_sessions != 1, f"{outcome.paid_sessions} sessions were paid"),
            (outcome.payable_sessions != 0, "a second session can be paid"),
            ("payments/email/access_ready" not in outcome.mails, "no mail was queued"),
            (len(set(outcome.mails)) != len(outcome.mails), "a mail was queued twice"),
            (outcome.unsent_mails != 0, "a mail was never sent"),
            (len(sent) != len(outcome.mails), f"{len(sent)} mails went out"),
            (max(sent.values(), default=0) > self._sendings, f"mails went out {sent}"),
        ]
        return [words for is_wrong, words in wrong if is_wrong]

    @property
    def _sendings(self) -> int:
        """Two if the worker died after the mail server accepted a mail and before the commit."""
        return 2 if self.point and self.point.stage == Stage.WORKER else 1


def recorded(shop: Shop) -> tuple[list[Point], list[Trial]]:
    """Run each journey without a crash; return its points, and these runs as trials."""
    points: dict[tuple[Stage, Moment], Point] = {}
    trials = []
    for journey in JOURNEYS:
        buyer = shop.new_buyer()
        shop.listen(to_webhooks=Stage.WEBHOOK in journey)
        for stage in journey:
            _forget_reached(shop)
            _steps(shop)[stage](buyer)
            for point in _reached(shop, journey, stage):
                points.setdefault((stage, point.moment), point)
        trials.append(Trial(buyer, None, None))
    return list(points.values()), trials


def cut_off(shop: Shop, points: Sequence[Point], recoveries: Sequence[Recovery]) -> Iterator[Trial]:
    """Run a trial for each point, with the recoveries in turn."""
    turn = cycle(recoveries)
    for point in points:
        yield _cut_off(shop, point, next(turn))


def _cut_off(shop: Shop, point: Point, recovery: Recovery) -> Trial:
    buyer = shop.new_buyer()
    shop.listen(to_webhooks=Stage.WEBHOOK in point.journey or recovery is Recovery.WEBHOOK)
    for stage in point.journey[: point.journey.index(point.stage)]:
        _steps(shop)[stage](buyer)
    has_died = _died(shop, point, buyer)
    _bring_to_its_end(shop, buyer, recovery)
    shop.let_time_pass()
    if shop.untold():
        shop.tell()
    return Trial(buyer, point, recovery, has_died)


def _died(shop: Shop, point: Point, buyer: Buyer) -> bool:
    """Run the stage with the point armed; return whether a process died."""
    killer = shop.steps if point.at_stripe else shop.watch
    killer.arm(point.moment)
    with suppress(OSError, http.client.HTTPException, AssertionError):
        _steps(shop)[point.stage](buyer)
    return killer.disarm()


def _bring_to_its_end(shop: Shop, buyer: Buyer, recovery: Recovery) -> None:
    if not buyer.return_path:
        shop.purchase(buyer)
        shop.pay(buyer)
    if recovery is Recovery.BUYER:
        shop.purchase(buyer)
        shop.come_back(buyer)
    elif recovery is Recovery.WEBHOOK:
        shop.tell()
    else:
        ended = shop.reconcile()
        assert ended.code == 0, ended.output


def _steps(shop: Shop) -> dict[Stage, Callable[[Buyer], object]]:
    return {
        Stage.PURCHASE: shop.purchase,
        Stage.AGAIN: shop.purchase,
        Stage.NEW_PRICE: shop.raise_price,
        Stage.ELSEWHERE: shop.purchase,
        Stage.PAYMENT: shop.pay,
        Stage.OWNED: shop.purchase,
        Stage.WEBHOOK: lambda _buyer: shop.tell(),
        Stage.RETURN: shop.come_back,
        Stage.RECONCILIATION: lambda _buyer: shop.reconcile(),
        Stage.WORKER: lambda _buyer: shop.work(),
    }


def _forget_reached(shop: Shop) -> None:
    shop.watch.take_reached()
    shop.steps.take_reached()


def _reached(shop: Shop, journey: tuple[Stage, ...], stage: Stage) -> Iterator[Point]:
    if stage is Stage.NEW_PRICE:  # the seller's doing, and no step of a purchase
        return
    for taken, at_stripe in (
        (shop.watch.take_reached(), False),
        (shop.steps.take_reached(), True),
    ):
        times: Counter[tuple[str, str]] = Counter()
        for what, when in taken:
            yield Point(journey, stage, Moment(what, when, times[what, when]), at_stripe)
            times[what, when] += 1
