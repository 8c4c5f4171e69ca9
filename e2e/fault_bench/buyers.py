"""Buyers, who click once or twice, pay or do not, and return or do not."""

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

from e2e.fault_bench.deployment import Deployment
from e2e.fault_bench.schedule import BuyerPlan, bank_slug, random_for
from e2e.fault_bench.seller_tasks import RefundTask, add_task
from testing.sandbox import SandboxControl
from testing.site_client import SiteClient, SiteResponse

CSRF_TOKEN = "b" * 32
PAYMENT_PAGE = re.compile(r"/c/pay/(cs_\w+)")
SUCCESS_PATH = re.compile(r"/payments/success/[0-9a-f-]+/")
CARD_NUMBERS = {
    "pays": "4242424242424242",
    "declined": "4000000000000002",
    "authentication": "4000002760003184",
    "disputed": "4000000000000259",
    "debit": "AT611904300234573201",
    "debit-fails": "AT861904300235473202",
}
FIRST_CARDS = {
    "card": "pays",
    "declined-first": "declined",
    "authentication": "authentication",
    "authentication-fails": "authentication",
    "debit": "debit",
    "debit-fails": "debit-fails",
    "disputed": "disputed",
    "never-pays": "declined",
}
MAX_TRIES = 14
# While the site restarts, or Stripe cannot be reached.
CONNECTION_ERRORS = (OSError, http.client.HTTPException)


@dataclass
class Buyer:
    """One purchase, as planned. `experience` counts what the buyer met."""

    plan: BuyerPlan
    deployment: Deployment
    seed: int
    experience: Counter[str] = field(default_factory=Counter)
    random: Random = field(init=False)

    def __post_init__(self) -> None:
        self.random = random_for(self.seed, f"patience {self.plan.number}")

    def buy(self) -> Counter[str]:
        """Carry out the plan, and return what the buyer met."""
        plan = self.plan
        pages = self.click_purchase()
        if not pages:
            self.experience["gave up before the payment page"] += 1
        elif plan.payment != "abandons":
            time.sleep(plan.hesitation_seconds)
            for page in pages:
                self.pay(page)
            if plan.returns:
                self.open_success_page(pages[0])
            self.follow_up(session_of(pages[0]))
        return self.experience

    def click_purchase(self) -> list[str]:
        """Click Purchase as often as planned; return the payment pages it led to."""
        if self.plan.clicks == "double":
            with ThreadPoolExecutor(2) as pool:
                pages = list(pool.map(lambda _: self.click_until_redirected(), range(2)))
        elif self.plan.clicks == "two-tabs":
            pages = [self.click_until_redirected(), self.click_until_redirected()]
        else:
            pages = [self.click_until_redirected()]
        return list(dict.fromkeys(page for page in pages if page))

    def click_until_redirected(self) -> str | None:
        """Click Purchase until it redirects to a payment page; None if it never does."""
        checkout = f"/payments/checkout/{bank_slug(self.plan.bank)}/"
        form = {"csrfmiddlewaretoken": CSRF_TOKEN}
        for _try in range(MAX_TRIES):
            response = self.request(lambda client: client.post(checkout, form))
            if response and PAYMENT_PAGE.search(response.location):
                return response.location
            if response and response.status == 303:
                self.experience["redirected: owned, or being paid"] += 1
                return None
            self.experience["had to try again"] += 1
            time.sleep(self.random.uniform(0.3, 1.5))
        return None

    def pay(self, page: str) -> None:
        """Pay on the payment page, or through the control API."""
        payment = self.plan.payment
        self.use_card(FIRST_CARDS[payment], page)
        if payment == "never-pays":
            return
        if payment == "declined-first":
            self.use_card("pays", page)
        elif payment == "authentication":
            submit(page, {"action": "authenticate"})
        elif payment == "authentication-fails":
            submit(page, {"action": "fail"})
            self.use_card("pays", page)
        self.experience["paid in time"] += is_complete(self.control, session_of(page))

    def use_card(self, card: str, page: str) -> None:
        """Use a test card. Only the control API sets when a bank debit settles."""
        if self.plan.pays_on_page and not card.startswith("debit"):
            submit(page, {"number": CARD_NUMBERS[card], "expiry": "12/34", "cvc": "123"})
            return
        with suppress(AssertionError):  # the session has expired, or is paid already
            self.control.act(
                f"sessions/{session_of(page)}/pay",
                card=card,
                settle_seconds=self.plan.settle_seconds,
            )

    def open_success_page(self, page: str) -> None:
        """Open the success page, and try again a little later if that fails."""
        found = SUCCESS_PATH.search(success_url(self.control, session_of(page)))
        for _try in range(2):
            if found and self.request(lambda client: client.get(found[0])):
                self.experience["returned to the site"] += 1
                return
            time.sleep(1)

    def follow_up(self, session: str) -> None:
        """Do what the seller, Stripe's dashboard or the buyer's bank does later."""
        if self.plan.follow_up in SELLER_REFUNDS:
            amount_minor, access = SELLER_REFUNDS[self.plan.follow_up]
            add_task(self.deployment.seller_tasks, RefundTask(session, amount_minor, access))
            return
        action = FOLLOW_UPS.get(self.plan.follow_up)
        intent = paid_intent(self.control, session)
        if action is None or intent is None:
            return
        time.sleep(self.plan.follow_up_seconds)
        with suppress(AssertionError):  # such as the refund of a disputed charge
            action(self.control, intent)
            self.experience[f"follow-up: {self.plan.follow_up}"] += 1
        if self.plan.follow_up == "refund-and-rebuy":
            self.rebuy()

    def rebuy(self) -> None:
        """Buy the bank again after the refund."""
        for _try in range(8):
            page = self.click_until_redirected()
            if page:
                self.use_card("pays", page)
                self.experience["bought again"] += 1
                return
            time.sleep(1.5)

    def request(self, send: Callable[[SiteClient], SiteResponse]) -> SiteResponse | None:
        """Return the site's response, or None for an error or no response."""
        client = SiteClient(self.deployment.site.url, self.deployment.sessions[self.plan.learner])
        client.cookies["testbank_csrf"] = CSRF_TOKEN
        with suppress(*CONNECTION_ERRORS):
            response = send(client)
            if response.status < 400:
                return response
            self.experience[f"response {response.status}"] += 1
        return None

    @property
    def control(self) -> SandboxControl:
        return self.deployment.sandbox.control


def refund(control: SandboxControl, intent: str) -> None:
    control.refund(intent)


def refund_partially(control: SandboxControl, intent: str) -> None:
    control.refund(intent, amount=333)


def refund_in_two_parts(control: SandboxControl, intent: str) -> None:
    control.refund(intent, amount=333)
    time.sleep(0.5)
    control.refund(intent)


def refund_and_fail(control: SandboxControl, intent: str) -> None:
    refund_id = control.refund(intent)["id"]
    time.sleep(1.5)
    control.fail_refund(refund_id)


def dispute(control: SandboxControl, intent: str) -> None:
    control.dispute(intent)


def dispute_and_win(control: SandboxControl, intent: str) -> None:
    """Dispute the payment, and let the seller win."""
    dispute_and_close(control, intent, "won")


def dispute_and_lose(control: SandboxControl, intent: str) -> None:
    """Dispute the payment, and let the seller lose."""
    dispute_and_close(control, intent, "lost")


def dispute_and_close(control: SandboxControl, intent: str, outcome: str) -> None:
    dispute_id = control.dispute(intent)["id"]
    time.sleep(1)
    control.close_dispute(dispute_id, outcome)


def inquire(control: SandboxControl, intent: str) -> None:
    """Open an inquiry, and close it."""
    control.close_dispute(control.dispute(intent, inquiry=True)["id"], "won")


# The amount that the seller refunds, 0 for all, and what becomes of the access.
SELLER_REFUNDS = {
    "seller-refunds": (0, "revoke"),
    "seller-refunds-part": (250, "keep"),
    "seller-shortens-access": (0, "shorten"),
}
FOLLOW_UPS: dict[str, Callable[[SandboxControl, str], None]] = {
    "refund": refund,
    "refund-and-rebuy": refund,
    "partial-refund": refund_partially,
    "refund-in-two-parts": refund_in_two_parts,
    "refund-fails": refund_and_fail,
    "dispute-open": dispute,
    "dispute-won": dispute_and_win,
    "dispute-lost": dispute_and_lose,
    "inquiry": inquire,
}


def session_of(page: str) -> str:
    """Return the session of a payment page."""
    return page.rpartition("/")[2]


def submit(page: str, form: dict[str, str]) -> None:
    """Submit the form of a payment page."""
    parts = urlsplit(page)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=30)
    try:
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        connection.request("POST", parts.path, urlencode(form), headers)
        connection.getresponse().read()
    finally:
        connection.close()


def is_complete(control: SandboxControl, session: str) -> bool:
    return bool(control.session(session)["status"] == "complete")


def paid_intent(control: SandboxControl, session: str) -> str | None:
    """Return the payment intent of a paid session, or None."""
    found = control.session(session)
    return str(found["payment_intent"]) if found["payment_status"] == "paid" else None


def success_url(control: SandboxControl, session: str) -> str:
    return str(control.session(session)["success_url"])
