"""The app's entry in Django's registry."""

from django.apps import AppConfig


class CatalogConfig(AppConfig):
    """See `catalog/models/__init__.py` for what lives here."""

    name = "catalog"
