from pathlib import Path

from django.db import migrations, models

from outbox import migrations as outbox_migrations

LAST = max(path.stem for path in Path(outbox_migrations.__path__[0]).glob("[0-9]*.py"))


class Migration(migrations.Migration):
    dependencies = [("outbox", LAST)]
    operations = [
        migrations.AddField("lease", "note", models.TextField(default="")),
    ]
