"""Redaction of secrets in logs, request ids, and logs as JSON."""

import json
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime

from outbound.redaction import scrub


class ScrubFilter(logging.Filter):
    """Redact keys, passwords and signatures in the formatted message and traceback.

    A safety net: call sites should not log any.
    """

    def filter(self, record: logging.LogRecord) -> bool:
        """Replace the record's text by its redacted form; always return True."""
        record.msg = scrub(record.getMessage())
        record.args = ()
        if record.exc_info and not record.exc_text:
            record.exc_text = scrub(logging.Formatter().formatException(record.exc_info))
        return True


_request_id: ContextVar[str] = ContextVar("request_id", default="")


def current_request_id() -> str:
    """Return the id of the request that this code works for; "" outside of one."""
    return _request_id.get()


@contextmanager
def with_request_id(request_id: str) -> Iterator[None]:
    """Work for this request: its id stands in every log line, also in another process."""
    token = _request_id.set(request_id)
    try:
        yield
    finally:
        _request_id.reset(token)


class JSONFormatter(logging.Formatter):
    """One JSON object a line."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the record's facts; those that are empty are left out."""
        facts = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(),
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
            "request_id": current_request_id(),
            "exception": record.exc_text or "",
        }
        return json.dumps({name: fact for name, fact in facts.items() if fact}, ensure_ascii=False)
