"""Redaction of secrets in logs, as a safety net: call sites should not log any."""

import logging

from outbound.redaction import scrub


class ScrubFilter(logging.Filter):
    """Redact keys, passwords and signatures in the formatted message and traceback."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Replace the record's text by its redacted form; always return True."""
        record.msg = scrub(record.getMessage())
        record.args = ()
        if record.exc_info and not record.exc_text:
            record.exc_text = scrub(logging.Formatter().formatException(record.exc_info))
        return True
