from collections import Counter

from django.db import migrations


def number_receipts(apps, _schema_editor):
    """Give each paid order the next receipt number of its mode, in the order of payment."""
    orders = apps.get_model("payments", "Order").objects
    last: Counter[str] = Counter()
    paid = orders.filter(paid_at__isnull=False, receipt_serial=None).order_by("paid_at", "pk")
    for key, mode in paid.values_list("pk", "mode").iterator():
        last[mode] += 1
        orders.filter(pk=key).update(receipt_serial=last[mode])
    counters = apps.get_model("payments", "ReceiptCounter").objects
    for mode, serial in last.items():
        counters.update_or_create(mode=mode, defaults={"last": serial})


class Migration(migrations.Migration):
    dependencies = [("payments", "0007_receipt_numbers")]

    operations = [migrations.RunPython(number_receipts, migrations.RunPython.noop)]
