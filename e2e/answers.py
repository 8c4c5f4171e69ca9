"""`python -m e2e.answers`: answer an exam under random cuts, and compare the browser with the database.

A browser answers an exam while its network is cut, the server is killed, and responses are lost
or errors. Afterwards what was clicked and what was shown as saved is compared with the database:
nothing may be lost, doubled, or shown as saved that is not. Exits with 1 if anything is, or if
fewer than a fifth of the answers were cut.
"""

import argparse
import random
import re
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from playwright.sync_api import BrowserContext, Error, Page, Route

import testing.scrub
from testing.browser import running_browser
from testing.cable import Cable, cable_to
from testing.postgresql import running_postgresql
from testing.site import Site, new_site
from testing.waiting import wait_until

QUESTIONS = 100
SEEDS = (1, 2, 3)
ONLINE_SECONDS = 60
PATIENCE_MS = 180_000
MINIMUM_CUT = 0.2
# Logs the sequence number of each answer that the page shows as saved.
WATCH = """
addEventListener("DOMContentLoaded", () => {
  const state = document.querySelector("[data-journal-state]");
  if (!state || !globalThis.journal) return;
  let newest;
  journal.events.addEventListener("change", ({ detail: { entry, status } }) => {
    if (status === "taken") newest = entry;
  });
  new MutationObserver(() => {
    if (state.textContent === "Saved" && newest) logged(newest.position, newest.sequence);
  }).observe(state, { childList: true, characterData: true, subtree: true });
});
"""
WAITING = "globalThis.journal?.ready.then(() => journal.waiting().length)"
PREPARE = """
from datetime import timedelta
from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.sessions.backends.db import SessionStore
from django.utils import timezone
from accounts.models import User
from catalog.models import BankQuestion, Category, TestBank
from catalog.services import grant_access
from practice.services import start_attempt
from questions.items import Choice, SingleChoice, Text
from questions.services import store_items
category = Category.objects.create(slug="it", title="IT")
bank = TestBank.objects.create(slug="long", title="Long", category=category, price_minor=1900,
                               currency="USD", status="published")
items = [SingleChoice(stem=Text(source=f"Question {number}?"), choices=tuple(
    Choice(id=letter, text=Text(source=letter), weight=100 if letter == "b" else 0)
    for letter in "abcd")) for number in range(%(questions)d)]
for position, version in enumerate(store_items(items=items), start=1):
    BankQuestion.objects.create(test_bank=bank, question=version.question, position=position)
user = User.objects.create(email="learner@example.org")
now = timezone.now()
grant_access(learner=user, test_bank=bank, source_kind="grant", source_id="answers", starts_at=now,
             access_days=None, reason="the run of make answers")
attempt = start_attempt(learner=user, test_bank=bank, at=now)
attempt.mode = "exam"
attempt.save()
session = SessionStore()
session[SESSION_KEY] = str(user.pk)
session[BACKEND_SESSION_KEY] = settings.AUTHENTICATION_BACKENDS[-1]
session[HASH_SESSION_KEY] = user.get_session_auth_hash()
session.save()
print("session", session.session_key)
print("attempt", attempt.pk)
"""
READ = """
from practice.models import Answer, UncountedAnswer
for row in Answer.objects.all():
    print("row", row.position, row.sequence, (row.response or {}).get("chosen", ["-"])[0])
print("uncounted", UncountedAnswer.objects.count())
"""


@dataclass
class Log:
    """The last choice that was clicked, and the sequence that was shown as saved, by position."""

    clicked: dict[int, str] = field(default_factory=dict)
    shown: dict[int, int] = field(default_factory=dict)
    clicks: int = 0
    cut: int = 0

    def show(self, position: int, sequence: int) -> None:
        self.shown[position] = max(self.shown.get(position, 0), sequence)


@dataclass
class Run:
    """One browser with its exam, and the faults around it."""

    site: Site
    cable: Cable
    context: BrowserContext
    base: str
    chance: random.Random
    log: Log
    faults: Counter[str] = field(default_factory=Counter)
    fault: str = ""
    position: int = 1
    page: Page = field(init=False)

    def __post_init__(self) -> None:
        self.context.expose_function("logged", self.log.show)
        self.context.add_init_script(WATCH)
        self.context.route("**/answers/", self.answer)
        self.page = self.context.new_page()

    def answer(self, route: Route) -> None:
        """Let the request through, answer with an error, or lose the response."""
        if not self.fault or route.request.method != "POST":
            return route.continue_()
        self.faults[self.fault] += 1
        if self.fault == "lost response":
            # The server may be down as well.
            with suppress(Error):
                route.fetch()
            return route.abort()
        return route.fulfill(status=int(self.fault), content_type="application/json", body="{}")

    def change_network(self) -> None:
        """Cut or mend, now and then."""
        if self.chance.random() > 0.1:
            return
        self.fault = ""
        self.cable.mend()
        kind = self.chance.choice(["", "cut", "cut", "lost response", "403", "429", "500", "503"])
        if kind == "cut":
            self.cable.cut()
            self.faults["cut"] += 1
        else:
            self.fault = kind

    @property
    def is_cut(self) -> bool:
        return bool(self.fault) or self.cable.listener is None

    def open(self, position: int) -> None:
        """Go to a question; offline the service worker has it."""
        self.position = position
        self.page.goto(f"{self.base}{position}/", wait_until="commit")
        self.page.locator(".choices input").first.wait_for(state="attached")

    def step(self) -> None:
        """Click one answer, and perhaps leave at once."""
        self.change_network()
        if self.chance.random() < 0.3:
            self.open(self.chance.randint(1, QUESTIONS))
        # At once: the page may check the answer that it has not sent yet.
        others = self.page.locator(".choices input:not(:checked)")
        choice = self.chance.choice(others.evaluate_all("(all) => all.map(({ value }) => value)"))
        self.page.locator(f".choices input[value={choice}]").check()
        self.log.clicked[self.position] = choice
        self.log.clicks += 1
        self.log.cut += self.is_cut
        if self.chance.random() < 0.1:
            self.page.reload(wait_until="commit")
            self.page.locator(".choices input").first.wait_for(state="attached")
        elif self.chance.random() < 0.03:
            self.page.close()
            self.page = self.context.new_page()
            self.open(self.chance.randint(1, QUESTIONS))

    def finish(self) -> None:
        """Be online, at most a minute, until nothing waits."""
        self.fault = ""
        self.cable.mend()
        self.open(1)
        wait_until(
            lambda: self.page.evaluate(WAITING) == 0,
            seconds=ONLINE_SECONDS,
        )


@contextmanager
def database_url(database: str) -> Iterator[str | None]:
    if database == "sqlite":
        yield None
        return
    with running_postgresql() as url:
        yield url


def run(*, database: str, seed: int, count: int, say: Callable[[str], object]) -> bool:
    """Answer `count` times with this seed, print what came of it, and return whether it passed."""
    began = time.monotonic()
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="answers-")))
        url = stack.enter_context(database_url(database))
        keys = {
            "STRIPE_PUBLIC_KEY": "pk_test_51NobodyIsCalled",
            "STRIPE_SECRET_KEY": "sk_test_51NobodyIsCalled",
        }
        site = new_site(folder, keys, {}, database_url=url)
        prepared = site.manage("shell", stdin=PREPARE % {"questions": QUESTIONS})
        found = re.search(r"session (\w+)\s+attempt (\S+)", prepared.stdout)
        assert found, prepared.stderr
        server = stack.enter_context(ExitStack())
        server.enter_context(site.serving())
        cable = stack.enter_context(cable_to(site.port))
        browser = stack.enter_context(running_browser())
        context = browser.new_context()
        # The server is killed and started in between, on a machine that may be busy.
        context.set_default_timeout(PATIENCE_MS)
        origin = f"http://127.0.0.1:{cable.port}"
        context.add_cookies([{"name": "testbank_session", "value": found[1], "url": origin}])
        base = f"{origin}/practice/{found[2]}/"
        answering = Run(site, cable, context, base, random.Random(seed), Log())  # noqa: S311
        answering.open(1)
        _wait_until_offline_is_possible(answering.page)
        _answer(answering, server, count)
        answering.finish()
        took = round(time.monotonic() - began)
        return _compare(answering, site, f"{database}, SEED={seed}, {took} s", say)


def _answer(answering: Run, server: ExitStack, count: int) -> None:
    """Answer `count` times; a quarter in, half in and three quarters in, the server is killed."""
    for number in range(1, count + 1):
        answering.step()
        if number % max(count // 4, 1) == 0 and number < count:
            answering.site.kill()
            answering.faults["server killed"] += 1
            server.close()
            server.enter_context(answering.site.serving())


def _wait_until_offline_is_possible(page: Page) -> None:
    ready = "navigator.serviceWorker.ready.then(() => Boolean(navigator.serviceWorker.controller))"
    wait_until(lambda: page.evaluate(ready))
    # The questions are kept a moment after the page has loaded.
    page.wait_for_load_state("networkidle")
    time.sleep(1)


def _compare(answering: Run, site: Site, name: str, say: Callable[[str], object]) -> bool:
    log = answering.log
    read = site.manage("shell", stdin=READ).stdout
    rows = [line.split()[1:] for line in read.splitlines() if line.startswith("row ")]
    stored = {int(position): (int(sequence), choice) for position, sequence, choice in rows}
    lost = [one for one, choice in log.clicked.items() if stored.get(one, (0, ""))[1] != choice]
    untrue = [one for one, sequence in log.shown.items() if stored.get(one, (0, ""))[0] < sequence]
    doubled = len(rows) - len(stored) + int(_figure(read, "uncounted"))
    say(f"{name}: {log.clicks} answers to {len(stored)} questions, {log.cut} of them while cut")
    say(f"  {dict(answering.faults)}")
    say(f"  lost {len(lost)}, doubled {doubled}, shown as saved that were not {len(untrue)}")
    for one in sorted({*lost, *untrue}):
        shown = log.shown.get(one, 0)
        say(
            f"  question {one}: clicked {log.clicked[one]}, shown {shown}, stored {stored.get(one)}"
        )
    passed = not lost and not untrue and not doubled and log.cut >= MINIMUM_CUT * log.clicks
    say(f"  {'passed' if passed else 'FAILED'}")
    return passed


def _figure(text: str, name: str) -> Any:
    found = re.search(rf"^{name} (\d+)", text, re.MULTILINE)
    assert found, text
    return found[1]


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m e2e.answers", description=__doc__)
    parser.add_argument("--seed", type=int, help="one seed (default: 1, 2 and 3)")
    parser.add_argument("--count", type=int, default=1000, help="answers a seed (default: 1000)")
    parser.add_argument("--database", choices=("postgresql", "sqlite", "both"), default="both")
    options = parser.parse_args()
    testing.scrub.scrub_environment()
    seeds = SEEDS if options.seed is None else (options.seed,)
    databases = ("sqlite", "postgresql") if options.database == "both" else (options.database,)
    passed = [
        run(database=database, seed=seed, count=options.count, say=_say)
        for database in databases
        for seed in seeds
    ]
    return 0 if all(passed) else 1


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
