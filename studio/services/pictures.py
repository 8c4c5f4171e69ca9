"""Delete pictures that were added in the editor or an upload, and that no question shows."""

import json
import re
from collections.abc import Iterator
from datetime import datetime, timedelta

from django.core.files.storage import default_storage

from questions.images import FOLDER, NAME
from questions.models import QuestionVersion
from studio.models import QuestionDraft

# A picture is stored before the text that shows it. Drafts and imports have this long.
SPARED = timedelta(days=7)
NAMES = re.compile(NAME)


def delete_unused_pictures(*, at: datetime) -> int:
    """Delete the stored pictures that no version of a question and no draft names; how many.

    Idempotent. Every version counts, because past sessions show it. Pictures that were stored in
    the last week stay.
    """
    if not default_storage.exists(FOLDER):
        return 0
    _folders, stored = default_storage.listdir(FOLDER)
    old = {name for name in stored if NAMES.fullmatch(name) and _is_old(name, at)}
    unused = old.difference(_used()) if old else old
    for name in unused:
        default_storage.delete(f"{FOLDER}/{name}")
    return len(unused)


def _is_old(name: str, at: datetime) -> bool:
    return default_storage.get_modified_time(f"{FOLDER}/{name}") < at - SPARED


def _used() -> Iterator[str]:
    """The names in every version and draft. Reads all of them, in parts."""
    versions = QuestionVersion.objects.order_by().values_list("content", flat=True)
    drafts = QuestionDraft.objects.order_by().values_list("fields", flat=True)
    for rows in (versions, drafts):
        for content in rows.iterator(chunk_size=1000):
            yield from NAMES.findall(json.dumps(content))
