"""Tables of JSON objects: find by id, save, list in pages."""

import json
import sqlite3
from dataclasses import dataclass

from sandbox.errors import resource_missing
from sandbox.resources.events import record_event
from sandbox.resources.pagination import ListQuery, TableName, paginate
from sandbox.store import Json, Transaction, to_json


@dataclass(frozen=True, slots=True)
class ResourceTable:
    """The table of one kind of object. `param` names it in errors, `url` lists it."""

    name: TableName
    param: str
    url: str

    def find(self, transaction: Transaction, identifier: str, param: str | None = None) -> Json:
        """Return the object. Raises ApiError 404, which names `param`."""
        statement = f"SELECT body FROM {self.name} WHERE id = ?"  # noqa: S608 - a TableName
        row = transaction.row(statement, identifier)
        if row is None:
            raise resource_missing(self.name, identifier, param or self.param)
        return body_of(row)

    def save(self, transaction: Transaction, body: Json) -> None:
        """Insert the object, or update it."""
        transaction.execute(
            f"INSERT INTO {self.name} (id, created, body) VALUES (?, ?, ?)"  # noqa: S608 - a TableName
            " ON CONFLICT (id) DO UPDATE SET body = excluded.body",
            *(body["id"], body["created"], to_json(body)),
        )

    def save_with_event(self, transaction: Transaction, body: Json, event_type: str) -> Json:
        """Save the object and record the event about it; return the object."""
        self.save(transaction, body)
        record_event(transaction, event_type, body)
        return body

    def list_page(self, transaction: Transaction, params: Json, *filters: str) -> Json:
        """Return a page of objects, newest first. `filters` are columns that `params` may name."""
        query = ListQuery(self.name, f"SELECT * FROM {self.name}", self.url, params)  # noqa: S608 - a TableName
        query.where_created()
        for name in filters:
            if name in params:
                query.where(f"{name} = ?", params[name])
        return paginate(transaction, query, body_of)

    def all(self, transaction: Transaction) -> list[Json]:
        """Return every object, oldest first."""
        statement = f"SELECT body FROM {self.name} ORDER BY sequence"  # noqa: S608 - a TableName
        return [body_of(row) for row in transaction.execute(statement)]


def body_of(row: sqlite3.Row) -> Json:
    body: Json = json.loads(row["body"])
    return body
