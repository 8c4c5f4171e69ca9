import os
from typing import Any

from django.db import migrations


def break_on_demand(apps: Any, _schema_editor: Any) -> None:
    apps.get_model("outbox", "Lease").objects.update(note="half-way")
    if os.environ.get("BREAKS"):
        raise RuntimeError("this migration breaks half-way")


class Migration(migrations.Migration):
    dependencies = [("outbox", "9001_note")]
    operations = [migrations.RunPython(break_on_demand, migrations.RunPython.noop)]
