"""Sessions in the database, read by a statement that is written out.

Every page of whoever is signed in reads one; Django takes longer to put the statement
together than the database to answer it.
"""

import json
from functools import lru_cache
from typing import Any

from django.contrib.sessions.backends.db import SessionStore as DatabaseSessions
from django.core import signing
from django.db import connection
from django.utils import timezone

from delivery.reading import rows_of

READ = "SELECT session_data FROM django_session WHERE session_key = %s AND expire_date > %s"


class SessionStore(DatabaseSessions):
    """Django's own, and the same rows."""

    def load(self) -> dict[str, Any]:
        """What the session holds; empty, and without a key, where it has ended or never was."""
        now = connection.ops.adapt_datetimefield_value(timezone.now())
        for (held,) in rows_of(READ, [self.session_key, now]):
            return self.decode(held)
        self._session_key = None
        return {}

    def decode(self, session_data: bytes | str) -> dict[str, Any]:
        """As Django's own. The same text is checked once: most sessions are read many times."""
        try:
            held: dict[str, Any] = json.loads(_signed(session_data, self.key_salt))
        except (signing.BadSignature, ValueError):
            return super().decode(session_data)
        return held


class _Bytes:
    """Leaves what was signed as it is."""

    def loads(self, data: bytes) -> bytes:
        return data


@lru_cache(maxsize=1000)
def _signed(session_data: bytes | str, salt: str) -> bytes:
    """The JSON that this site has signed. Raises: signing.BadSignature, ValueError."""
    text: bytes = signing.loads(session_data, salt=salt, serializer=_Bytes)  # type: ignore[arg-type] # it loads only
    return text
