"""Give, extend and end access by hand, for one person or a list."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime

from django.db import transaction

from accounts.models import User
from catalog.models import Access, TestBank
from catalog.services.access import (
    extend_access,
    grant_by_staff,
    live_access,
    revoke_access,
)
from studio.models import AuditEntry
from studio.services.audit import record

SEPARATORS = re.compile(r"[\s,;]+")
MOST_EMAILS = 500


@dataclass
class Granted:
    """The outcome for a list of people, by email."""

    granted: list[str] = field(default_factory=list)
    had_access: list[str] = field(default_factory=list)
    unknown: list[str] = field(default_factory=list)


def emails_in(text: str) -> list[str]:
    """The email addresses in a text, in lower case, each once."""
    words = (word.strip("<>\"'").lower() for word in SEPARATORS.split(text))
    return list(dict.fromkeys(word for word in words if "@" in word))


@transaction.atomic
def grant_to(
    *,
    emails: Iterable[str],
    test_bank: TestBank,
    access_days: int | None,
    reason: str,
    by: User,
    at: datetime,
) -> Granted:
    """Grant access to everybody who has an account and no live access to the bank."""
    found = Granted()
    wanted = list(emails)
    people = {user.email: user for user in User.objects.filter(email__in=wanted)}
    for email in wanted:
        learner = people.get(email)
        if learner is None:
            found.unknown.append(email)
        elif live_access(learner=learner, test_bank=test_bank, at=at):
            found.had_access.append(email)
        else:
            grant_by_staff(
                learner=learner,
                test_bank=test_bank,
                reason=reason,
                at=at,
                access_days=access_days,
            )
            found.granted.append(email)
    if found.granted:
        detail = {"people": len(found.granted), "reason": reason}
        record(kind=AuditEntry.Kind.ACCESS_GRANTED, actor=by, at=at, test_bank=test_bank, **detail)
    return found


@transaction.atomic
def extend(*, access: Access, days: int, reason: str, by: User, at: datetime) -> bool:
    """Move the end of an access, from its end or from now if it is over; False if it has none."""
    if not extend_access(access=access, days=days, at=at):
        return False
    detail = {"access": str(access.public_id), "days": days, "reason": reason}
    record(
        kind=AuditEntry.Kind.ACCESS_EXTENDED,
        actor=by,
        at=at,
        test_bank=access.test_bank,
        **detail,
    )
    return True


@transaction.atomic
def revoke(*, access: Access, reason: str, by: User, at: datetime) -> bool:
    """End an access for a reason; False if it was ended before."""
    if not revoke_access(access=access, reason=reason, at=at):
        return False
    detail = {"access": str(access.public_id), "reason": reason}
    record(
        kind=AuditEntry.Kind.ACCESS_REVOKED, actor=by, at=at, test_bank=access.test_bank, **detail
    )
    return True
