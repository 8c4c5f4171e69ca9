from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("operations", "0003_alarms")]

    operations = [
        migrations.CreateModel(
            name="WriteProbe",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("filler", models.TextField()),
            ],
        ),
    ]
