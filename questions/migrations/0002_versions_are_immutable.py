"""Let the database refuse to change a version of a question: past attempts refer to it.

A trigger, because `QuerySet.update`, a shell or a later data migration would bypass code. SQLite
drops a table's triggers when a later migration rebuilds the table: such a migration must end with
`make_immutable` again. A test writes to a version after all migrations.
"""

from django.apps.registry import Apps
from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

MESSAGE = "questions_version_never_changes"
SQLITE = f"""
CREATE TRIGGER {MESSAGE} BEFORE UPDATE ON questions_questionversion
BEGIN SELECT RAISE(ABORT, '{MESSAGE}'); END
"""
# 23000 is "integrity constraint violation": both databases raise Django's IntegrityError.
POSTGRESQL = f"""
CREATE FUNCTION {MESSAGE}() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN RAISE EXCEPTION '{MESSAGE}' USING ERRCODE = '23000'; END $$;
CREATE TRIGGER {MESSAGE} BEFORE UPDATE ON questions_questionversion
FOR EACH ROW EXECUTE FUNCTION {MESSAGE}()
"""


def make_immutable(_apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Let the database refuse every UPDATE of a version."""
    is_sqlite = schema_editor.connection.vendor == "sqlite"
    schema_editor.execute(SQLITE if is_sqlite else POSTGRESQL, params=None)


def make_mutable(_apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Undo `make_immutable`."""
    if schema_editor.connection.vendor == "sqlite":
        schema_editor.execute(f"DROP TRIGGER {MESSAGE}")
    else:
        schema_editor.execute(f"DROP FUNCTION {MESSAGE} CASCADE")


class Migration(migrations.Migration):
    dependencies = [("questions", "0001_initial")]
    operations = [migrations.RunPython(make_immutable, make_mutable)]
