from django.db import migrations, models

import payments.models


def number_orders(apps, _schema_editor):
    """Give each order a number that can be read out."""
    orders = apps.get_model("payments", "Order").objects
    for order in orders.only("pk").iterator():
        orders.filter(pk=order.pk).update(number=payments.models.new_order_number())


class Migration(migrations.Migration):
    dependencies = [("payments", "0004_labels_and_help_texts")]

    operations = [
        migrations.AddField(
            model_name="order",
            name="processing_since",
            field=models.DateTimeField(blank=True, null=True, verbose_name="on its way since"),
        ),
        migrations.AddField(
            model_name="order",
            name="number",
            field=models.CharField(
                default=payments.models.new_order_number,
                editable=False,
                max_length=12,
                verbose_name="number",
            ),
        ),
        migrations.RunPython(number_orders, migrations.RunPython.noop),
    ]
