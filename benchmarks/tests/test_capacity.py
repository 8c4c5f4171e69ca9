import itertools
import socketserver
import threading
import time
from collections import Counter

import pytest

from benchmarks.capacity import Measured, needed, tables, traffic, written
from benchmarks.load import Request, drive_at_rate
from benchmarks.report import Latency
from benchmarks.seed_data import LearnerAttempt, SeedData

LATENCY = Latency(p50_ms=10, p95_ms=20, p99_ms=30, per_second=50)


def measured(database="postgresql", **changes):
    given = {"processes": 1, "web_ms": 8.0, "database_ms": 2.0, "megabytes": 90.0, **changes}
    return Measured(database=database, latency=LATENCY, **given)


def test_each_learner_answers_before_any_answers_again():
    attempts = [LearnerAttempt(session=f"s{number}", attempt=f"a{number}") for number in range(60)]
    data = SeedData(["bank"], attempts, attempts[0], attempts[0], "owner", [], ["b1", "b2"])
    first = list(itertools.islice(traffic(data), 153))
    posts = [request.path.split("/")[1] for request in first if request.method == "POST"]
    assert Counter(posts) == {"practice": 60, "payments": 3}
    pages = [request.path.split("/")[1] for request in first if request.method == "GET"]
    assert Counter(pages) == {"practice": 60, "banks": 30}
    answered = [request.path for request in first if request.path.endswith("/1/")]
    assert len(set(answered)) == 60


def test_needs_follow_from_the_cost_of_a_request():
    need = needed(5_000, measured())
    # 500 learners in a session, each of 2.55 requests a minute, at half of each core.
    assert need.requests_per_second == pytest.approx(21.25)
    assert need.web_cores == pytest.approx(0.34)
    assert need.database_cores == pytest.approx(0.085)


def test_one_process_on_sqlite_is_not_promised_more_than_a_core():
    text = tables([measured("sqlite")], learners=1200, machine="a machine")
    assert "| 5,000 | 500 | 21 | SQLite | 0.3 | 0.1 |" in text
    assert "| 50,000 | 5,000 | 212 | SQLite | more than one process: use PostgreSQL |  |" in text


def test_figures_replace_those_between_the_marks():
    page = "a\n<!-- figures: make load -->\nold\n<!-- end of figures -->\nb\n"
    assert written(page, "new") == page.replace("old", "new")


def test_waiting_time_counts_from_when_a_request_was_due():
    one_at_a_time = threading.Lock()

    class Slow(socketserver.StreamRequestHandler):
        def handle(self):
            while line := self.rfile.readline():
                if line == b"\r\n":
                    with one_at_a_time:
                        time.sleep(0.1)
                    self.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Slow) as server:
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        requests = [Request("GET", "/")] * 3
        load = drive_at_rate([server.server_address[1]], requests, per_second=1000, connections=3)
        server.shutdown()
    assert load.statuses == {200: 3}
    assert max(load.seconds) >= 0.29
