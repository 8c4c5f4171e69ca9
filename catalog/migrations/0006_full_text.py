"""Full-text indexes of both databases over the same two tables.

The words are folded and divided by `catalog.indexing.words` before they are stored, so the
databases only divide at blanks: `simple` on PostgreSQL, plain `unicode61` on SQLite.
SQLite drops a table's triggers when a later migration rebuilds the table: such a migration
must end with `make_indexes` again. A test changes a text and looks for it.
"""

from django.apps.registry import Apps
from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

TABLES = {"catalog_banktext": "test_bank_id", "catalog_questiontext": "bank_question_id"}

SQLITE = (
    "CREATE VIRTUAL TABLE {table}_fts USING fts5(title, body, content='{table}', "
    "content_rowid='{key}', tokenize='unicode61 remove_diacritics 0', prefix='2 3')",
    "INSERT INTO {table}_fts({table}_fts) VALUES ('rebuild')",
    "CREATE TRIGGER {table}_added AFTER INSERT ON {table} BEGIN "
    "INSERT INTO {table}_fts(rowid, title, body) VALUES (new.{key}, new.title, new.body); END",
    "CREATE TRIGGER {table}_removed AFTER DELETE ON {table} BEGIN "
    "INSERT INTO {table}_fts({table}_fts, rowid, title, body) "
    "VALUES ('delete', old.{key}, old.title, old.body); END",
    "CREATE TRIGGER {table}_changed AFTER UPDATE ON {table} BEGIN "
    "INSERT INTO {table}_fts({table}_fts, rowid, title, body) "
    "VALUES ('delete', old.{key}, old.title, old.body); "
    "INSERT INTO {table}_fts(rowid, title, body) VALUES (new.{key}, new.title, new.body); END",
)
POSTGRESQL = (
    "ALTER TABLE {table} ADD COLUMN vector tsvector GENERATED ALWAYS AS ("
    "setweight(to_tsvector('simple', title), 'A') || "
    "setweight(to_tsvector('simple', body), 'D')) STORED",
    "CREATE INDEX {table}_vector ON {table} USING gin (vector)",
)


def make_indexes(_apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Index the words of banks and questions."""
    commands = SQLITE if schema_editor.connection.vendor == "sqlite" else POSTGRESQL
    for table, key in TABLES.items():
        for command in commands:
            schema_editor.execute(command.format(table=table, key=key), params=None)


def drop_indexes(_apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Take that back."""
    for table in TABLES:
        if schema_editor.connection.vendor == "sqlite":
            for name in ("added", "removed", "changed"):
                schema_editor.execute(f"DROP TRIGGER {table}_{name}")
            schema_editor.execute(f"DROP TABLE {table}_fts")
        else:
            schema_editor.execute(f"ALTER TABLE {table} DROP COLUMN vector")


class Migration(migrations.Migration):
    dependencies = [("catalog", "0005_browse_and_search")]

    operations = [migrations.RunPython(make_indexes, drop_indexes)]
