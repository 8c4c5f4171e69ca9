"""Buyers: people at browsers who click once or twice, pay or do not, and come back or do not."""

import http.client
import re
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from random import Random
from urllib.parse import urlencode, urlsplit

from e2e.fault_bench.people import slug
from e2e.fault_bench.schedule import Plan, chances
from e2e.fault_bench.seller import PayBack, wish
from e2e.fault_bench.shop import Shop
from testing.sandbox import SandboxControl
from testing.shopper import Reply, Shopper

TOKEN = "b" * 32
PAGE = re.compile(r"/c/pay/(cs_\w+)")
ORDER = re.compile(r"/payments/success/[0-9a-f-]+/")
CARDS = {
    "pays": "4242424242424242",
    "declined": "4000000000000002",
    "authentication": "4000002760003184",
    "disputed": "4000000000000259",
    "debit": "AT611904300234573201",
    "debit-fails": "AT861904300235473202",
}
FIRST_CARD = {
    "card": "pays",
    "declined-first": "declined",
    "second-step": "authentication",
    "second-step-refused": "authentication",
    "debit": "debit",
    "debit-fails": "debit-fails",
    "disputed": "disputed",
    "never-pays": "declined",
}
MOST_TRIES = 14
# What a person sees when the site is being restarted, or Stripe cannot be reached.
TROUBLE = (OSError, http.client.HTTPException)


@dataclass
class Buyer:
    """One purchase, as planned. `met` counts what the buyer met on the way."""

    plan: Plan
    shop: Shop
    seed: int
    met: Counter[str] = field(default_factory=Counter)
    chance: Random = field(init=False)

    def __post_init__(self) -> None:
        self.chance = chances(self.seed, f"patience {self.plan.number}")

    def buys(self) -> Counter[str]:
        """Do all of it, and what was met."""
        plan = self.plan
        addresses = self.presses()
        if not addresses:
            self.met["gave up before Stripe's page"] += 1
            return self.met
        if plan.way == "gives-up":
            return self.met
        time.sleep(plan.hesitates_seconds)
        for address in addresses:
            self.pays(address)
        if plan.comes_back:
            self.returns(addresses[0])
        self.afterwards(session_in(addresses[0]))
        return self.met

    def presses(self) -> list[str]:
        """Press Purchase as often as planned; the payment pages that this led to."""
        if self.plan.clicks == "double":
            with ThreadPoolExecutor(2) as pool:
                pages = list(pool.map(lambda _: self.presses_once(), range(2)))
        elif self.plan.clicks == "two-tabs":
            pages = [self.presses_once(), self.presses_once()]
        else:
            pages = [self.presses_once()]
        return list(dict.fromkeys(page for page in pages if page))

    def presses_once(self) -> str | None:
        """Press it until it leads to Stripe's page; None where it never does."""
        for _try in range(MOST_TRIES):
            reply = self.shopper_does(
                lambda shopper: shopper.send(
                    f"/payments/checkout/{slug(self.plan.bank)}/", {"csrfmiddlewaretoken": TOKEN}
                )
            )
            if reply and PAGE.search(reply.location):
                return reply.location
            if reply and reply.status == 303:
                self.met["was told: owned, or under way"] += 1
                return None
            self.met["had to try again"] += 1
            time.sleep(self.chance.uniform(0.3, 1.5))
        return None

    def pays(self, address: str) -> None:
        """Pay on the page, or through the control address."""
        way, session = self.plan.way, session_in(address)
        self.uses(FIRST_CARD[way], address)
        if way == "never-pays":
            return
        if way == "declined-first":
            self.uses("pays", address)
        elif way == "second-step":
            fill_in(address, {"action": "authenticate"})
        elif way == "second-step-refused":
            fill_in(address, {"action": "fail"})
            self.uses("pays", address)
        self.met["paid in time"] += is_complete(self.control, session)

    def uses(self, card: str, address: str) -> None:
        """Use a card; a bank debit's time is set through the control address only."""
        if self.plan.pays_on_page and not card.startswith("debit"):
            fill_in(address, {"number": CARDS[card], "expiry": "12/34", "cvc": "123"})
            return
        with suppress(AssertionError):  # the session has expired, or is paid already
            self.control.act(
                f"sessions/{session_in(address)}/pay",
                card=card,
                settle_seconds=self.plan.debit_seconds,
            )

    def returns(self, address: str) -> None:
        """Open the page after the payment, and look again a little later."""
        found = ORDER.search(success_address(self.control, session_in(address)))
        for _look in range(2):
            if found and self.shopper_does(lambda shopper: shopper.get(found[0])):
                self.met["came back"] += 1
                return
            time.sleep(1)

    def afterwards(self, session: str) -> None:
        """What the seller, Stripe's dashboard and the buyer's bank do later."""
        if self.plan.afterwards in SELLER:
            amount, access = SELLER[self.plan.afterwards]
            wish(self.shop.wishes, PayBack(session, amount, access))
            return
        act = AFTERWARDS.get(self.plan.afterwards)
        intent = payment_of(self.control, session)
        if act is None or intent is None:
            return
        time.sleep(self.plan.afterwards_seconds)
        with suppress(AssertionError):  # such as a refund of what is disputed
            act(self.control, intent)
            self.met[f"afterwards: {self.plan.afterwards}"] += 1
        if self.plan.afterwards == "refund-and-again":
            self.buys_again()

    def buys_again(self) -> None:
        """Buy anew what was paid back."""
        for _try in range(8):
            address = self.presses_once()
            if address:
                self.uses("pays", address)
                self.met["bought again"] += 1
                return
            time.sleep(1.5)

    def shopper_does(self, act: Callable[[Shopper], Reply]) -> Reply | None:
        """What the site answered; None where it did not, or with trouble of its own."""
        shopper = Shopper(self.shop.site.url, self.shop.sessions[self.plan.learner])
        shopper.cookies["testbank_csrf"] = TOKEN
        with suppress(*TROUBLE):
            reply = act(shopper)
            if reply.status < 400:
                return reply
            self.met[f"answer {reply.status}"] += 1
        return None

    @property
    def control(self) -> SandboxControl:
        """The sandbox's control address."""
        return self.shop.sandbox.control


def refund(control: SandboxControl, intent: str) -> None:
    """All goes back."""
    control.refund(intent)


def partial(control: SandboxControl, intent: str) -> None:
    """A part goes back."""
    control.refund(intent, amount=333)


def partial_and_rest(control: SandboxControl, intent: str) -> None:
    """A part goes back, then the rest."""
    control.refund(intent, amount=333)
    time.sleep(0.5)
    control.refund(intent)


def refund_fails(control: SandboxControl, intent: str) -> None:
    """All goes back, and comes back."""
    refund_id = control.refund(intent)["id"]
    time.sleep(1.5)
    control.fail_refund(refund_id)


def dispute_open(control: SandboxControl, intent: str) -> None:
    """The bank disputes it."""
    control.dispute(intent)


def dispute_won(control: SandboxControl, intent: str) -> None:
    """The bank disputes it, and gives it back."""
    closes_dispute(control, intent, "won")


def dispute_lost(control: SandboxControl, intent: str) -> None:
    """The bank disputes it, and keeps it."""
    closes_dispute(control, intent, "lost")


def closes_dispute(control: SandboxControl, intent: str, outcome: str) -> None:
    """The bank disputes it and decides."""
    dispute = control.dispute(intent)["id"]
    time.sleep(1)
    control.close_dispute(dispute, outcome)


def inquiry(control: SandboxControl, intent: str) -> None:
    """The bank asks, and no more."""
    control.close_dispute(control.dispute(intent, inquiry=True)["id"], "won")


# What the seller pays back, 0 for all, and what becomes of the access.
SELLER = {
    "seller-pays-back": (0, "revoke"),
    "seller-pays-part": (250, "keep"),
    "seller-shortens": (0, "shorten"),
}
AFTERWARDS: dict[str, Callable[[SandboxControl, str], None]] = {
    "refund": refund,
    "refund-and-again": refund,
    "partial": partial,
    "partial-and-rest": partial_and_rest,
    "refund-fails": refund_fails,
    "dispute-open": dispute_open,
    "dispute-won": dispute_won,
    "dispute-lost": dispute_lost,
    "inquiry": inquiry,
}


def session_in(address: str) -> str:
    """The session of a payment page."""
    return address.rpartition("/")[2]


def fill_in(address: str, form: dict[str, str]) -> None:
    """Send the form of a payment page."""
    parts = urlsplit(address)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=30)
    try:
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        connection.request("POST", parts.path, urlencode(form), headers)
        connection.getresponse().read()
    finally:
        connection.close()


def is_complete(control: SandboxControl, session: str) -> bool:
    """True where the buyer has done their part."""
    return bool(control.session(session)["status"] == "complete")


def payment_of(control: SandboxControl, session: str) -> str | None:
    """The payment of a session that is paid."""
    told = control.session(session)
    return str(told["payment_intent"]) if told["payment_status"] == "paid" else None


def success_address(control: SandboxControl, session: str) -> str:
    """Where the payment page leads afterwards."""
    return str(control.session(session)["success_url"])
