"""The caller that reported an order's event is its source."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("payments", "0008_fewer_indexes")]

    operations = [
        migrations.RenameField(model_name="orderevent", old_name="door", new_name="source"),
        migrations.AlterField(
            model_name="orderevent",
            name="source",
            field=models.CharField(
                blank=True,
                choices=[
                    ("webhook", "Webhook"),
                    ("return", "Return Page"),
                    ("reconciliation", "Reconciliation"),
                    ("purchase", "Checkout"),
                    ("staff", "Staff"),
                    ("sweep", "Sweep"),
                ],
                max_length=20,
            ),
        ),
        migrations.AddConstraint(
            model_name="orderevent",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    source__in=[
                        "",
                        "webhook",
                        "return",
                        "reconciliation",
                        "purchase",
                        "staff",
                        "sweep",
                    ]
                ),
                name="payments_order_event_source_known",
            ),
        ),
    ]
