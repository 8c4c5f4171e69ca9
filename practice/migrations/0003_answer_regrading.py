"""Answers that stand in the database were judged by the first rules, new ones by today's."""

from django.db import migrations, models
from django.db.models import F, Q


class Migration(migrations.Migration):
    dependencies = [("practice", "0002_fewer_indexes")]
    operations = [
        migrations.AddField(
            model_name="answer",
            name="grading_rules",
            field=models.PositiveSmallIntegerField(default=1),
        ),
        migrations.AlterField(
            model_name="answer",
            name="grading_rules",
            field=models.PositiveSmallIntegerField(default=2),
        ),
        migrations.AddField(
            model_name="answer",
            name="fraction_before",
            field=models.DecimalField(blank=True, decimal_places=9, max_digits=10, null=True),
        ),
        migrations.AddField(
            model_name="answer",
            name="regraded_at",
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddConstraint(
            model_name="answer",
            constraint=models.CheckConstraint(
                condition=Q(regraded_at=None, fraction_before=None)
                | Q(
                    regraded_at__isnull=False,
                    fraction_before__isnull=False,
                    fraction__gt=F("fraction_before"),
                ),
                name="practice_answer_regraded_upward",
            ),
        ),
    ]
