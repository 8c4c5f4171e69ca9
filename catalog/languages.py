"""The languages that banks are written in: codes that are known, and their names."""

from django.core.exceptions import ValidationError
from django.utils.translation import get_language_info
from django.utils.translation import gettext_lazy as _


def known_language(code: str) -> None:
    """Refuse what is no language code. Raises: ValidationError."""
    try:
        get_language_info(code)
    except KeyError as error:
        raise ValidationError(
            _("“%(code)s” is not a language code. Write one such as en, de or ar."),
            params={"code": code},
        ) from error


def language_name(code: str) -> str:
    """The language in its own words, such as “Deutsch”; the code where it is not known."""
    try:
        return str(get_language_info(code)["name_local"])
    except KeyError:
        return code
