"""The room's entry in Django's registry."""

from django.apps import AppConfig


class DeliveryConfig(AppConfig):
    """See the docstring of `delivery/views.py` for what lives here."""

    name = "delivery"
