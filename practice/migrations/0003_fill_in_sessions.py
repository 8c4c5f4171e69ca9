"""Fill in what attempts and answers of before say now: their questions, and the score at the end."""

from decimal import Decimal

from django.apps.registry import Apps
from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.models import OuterRef, Subquery, Sum


def fill_in(apps: Apps, _schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Copy what the attempt and the version of each answer say, and score finished attempts."""
    attempts = apps.get_model("practice", "Attempt")
    answers = apps.get_model("practice", "Answer")
    versions = apps.get_model("questions", "QuestionVersion")
    mine = attempts.objects.filter(pk=OuterRef("attempt"))
    answers.objects.update(
        learner=Subquery(mine.values("learner")[:1]),
        test_bank=Subquery(mine.values("test_bank")[:1]),
        question=Subquery(versions.objects.filter(pk=OuterRef("version")).values("question")[:1]),
    )
    for attempt in attempts.objects.annotate(earned=Sum("answers__fraction")).iterator(500):
        questions = dict(
            versions.objects.filter(pk__in=attempt.version_ids).values_list("pk", "question")
        )
        attempt.question_ids = [questions[pk] for pk in attempt.version_ids]
        if attempt.finished_at is not None:
            attempt.ended_by, attempt.points = "learner", attempt.earned or Decimal(0)
            attempt.counted, attempt.answered = len(attempt.version_ids), attempt.answers.count()
        attempt.save()


class Migration(migrations.Migration):
    dependencies = [("practice", "0002_sessions"), ("questions", "0001_initial")]

    operations = [migrations.RunPython(fill_in, migrations.RunPython.noop)]
