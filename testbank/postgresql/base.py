"""Django's PostgreSQL backend, which looks whether a kept connection is still there.

Django asks every kept connection `SELECT 1` before its first use in a request: a quarter of
what an event that came before costs. A server that went away has closed its end, which the
socket tells without a question.
"""

import select

from django.db.backends.postgresql import base
from psycopg.pq import TransactionStatus


class DatabaseWrapper(base.DatabaseWrapper):
    """One connection."""

    def is_usable(self) -> bool:
        """True where the connection can be used; asked of the server only in doubt."""
        if self.connection is None:
            return False
        is_idle = self.connection.info.transaction_status == TransactionStatus.IDLE
        if is_idle and not self.errors_occurred and self._is_quiet():
            return True
        usable: bool = super().is_usable()
        return usable

    def _is_quiet(self) -> bool:
        """True where the server has sent nothing and not hung up."""
        poll = select.poll()
        poll.register(self.connection.fileno(), select.POLLIN | select.POLLHUP | select.POLLERR)
        return not poll.poll(0)
