from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("catalog", "0009_daily_visits"),
        ("practice", "0009_answers_by_bank"),
        ("questions", "0005_fill_question_pictures"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.RemoveIndex(
            model_name="answer",
            name="practice_answer_of_learner",
        ),
        migrations.AddIndex(
            model_name="answer",
            index=models.Index(
                fields=[
                    "learner",
                    "question",
                    "id",
                    "reset_at",
                    "fraction",
                    "is_first",
                    "answered_at",
                ],
                name="practice_answer_of_learner",
            ),
        ),
    ]
