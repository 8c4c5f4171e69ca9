"""The run: buyers and trouble, then calm, a restart, reconciliation, and the count."""

import sys
import tempfile
import threading
import time
from collections import Counter
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from e2e.fault_bench import schedule
from e2e.fault_bench.books import Payment, ShopBooks, sandbox_books
from e2e.fault_bench.buyers import Buyer
from e2e.fault_bench.counting import BREACHES, Violation, violations
from e2e.fault_bench.seller import are_done
from e2e.fault_bench.shop import Shop, open_shop, wait_for_silence
from e2e.fault_bench.trouble import Trouble
from testing.contract import breaches
from testing.parts import SHARED

BUYERS_AT_ONCE = 16
PROGRESS_SECONDS = 10.0
A_DAY_AND_MORE_SECONDS = 25 * 3600
# A refund that met a fault of Stripe's is sent under another key after a minute.
ANSWERS_SECONDS = 200
# Reading all of them would take as long as the run.
HELD_AGAINST_DESCRIPTION = 500
# A mail that a killed worker held is free again after a minute.
MAILS_SECONDS = 120


@dataclass(frozen=True)
class Outcome:
    """What a run came to."""

    seconds: float
    met: Counter[str]
    weather: dict[str, int]
    kills: Counter[str]
    held_against_description: int
    untold: int
    reconciled: str
    payments: list[Payment]
    shop: ShopBooks
    post: dict[str, int]
    violations: list[Violation]


def run(*, database: str, purchases: int, seed: int) -> Outcome:
    """The whole bench, in a folder of its own that is gone afterwards."""
    learners = -(-purchases // schedule.BANKS)
    with tempfile.TemporaryDirectory(prefix="testbank-bench-") as name:
        folder = Path(name)
        folder.chmod(0o711)
        with open_shop(folder, database, learners=learners) as shop:
            return _run(shop, folder, purchases=purchases, seed=seed)


def _run(shop: Shop, folder: Path, *, purchases: int, seed: int) -> Outcome:
    started = time.monotonic()
    shop.sandbox.control.set_fault_rates(**schedule.climate(seed))
    met, kills = _storm(shop, purchases=purchases, seed=seed)
    weather = shop.sandbox.control.clear_fault_rates()
    untold, reconciled = _aftermath(shop)
    checked, breached = _breaches(shop)
    books = _books_when_all_is_sent(shop)
    shop.close()
    shop.sandbox.process.terminate()
    shop.sandbox.process.wait(timeout=10)
    payments = sandbox_books(folder / "sandbox.sqlite3")
    post = shop.post.counts
    return Outcome(
        seconds=time.monotonic() - started,
        met=met,
        weather=weather,
        kills=kills,
        held_against_description=checked,
        untold=untold,
        reconciled=reconciled,
        payments=payments,
        shop=books,
        post=post,
        violations=[*violations(payments, books, post, kills=kills["worker"]), *breached],
    )


def _breaches(shop: Shop) -> tuple[int, list[Violation]]:
    """How many of the last requests were held against Stripe's description, and what is wrong."""
    if not SHARED.is_dir():
        return 0, []
    entries = shop.sandbox.control.requests()[-HELD_AGAINST_DESCRIPTION:]
    wrong = [Violation(BREACHES, f"{name}: {error}") for name, error in breaches(entries)]
    return len(entries), wrong


def _storm(shop: Shop, *, purchases: int, seed: int) -> tuple[Counter[str], Counter[str]]:
    """All buyers, while things are killed; what they met, and what was killed."""
    begun = Count()

    def buy(number: int) -> Counter[str]:
        begun.add()
        return Buyer(schedule.plan(seed, number), shop, seed).buys()

    scheduled: list[schedule.Kill | schedule.NewPrice] = [
        *schedule.kills(seed, purchases),
        *schedule.prices(seed, purchases),
    ]
    trouble = Trouble(shop, scheduled, seed, begun.value)
    trouble.start()
    with ThreadPoolExecutor(BUYERS_AT_ONCE) as pool:
        buyers = [pool.submit(buy, number) for number in range(purchases)]
        _tell_progress(buyers, trouble.done)
    trouble.end()
    return sum((buyer.result() for buyer in buyers), Counter()), trouble.done


class Count:
    """A number that many threads count up."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._number = 0

    def add(self) -> None:
        """One more."""
        with self._lock:
            self._number += 1

    def value(self) -> int:
        """How many there are."""
        return self._number


def _tell_progress(buyers: list[Future[Counter[str]]], kills: Counter[str]) -> None:
    started, told_at = time.monotonic(), 0.0
    while not all(buyer.done() for buyer in buyers):
        time.sleep(0.2)
        elapsed = time.monotonic() - started
        if elapsed - told_at >= PROGRESS_SECONDS:
            told_at = elapsed
            done = sum(buyer.done() for buyer in buyers)
            say(f"  {done:>5} of {len(buyers)} buyers done, {kills.total()} kills, {elapsed:.0f} s")


def _aftermath(shop: Shop) -> tuple[int, str]:
    """Everything is started anew, what is under way ends, a day passes, the shop reconciles.

    Stripe's day passes only after the shop has an answer to all it asked: the shop's clock
    does not follow, and it would send keys that Stripe has forgotten.
    """
    shop.close()
    shop.open()
    wait_for_silence(shop, seconds=90)
    _wait_for_answers(shop)
    shop.sandbox.control.advance_clock(A_DAY_AND_MORE_SECONDS)
    untold = wait_for_silence(shop, seconds=90)
    say("  calm: all restarted, a day later at Stripe; reconciling")
    done = shop.site.manage("reconcile_payments")
    return untold, f"exit code {done.returncode}\n{done.stdout}{done.stderr}"


def _wait_for_answers(shop: Shop) -> None:
    """Wait until the seller has nothing to do and every refund that was asked for is answered."""
    ends_at = time.monotonic() + ANSWERS_SECONDS
    while time.monotonic() < ends_at:
        if are_done(shop.wishes) and not shop.books().refunds_asked:
            return
        time.sleep(4)
        shop.site.manage("work", "--once")


def _books_when_all_is_sent(shop: Shop) -> ShopBooks:
    """The shop's books once its worker has sent what it can."""
    ends_at = time.monotonic() + MAILS_SECONDS
    books = shop.books()
    while not all(mail.is_sent for mail in books.mails) and time.monotonic() < ends_at:
        time.sleep(3)
        books = shop.books()
    return books


def say(words: str) -> None:
    """A line for whoever waits."""
    sys.stdout.write(f"{words}\n")
    sys.stdout.flush()
