"""Write the audit log: who did what in the studio, and when. Entries are only added."""

from datetime import datetime
from typing import Any

from accounts.models import User
from catalog.models import TestBank
from studio.models import AuditEntry


def record(
    *,
    kind: AuditEntry.Kind,
    actor: User | None,
    at: datetime,
    test_bank: TestBank | None = None,
    **detail: Any,
) -> AuditEntry:
    """Append an entry to the audit log. The caller owns the transaction."""
    return AuditEntry.objects.create(
        kind=kind, actor=actor, at=at, test_bank=test_bank, detail=detail
    )
