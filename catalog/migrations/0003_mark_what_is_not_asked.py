"""Marks questions whose kind cannot be asked yet, for banks from before the column."""

from typing import Any

from django.db import migrations

KEPT_ONLY = ("matching", "essay", "passage")


def mark(apps: Any, schema_editor: Any) -> None:
    places = apps.get_model("catalog", "BankQuestion").objects
    places.filter(question__current__kind__in=KEPT_ONLY).update(is_asked=False)


class Migration(migrations.Migration):
    dependencies = [("catalog", "0002_bank_question_is_asked")]

    operations = [migrations.RunPython(mark, migrations.RunPython.noop)]
