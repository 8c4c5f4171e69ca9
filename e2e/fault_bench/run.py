"""A run: buyers while everything fails, then a restart, reconciliation, and the audit."""

import sys
import tempfile
import threading
import time
from collections import Counter
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from e2e.fault_bench import schedule
from e2e.fault_bench.buyers import Buyer
from e2e.fault_bench.deployment import Deployment, running_deployment, wait_for_deliveries
from e2e.fault_bench.invariants import API_MISMATCH, Violation, violations
from e2e.fault_bench.ledger import Payment, SiteLedger, read_sandbox_ledger
from e2e.fault_bench.process_kills import ScheduleThread
from e2e.fault_bench.seller_tasks import task_files
from testing.contract import breaches
from testing.parts import SHARED

CONCURRENT_BUYERS = 16
PROGRESS_SECONDS = 10.0
# Longer than Stripe keeps sessions open and idempotency keys.
ONE_DAY_SECONDS = 25 * 3600
# The site repeats a refund request that failed at Stripe, with another key, after a minute.
REFUNDS_SECONDS = 200
# Checking every request would take as long as the run.
MAX_REQUESTS_CHECKED = 500
# The lease of an email that a killed worker held expires after a minute.
EMAILS_SECONDS = 120


@dataclass(frozen=True)
class RunResult:
    """What happened in a run, both ledgers, and the violations."""

    seconds: float
    experience: Counter[str]
    faults: dict[str, int]
    kills: Counter[str]
    requests_checked: int
    pending_deliveries: int
    reconciliation: str
    payments: list[Payment]
    site: SiteLedger
    accepted_mail: dict[str, int]
    violations: list[Violation]


def run(*, database: str, purchases: int, seed: int) -> RunResult:
    """Run the whole bench in a temporary folder."""
    learners = -(-purchases // schedule.BANKS)
    with tempfile.TemporaryDirectory(prefix="testbank-bench-") as name:
        folder = Path(name)
        with running_deployment(folder, database, learners=learners) as deployment:
            return _run(deployment, folder, purchases=purchases, seed=seed)


def _run(deployment: Deployment, folder: Path, *, purchases: int, seed: int) -> RunResult:
    started = time.monotonic()
    control = deployment.sandbox.control
    control.set_fault_rates(**schedule.fault_rates(seed))
    experience, kills = _run_buyers(deployment, purchases=purchases, seed=seed)
    faults = control.clear_fault_rates()
    pending_deliveries, reconciliation = _recover(deployment)
    requests_checked, mismatches = _check_requests(deployment)
    site = _ledger_after_emails(deployment)
    payments = _stop(deployment, folder)
    accepted_mail = deployment.mail.counts
    found = violations(payments, site, accepted_mail, worker_kills=kills["worker"])
    return RunResult(
        seconds=time.monotonic() - started,
        experience=experience,
        faults=faults,
        kills=kills,
        requests_checked=requests_checked,
        pending_deliveries=pending_deliveries,
        reconciliation=reconciliation,
        payments=payments,
        site=site,
        accepted_mail=accepted_mail,
        violations=[*found, *mismatches],
    )


def _stop(deployment: Deployment, folder: Path) -> list[Payment]:
    """Stop the site and the sandbox, and read the sandbox's ledger."""
    deployment.stop()
    deployment.sandbox.process.terminate()
    deployment.sandbox.process.wait(timeout=10)
    return read_sandbox_ledger(folder / "sandbox.sqlite3")


def _check_requests(deployment: Deployment) -> tuple[int, list[Violation]]:
    """Check the latest requests against Stripe's description: how many, and the mismatches."""
    if not SHARED.is_dir():
        return 0, []
    entries = deployment.sandbox.control.requests()[-MAX_REQUESTS_CHECKED:]
    found = [Violation(API_MISMATCH, f"{name}: {error}") for name, error in breaches(entries)]
    return len(entries), found


def _run_buyers(
    deployment: Deployment, *, purchases: int, seed: int
) -> tuple[Counter[str], Counter[str]]:
    """Run every buyer while processes are killed; return what they met, and the kills."""
    started = Count()

    def buy(number: int) -> Counter[str]:
        started.increment()
        return Buyer(schedule.buyer_plan(seed, number), deployment, seed).buy()

    items: list[schedule.Kill | schedule.PriceChange] = [
        *schedule.kills(seed, purchases),
        *schedule.price_changes(seed, purchases),
    ]
    thread = ScheduleThread(deployment, items, seed, started.value)
    thread.start()
    with ThreadPoolExecutor(CONCURRENT_BUYERS) as pool:
        buyers = [pool.submit(buy, number) for number in range(purchases)]
        _print_progress(buyers, thread.kills)
    thread.stop()
    return sum((buyer.result() for buyer in buyers), Counter()), thread.kills


class Count:
    """A thread-safe counter."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._number = 0

    def increment(self) -> None:
        with self._lock:
            self._number += 1

    def value(self) -> int:
        return self._number


def _print_progress(buyers: list[Future[Counter[str]]], kills: Counter[str]) -> None:
    started, printed_at = time.monotonic(), 0.0
    while not all(buyer.done() for buyer in buyers):
        time.sleep(0.2)
        elapsed = time.monotonic() - started
        if elapsed - printed_at >= PROGRESS_SECONDS:
            printed_at = elapsed
            done = sum(buyer.done() for buyer in buyers)
            say(f"  {done:>5} of {len(buyers)} buyers done, {kills.total()} kills, {elapsed:.0f} s")


def _recover(deployment: Deployment) -> tuple[int, str]:
    """Restart everything, let what is pending finish, advance Stripe's clock, and reconcile.

    Stripe's clock advances only after the site has a response to every request: the site's
    clock stays, and the site would repeat requests with keys that Stripe has forgotten.
    Returns how many deliveries are still pending, and what the reconciliation printed.
    """
    deployment.stop()
    deployment.start()
    wait_for_deliveries(deployment, seconds=90)
    _wait_for_refunds(deployment)
    deployment.sandbox.control.advance_clock(ONE_DAY_SECONDS)
    pending = wait_for_deliveries(deployment, seconds=90)
    say("  restarted everything; one day later at Stripe; reconciling")
    done = deployment.site.manage("reconcile_payments")
    return pending, f"exit code {done.returncode}\n{done.stdout}{done.stderr}"


def _wait_for_refunds(deployment: Deployment) -> None:
    """Wait until the seller has no tasks, and Stripe has responded to every refund request."""
    ends_at = time.monotonic() + REFUNDS_SECONDS
    while time.monotonic() < ends_at:
        if not task_files(deployment.seller_tasks) and not deployment.ledger().refunds_unanswered:
            return
        time.sleep(4)
        deployment.site.manage("work", "--once")


def _ledger_after_emails(deployment: Deployment) -> SiteLedger:
    """Return the site's ledger once the worker has sent every email, or time is up."""
    ends_at = time.monotonic() + EMAILS_SECONDS
    ledger = deployment.ledger()
    while not all(email.is_sent for email in ledger.emails) and time.monotonic() < ends_at:
        time.sleep(3)
        ledger = deployment.ledger()
    return ledger


def say(line: str) -> None:
    """Print a line at once."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()
