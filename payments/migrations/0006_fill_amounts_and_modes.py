"""Orders that were paid before know what was paid; events know their mode."""

from django.conf import settings
from django.db import migrations
from django.db.models import F


def fill(apps, _schema_editor):
    """A payment was only taken where its amount was the order's, unless it is held."""
    order = apps.get_model("payments", "Order")
    order.objects.filter(paid_at__isnull=False, paid_minor=None, held="").update(
        paid_minor=F("amount_minor"), paid_currency=F("currency")
    )
    event = apps.get_model("payments", "StripeEvent")
    event.objects.filter(mode="", livemode=True).update(mode="live")
    here = settings.STRIPE_MODE if settings.STRIPE_MODE != "live" else "test"
    event.objects.filter(mode="", livemode=False).update(mode=here)


class Migration(migrations.Migration):
    dependencies = [("payments", "0005_events_of_a_mode")]

    operations = [migrations.RunPython(fill, migrations.RunPython.noop)]
