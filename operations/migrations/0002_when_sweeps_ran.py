"""When each sweep last came to its end, so that the doctor can tell a worker's age."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("testbank", "0001_cache_table"),
    ]

    operations = [
        migrations.CreateModel(
            name="JobRun",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("name", models.CharField(max_length=40, unique=True)),
                ("at", models.DateTimeField()),
            ],
        ),
    ]
