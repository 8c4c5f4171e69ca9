"""Objects as they are kept: a table of JSON bodies for each kind, found by name, listed in pages.

What the bodies hold, and what happens to them, stands in the module of each kind.
"""

import json
import sqlite3
from dataclasses import dataclass

from sandbox.errors import no_such
from sandbox.listing import Page, Table, page
from sandbox.parameters import Reader, integer, record, text
from sandbox.store import Json, Transaction, dumped

LISTING: dict[str, Reader] = {
    "ending_before": text(),
    "limit": integer(1, 100),
    "starting_after": text(),
}


@dataclass(frozen=True, slots=True)
class Shelf:
    """Where the objects of one kind stand. `param` names them in errors, `address` lists them."""

    table: Table
    param: str
    address: str

    def find(self, transaction: Transaction, identifier: str, param: str | None = None) -> Json:
        """The object of that name. Raises ApiError 404, which names `param`."""
        statement = f"SELECT body FROM {self.table} WHERE id = ?"  # noqa: S608 - our own names
        row = transaction.row(statement, identifier)
        if row is None:
            raise no_such(self.table, identifier, param or self.param)
        return body_in(row)

    def save(self, transaction: Transaction, body: Json) -> None:
        """Write an object, new or changed."""
        transaction.execute(
            f"INSERT INTO {self.table} (id, created, body) VALUES (?, ?, ?)"  # noqa: S608 - ours
            " ON CONFLICT (id) DO UPDATE SET body = excluded.body",
            *(body["id"], body["created"], dumped(body)),
        )

    def listed(self, transaction: Transaction, params: Json, filters: tuple[str, ...]) -> Json:
        """Objects, newest first, a page at a time; `filters` are columns that may be asked for."""
        wanted = Page(self.table, f"SELECT * FROM {self.table}", self.address, params)  # noqa: S608 - ours
        wanted.where_created()
        for name in filters:
            if name in params:
                wanted.where(f"{name} = ?", params[name])
        return page(transaction, wanted, body_in)

    def all(self, transaction: Transaction) -> list[Json]:
        """Every object there is, oldest first."""
        statement = f"SELECT body FROM {self.table} ORDER BY sequence"  # noqa: S608 - our own names
        return [body_in(row) for row in transaction.execute(statement)]

    def of(self, transaction: Transaction, column: str, name: str) -> list[Json]:
        """The objects that belong to another one, oldest first."""
        statement = f"SELECT body FROM {self.table} WHERE {column} = ? ORDER BY sequence"  # noqa: S608 - ours
        return [body_in(row) for row in transaction.execute(statement, name)]


def body_in(row: sqlite3.Row) -> Json:
    """The object that a row holds."""
    body: Json = json.loads(row["body"])
    return body


def listing(*names: str, **readers: Reader) -> Reader:
    """The parameters of a list: paging, names to filter by, and others with their readers."""
    return record({**LISTING, **dict.fromkeys(names, text()), **readers})
