from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("catalog", "0011_labels"),
    ]

    operations = [
        migrations.AlterField(
            model_name="access",
            name="withheld_reason",
            field=models.CharField(
                blank=True,
                choices=[
                    ("refund", "Refunded"),
                    ("dispute", "Disputed"),
                    ("lost", "Payment reversed"),
                ],
                max_length=10,
                verbose_name="reason for withholding access",
            ),
        ),
        migrations.RemoveConstraint(
            model_name="access",
            name="catalog_access_withheld_reason_known",
        ),
        migrations.AddConstraint(
            model_name="access",
            constraint=models.CheckConstraint(
                condition=models.Q(("withheld_reason__in", ["", "refund", "dispute", "lost"])),
                name="catalog_access_withheld_reason_known",
            ),
        ),
    ]
