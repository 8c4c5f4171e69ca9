"""The room's entry in Django's registry."""

from django.apps import AppConfig


class CatalogConfig(AppConfig):
    """See the docstring of `catalog/models.py` for what lives here."""

    name = "catalog"
