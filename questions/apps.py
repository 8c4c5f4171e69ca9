"""The app config."""

from django.apps import AppConfig


class QuestionsConfig(AppConfig):
    """See the docstring of `questions/models.py` for what lives here."""

    name = "questions"
