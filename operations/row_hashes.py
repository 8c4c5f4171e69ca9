"""Checksums of the rows of a database, equal on SQLite and PostgreSQL for equal content."""

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.apps import apps
from django.db.models import Model

BATCH_SIZE = 2000


@dataclass(frozen=True, slots=True)
class TableHash:
    """A table's name, its number of rows, and the checksum of all of them in order."""

    table: str
    rows: int
    digest: str


def stored_models() -> list[type[Model]]:
    """Return the models that have a table, those of many-to-many relations included."""
    found = apps.get_models(include_auto_created=True)
    return [model for model in found if model._meta.managed and not model._meta.proxy]


def table_hashes(*, using: str) -> Iterator[TableHash]:
    """Yield the checksum of each table."""
    for model in stored_models():
        count, whole = 0, hashlib.sha256()
        for _key, digest in row_digests(model, using=using):
            whole.update(digest.encode())
            count += 1
        yield TableHash(model._meta.db_table, count, whole.hexdigest())


def row_digests(model: type[Model], *, using: str) -> Iterator[tuple[Any, str]]:
    """Yield the primary key and the checksum of each row, ordered by primary key."""
    names = ["pk", *(field.attname for field in model._meta.concrete_fields)]
    rows = model._base_manager.using(using).order_by("pk").values_list(*names)
    for key, *values in rows.iterator(chunk_size=BATCH_SIZE):
        text = json.dumps(values, default=_canonical, sort_keys=True)
        yield key, hashlib.sha256(text.encode()).hexdigest()


def _canonical(value: Any) -> str:
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat()
    if isinstance(value, bytes | memoryview):
        return bytes(value).hex()
    if isinstance(value, date | time | timedelta | Decimal | UUID):
        return str(value)
    raise TypeError(f"no canonical form for {type(value).__name__}")
