from django.db import migrations


def name_lost_disputes(apps, _schema_editor):
    """Give accesses that a lost dispute ended their own reason: they are not suspended."""
    _rename(apps, "dispute", "lost")


def forget_lost_disputes(apps, _schema_editor):
    _rename(apps, "lost", "dispute")


def _rename(apps, before, after):
    accesses = apps.get_model("catalog", "Access").objects
    lost = apps.get_model("payments", "Dispute").objects.filter(status="lost")
    for order in lost.values_list("order_id", flat=True).distinct().iterator():
        ended = accesses.filter(source_kind="order", source_id=str(order), withheld_reason=before)
        ended.update(withheld_reason=after)


class Migration(migrations.Migration):
    dependencies = [
        ("catalog", "0012_reason_of_a_lost_dispute"),
        ("payments", "0011_labels"),
    ]

    operations = [migrations.RunPython(name_lost_disputes, forget_lost_disputes)]
