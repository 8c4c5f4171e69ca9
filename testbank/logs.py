"""The last net for secrets in logs; call sites are meant never to need it."""

import logging

from outbound.redaction import scrub


class ScrubFilter(logging.Filter):
    """Masks keys, passwords and signatures in the finished line, traceback included."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Always True; the record's text is replaced by its masked form."""
        record.msg = scrub(record.getMessage())
        record.args = ()
        if record.exc_info and not record.exc_text:
            record.exc_text = scrub(logging.Formatter().formatException(record.exc_info))
        return True
