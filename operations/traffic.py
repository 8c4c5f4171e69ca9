"""Counts of requests and how long they took, in this process.

Prometheus reads each web process by its own port, so no process needs the numbers of another.
"""

from prometheus_client import CollectorRegistry, Counter, Histogram, disable_created_metrics

disable_created_metrics()  # type: ignore[no-untyped-call] # prometheus_client's
REGISTRY = CollectorRegistry()
# A learner notices from 0.1 s on; a purchase may wait for Stripe for up to 25 s.
BUCKETS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 25)
METHODS = {"GET", "HEAD", "POST", "OPTIONS"}
REQUESTS = Counter(
    "testbank_requests", "Requests.", ["view", "method", "status"], registry=REGISTRY
)
DURATION = Histogram(
    "testbank_request_seconds", "Response time.", ["view"], buckets=BUCKETS, registry=REGISTRY
)


def record_request(*, view: str, method: str, status: int, seconds: float) -> None:
    """Count a request. `view` is the name of its URL, never the address, which has ids in it."""
    method = method if method in METHODS else "other"
    REQUESTS.labels(view=view or "none", method=method, status=str(status)).inc()
    DURATION.labels(view=view or "none").observe(seconds)
