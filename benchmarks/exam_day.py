"""Let many learners take an exam at once, at the pace of people: `python -m benchmarks.exam_day`.

Every learner loads a question, sends the answer as the journal of a browser does, and goes on
after `--pace` seconds; in the end all submit within ten seconds. Exits with 1 if an answer that
the server took is not in the database, if one is there twice, or if a response was an error.
"""

import argparse
import http.client
import json
import random
import sys
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field

from benchmarks.against_bare import SITE
from benchmarks.report import latency_of
from benchmarks.seed_data import QUESTIONS, LearnerAttempt, SeedSize
from benchmarks.sites import Database, databases_of, managed, running_database, seeded_site, served
from benchmarks.targets import CSRF
from testing.site import Site

LEARNERS, ANSWERS, PACE_SECONDS = 500, 20, 10.0
SUBMITTING_SECONDS = 10.0
TRIES = 3
CHOICES = "abcd"
START = """
from datetime import timedelta
from django.utils import timezone
from practice.models import Attempt
ends = timezone.now() + timedelta(hours=3)
Attempt.objects.unfinished().update(mode="exam", selection="blueprint", deadline_at=ends)
"""
READ = """
from practice.models import Answer, Attempt, UncountedAnswer
for row in Answer.objects.filter(attempt__learner__email__startswith="learner-", fraction__gte=0):
    print("row", row.attempt_id, row.position, row.response["chosen"][0])
print("uncounted", UncountedAnswer.objects.count())
"""


@dataclass
class Log:
    """Response times in seconds by kind of request, statuses, and accepted answers."""

    seconds: dict[str, list[float]] = field(
        default_factory=lambda: {"question": [], "answer": [], "submit": []}
    )
    statuses: Counter[int] = field(default_factory=Counter)
    taken: dict[tuple[str, int], str] = field(default_factory=dict)
    tries: int = 0


class Client:
    """A learner's browser: one connection, which is opened again when the server closed it."""

    def __init__(self, port: int, learner: LearnerAttempt, log: Log) -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        self._headers = {
            "Cookie": f"testbank_session={learner.session}; testbank_csrf={CSRF}",
            "X-CSRFToken": CSRF,
        }
        self._log = log

    def send(self, method: str, path: str, body: str = "", content_type: str = "") -> str:
        """Send a request, again where the connection broke; return the text of the response."""
        headers = self._headers | ({"Content-Type": content_type} if body else {})
        for attempt in range(1, TRIES + 1):
            try:
                self._connection.request(method, path, body or None, headers)
                response = self._connection.getresponse()
                text = response.read().decode()
            except (http.client.HTTPException, OSError):
                self._connection.close()
                self._log.tries += 1
                if attempt == TRIES:
                    raise
            else:
                self._log.statuses[response.status] += 1
                return text
        raise AssertionError

    def timed(self, kind: str, due: float, method: str, path: str, body: str = "") -> str:
        """The same, and log the seconds since the request was due."""
        text = self.send(method, path, body, "application/json")
        self._log.seconds[kind].append(time.monotonic() - due)
        return text


@dataclass(frozen=True)
class Exam:
    """One exam: when it begins, and how many questions are answered, one every so many seconds."""

    port: int
    begins: float
    answers: int
    pace: float

    def take(self, number: int, learner: LearnerAttempt, log: Log) -> None:
        """Answer as this learner, then submit."""
        chance = random.Random(number)
        client = Client(self.port, learner, log)
        path = f"/practice/{learner.attempt}/"
        user = json.loads(client.send("GET", f"{path}answers/"))["user"]
        first = self.begins + chance.random() * self.pace
        for position in range(1, self.answers + 1):
            due = _wait_until(first + (position - 1) * self.pace)
            client.timed("question", due, "GET", f"{path}{position}/")
            choice = chance.choice(CHOICES)
            body = _entry(user, number, position, choice)
            answer = client.timed("answer", time.monotonic(), "POST", f"{path}answers/", body)
            if '"status": "saved"' in answer:
                log.taken[learner.attempt, position] = choice
        ends = self.begins + (self.answers + 1) * self.pace
        due = _wait_until(ends + chance.random() * SUBMITTING_SECONDS)
        client.timed("submit", due, "POST", f"{path}finish/")


def _entry(user: str, number: int, position: int, choice: str) -> str:
    entry = {
        "client_id": f"{number:016x}.1",
        "sequence": position,
        "position": position,
        "fields": [["choice", choice]],
    }
    return json.dumps({"user": user, "entries": [entry]})


def _wait_until(due: float) -> float:
    time.sleep(max(due - time.monotonic(), 0))
    return due


@contextmanager
def exam_site(database: Database, learners: int) -> Iterator[tuple[Site, list[LearnerAttempt]]]:
    """A site on which so many learners have just begun an exam of a hundred questions."""
    size = SeedSize(answers=learners * QUESTIONS, orders=0, buyers=0)
    with seeded_site(database, size) as (site, data):
        managed(site, "shell", stdin=START)
        yield site, data.attempts


def run(database: Database, *, learners: int, answers: int, pace: float) -> bool:
    """Let them take the exam, print what came of it, and return whether nothing was lost."""
    with exam_site(database, learners) as (site, attempts):
        log = Log()
        with served(site, SITE) as (port, _pid), ThreadPoolExecutor(learners) as pool:
            exam = Exam(port, time.monotonic() + 2, answers, pace)
            done = [pool.submit(exam.take, *each, log) for each in enumerate(attempts, start=1)]
            for one in done:
                one.result()
            elapsed = time.monotonic() - exam.begins
        read = managed(site, "shell", stdin=READ)
    _say(f"{database.name}: {learners} learners, {learners * answers} answers, {elapsed:.0f} s")
    for kind, seconds in log.seconds.items():
        found = latency_of(seconds, elapsed_seconds=elapsed)
        _say(
            f"  {kind:<9}{len(seconds):>7}  p50 {found.p50_ms:.0f} ms  p95 {found.p95_ms:.0f} ms"
            f"  p99 {found.p99_ms:.0f} ms"
        )
    return _compare(log, read, learners * answers)


def _compare(log: Log, read: str, given: int) -> bool:
    rows = [tuple(line.split()[1:]) for line in read.splitlines() if line.startswith("row ")]
    stored = {(attempt, int(position)): choice for attempt, position, choice in rows}
    lost = given - sum(stored.get(place) == choice for place, choice in log.taken.items())
    doubled = len(rows) - len(stored)
    errors = sum(count for status, count in log.statuses.items() if status >= 400)
    _say(f"  lost {lost}, doubled {doubled}, errors {errors}, sent again {log.tries}")
    return not (lost or doubled or errors)


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.exam_day", description=__doc__)
    parser.add_argument("--learners", type=int, default=LEARNERS)
    parser.add_argument("--answers", type=int, default=ANSWERS, help="answers of each learner")
    parser.add_argument("--pace", type=float, default=PACE_SECONDS, help="seconds for an answer")
    parser.add_argument("--database", choices=("sqlite", "postgresql", "both"), default="both")
    options = parser.parse_args()
    passed = []
    for name in databases_of(options.database):
        with running_database(name) as database:
            passed.append(
                run(
                    database,
                    learners=options.learners,
                    answers=options.answers,
                    pace=options.pace,
                )
            )
    return 0 if all(passed) else 1


if __name__ == "__main__":
    sys.exit(main())
