"""Count the questions and reviews of existing banks, as the services do from now on."""

from collections import Counter

from django.db import migrations
from django.db.models import Count


def fill(apps, _schema_editor):
    for bank in apps.get_model("catalog", "TestBank").objects.iterator():
        asked = bank.bank_questions.filter(is_asked=True)
        groups = asked.values_list("question__current__domain", "question__current__kind")
        bank.contents = [
            [domain or "", kind or "", count]
            for domain, kind, count in groups.annotate(count=Count("pk")).order_by()
        ]
        bank.question_count = sum(count for _domain, _kind, count in bank.contents)
        bank.sample_count = asked.filter(is_sample=True).count()
        stars = Counter(bank.reviews.filter(hidden_at=None).values_list("stars", flat=True))
        bank.review_tally = [stars[number] for number in range(1, 6)]
        bank.save(update_fields=["contents", "question_count", "sample_count", "review_tally"])


class Migration(migrations.Migration):
    dependencies = [("catalog", "0011_stored_counts")]

    operations = [migrations.RunPython(fill, migrations.RunPython.noop)]
