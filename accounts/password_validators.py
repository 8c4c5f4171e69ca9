"""Django's password validators, with our messages where its translations are poor or missing.

A module of its own, because AUTH_PASSWORD_VALIDATORS loads it by its path.
"""

from django.contrib.auth.password_validation import (
    CommonPasswordValidator as DjangoCommonPasswordValidator,
)
from django.contrib.auth.password_validation import (
    MinimumLengthValidator as DjangoMinimumLengthValidator,
)
from django.contrib.auth.password_validation import (
    NumericPasswordValidator as DjangoNumericPasswordValidator,
)
from django.utils.translation import gettext


class MinimumLengthValidator(DjangoMinimumLengthValidator):
    """The same rule. Django has no Arabic message for it."""

    def get_error_message(self) -> str:
        return gettext("This password is too short. Use at least %(length)s characters.") % {
            "length": self.min_length
        }


class CommonPasswordValidator(DjangoCommonPasswordValidator):
    """Django's rule. Its German message is not idiomatic."""

    def get_error_message(self) -> str:
        return gettext("This password is too common.")


class NumericPasswordValidator(DjangoNumericPasswordValidator):
    """Django's rule. Its German message is not idiomatic."""

    def get_error_message(self) -> str:
        return gettext("This password contains only digits. Add letters or other characters.")
