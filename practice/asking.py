"""What an attempt asks, read by a statement that is written out.

An answer is what the site does most, and Django takes longer to put such statements
together than the database to run them.
"""

import json
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db import connection

from catalog.querysets import LIVE_ACCESS
from delivery.reading import rows_of
from practice.models import Attempt

ASKED = f"""
SELECT attempt.version_ids, attempt.finished_at IS NOT NULL, EXISTS (
    SELECT 1 FROM catalog_access access WHERE access.learner_id = attempt.learner_id
    AND access.test_bank_id = attempt.test_bank_id AND {LIVE_ACCESS})
FROM practice_attempt attempt WHERE attempt.id = %s AND attempt.learner_id = %s
"""  # noqa: S608 - constants


@dataclass(frozen=True)
class Asked:
    """What an attempt asks, and whether it may be answered."""

    version_ids: tuple[int, ...]
    is_finished: bool
    may_go_on: bool


def asked_in(*, attempt_id: UUID, learner_id: int, at: datetime) -> Asked | None:
    """What this attempt of this learner asks; None where it is not theirs. One statement."""
    key = Attempt._meta.pk.get_db_prep_value(attempt_id, connection)
    now = connection.ops.adapt_datetimefield_value(at)
    for version_ids, is_finished, may_go_on in rows_of(ASKED, [now, now, key, learner_id]):
        return Asked(tuple(json.loads(version_ids)), bool(is_finished), bool(may_go_on))
    return None
