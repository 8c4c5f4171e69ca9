"""Remember the pictures of the questions that are stored already."""

import json
import re

from django.apps.registry import Apps
from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

# As questions/images.py names them.
NAME = re.compile(r'"([0-9a-f]{32}-[0-9]{1,5}x[0-9]{1,5}\.(?:png|jpg|gif|webp))"')
ROWS_AT_ONCE = 500


def fill(apps: Apps, _schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Find the names in the content of every version."""
    versions = apps.get_model("questions", "QuestionVersion")
    pictures = apps.get_model("questions", "QuestionPicture")
    found = {
        (question, name)
        for question, content in versions.objects.values_list("question_id", "content").iterator()
        for name in NAME.findall(json.dumps(content))
    }
    rows = [pictures(question_id=question, name=name) for question, name in sorted(found)]
    pictures.objects.bulk_create(rows, ROWS_AT_ONCE)


class Migration(migrations.Migration):
    dependencies = [("questions", "0004_question_pictures")]
    operations = [migrations.RunPython(fill, migrations.RunPython.noop)]
