"""Sessions in the database, read by a statement that is written out.

Every page of whoever is signed in reads one; Django takes longer to put the statement
together than the database to answer it.
"""

from typing import Any

from django.contrib.sessions.backends.db import SessionStore as DatabaseSessions
from django.db import connection
from django.utils import timezone

READ = "SELECT session_data FROM django_session WHERE session_key = %s AND expire_date > %s"


class SessionStore(DatabaseSessions):
    """Django's own, and the same rows."""

    def load(self) -> dict[str, Any]:
        """What the session holds; empty, and without a key, where it has ended or never was."""
        with connection.cursor() as cursor:
            now = connection.ops.adapt_datetimefield_value(timezone.now())
            cursor.execute(READ, [self.session_key, now])
            row = cursor.fetchone()
        if row is None:
            self._session_key = None
            return {}
        return self.decode(row[0])
