"""The app config."""

from functools import partial

from django.apps import AppConfig
from django.utils.formats import number_format
from django.utils.translation import gettext

from questions import wording


class QuestionsConfig(AppConfig):
    """See the docstring of `questions/models.py` for what lives here."""

    name = "questions"

    def ready(self) -> None:
        """Let the modules that do not import Django speak the active language."""
        wording.use(gettext, partial(number_format, force_grouping=True))
