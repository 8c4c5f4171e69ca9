"""Each word of the glossary leads a search to the module that does it, first or second."""

import re
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
NOT_SEARCHED = {"tests", "migrations", "testing", "e2e", "benchmarks", "stubs", "tools", "var"}
MODULES = {
    "attempt": "practice/models.py",
    "audit log": "studio/services/audit.py",
    "backoff": "payments/stripe/api.py",
    "choice": "questions/items.py",
    "circuit breaker": "outbound/circuit_breaker.py",
    "concurrency limit": "outbound/transport/concurrency_limit.py",
    "connector": "outbound/transport/connector.py",
    "cursor": "catalog/listing/pagination.py",
    "discrimination": "studio/statistics.py",
    "distractor": "questions/linting/question_checks.py",
    "enrollment": "catalog/models/access.py",
    "entitlement": "catalog/models/access.py",
    "facility": "studio/statistics.py",
    "health check": "testbank/health.py",
    "idempotency key": "payments/models.py",
    "inbox": "payments/flows/webhook_inbox.py",
    "item": "questions/items.py",
    "lease": "outbox/leases.py",
    "lock": "testbank/sqlite/base.py",
    "metrics": "operations/metrics.py",
    "outbox": "outbox/models.py",
    "page cache": "catalog/page_cache.py",
    "pagination": "catalog/listing/pagination.py",
    "rate limit": "safety/rate_limits.py",
    "redaction": "outbound/redaction.py",
    "resolver": "outbound/transport/resolver.py",
    "response": "questions/response_parsing.py",
    "retry": "payments/stripe/api.py",
    "score": "practice/results.py",
    "snapshot": "payments/domain/fulfillment.py",
    "trace": "outbound/transport/trace.py",
    "tunnel": "outbound/transport/http_tunnel.py",
}


@cache
def sources() -> dict[str, str]:
    paths = (path.relative_to(ROOT) for path in sorted(ROOT.glob("*/**/*.py")))
    searched = [
        path
        for path in paths
        if not NOT_SEARCHED & set(path.parts) and not path.parts[0].startswith(".")
    ]
    return {str(path): (ROOT / path).read_text(encoding="utf-8") for path in searched}


def search(term: str) -> list[str]:
    """The modules with the term: those named so, those that define it, then by matching lines."""
    words = re.sub(" ", "[ _-]?", term)
    pattern = re.compile(rf"(?<![a-z]){words}(?!ice)", re.IGNORECASE)
    defined = re.compile(rf"^class {words}\b", re.IGNORECASE | re.MULTILINE)
    ranks = {
        path: (bool(pattern.search(path)), bool(defined.search(source)), lines)
        for path, source in sources().items()
        if (lines := sum(bool(pattern.search(line)) for line in source.splitlines()))
    }
    return sorted(ranks, key=lambda path: ranks[path], reverse=True)


@pytest.mark.slow
@pytest.mark.parametrize(("term", "module"), MODULES.items())
def test_search_for_the_term_finds_its_module_first_or_second(term, module):
    assert module in search(term)[:2]
