"""The room's entry in Django's registry."""

from django.apps import AppConfig


class PracticeConfig(AppConfig):
    """See the docstring of `practice/models.py` for what lives here."""

    name = "practice"
