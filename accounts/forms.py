"""Forms of allauth, each with one more rule or with our labels."""

from typing import Any

from allauth.account.forms import ChangePasswordForm as AllauthChangePasswordForm
from allauth.account.forms import (
    ConfirmEmailVerificationCodeForm as AllauthConfirmEmailVerificationCodeForm,
)
from allauth.account.forms import ResetPasswordKeyForm as AllauthResetPasswordKeyForm
from allauth.account.forms import SignupForm as AllauthSignupForm
from allauth.mfa.base.forms import AuthenticateForm as AllauthAuthenticateForm
from allauth.mfa.base.forms import ReauthenticateForm as AllauthReauthenticateForm
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.forms import ActivateTOTPForm as AllauthActivateTOTPForm
from django.contrib.auth.hashers import make_password
from django.core.exceptions import ValidationError
from django.forms import Field, Form
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import User
from accounts.second_factor import EncryptingAdapter, accept_code
from safety.rate_limits import CONFIRMATION_CODE, allow, is_used_up

# The page offers to resend the code, or says how to start again once it has been resent too often.
CODE_IS_USED_UP = gettext_lazy("Too many incorrect codes. Request a new code.")
# allauth's limit (`login_failed`): five codes in five minutes
TOO_MANY_FACTOR_CODES = gettext_lazy("Too many incorrect codes. Try again in 5 minutes.")


class SignupForm(AllauthSignupForm):  # type: ignore[misc] # allauth is untyped
    """Takes as long for an address that has an account as for one that has none."""

    def try_save(self, request: HttpRequest) -> Any:
        """Hash the password on both branches; a new account hashes it when it is saved."""
        if self.account_already_exists:
            make_password(self.cleaned_data["password1"])
        return super().try_save(request)


class ConfirmEmailForm(AllauthConfirmEmailVerificationCodeForm):  # type: ignore[misc]
    """The code in a mail: after three wrong guesses another one must be requested.

    Nobody is sent back to sign-in for mistyping, as allauth would do
    (`ACCOUNT_EMAIL_VERIFICATION_BY_CODE_MAX_ATTEMPTS`).
    """

    def __init__(self, *args: Any, code: str = "", email: str = "", **kwargs: Any) -> None:
        super().__init__(*args, code=code, email=email, **kwargs)
        self.fields["code"].label = _("Code")
        self._guessed = (email, code)

    def clean_code(self) -> str:
        """Count the guess, then check the code. Raises: ValidationError."""
        now = timezone.now()
        if not allow(CONFIRMATION_CODE, key=self._guessed, at=now):
            raise ValidationError(CODE_IS_USED_UP)
        try:
            code: str = super().clean_code()
        except ValidationError:
            if is_used_up(CONFIRMATION_CODE, key=self._guessed, at=now):
                raise ValidationError(CODE_IS_USED_UP) from None
            raise
        return code


class ChangePasswordForm(AllauthChangePasswordForm):  # type: ignore[misc] # allauth is untyped
    """The password, labeled as the other fields are."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["oldpassword"].label = _("Current password")
        _label_new_password(self)


class ResetPasswordKeyForm(AllauthResetPasswordKeyForm):  # type: ignore[misc]
    """A new password by the link in an email."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _label_new_password(self)


def _label_new_password(form: Form) -> None:
    form.fields["password1"].label = _("New password")
    form.fields["password2"].label = _("Confirm new password")


class OneTimeCode:
    """Accepts each time step of an authenticator app once. For the two forms of allauth."""

    user: User
    authenticator: Authenticator
    fields: dict[str, Field]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["code"].label = _("Code")

    def clean_code(self) -> str:
        """Check the code, then its step. Raises: ValidationError."""
        try:
            code: str = super().clean_code()  # type: ignore[misc] # of allauth's form
        except ValidationError as error:
            if error.code == "too_many_login_attempts":
                raise ValidationError(TOO_MANY_FACTOR_CODES, code=error.code) from None
            raise
        if self.authenticator.type == Authenticator.Type.TOTP:
            secret = EncryptingAdapter().decrypt(self.authenticator.data["secret"])
            _accept(self.user, secret, code)
        return code


class AuthenticateForm(OneTimeCode, AllauthAuthenticateForm):  # type: ignore[misc]
    """The code at sign-in."""


class ReauthenticateForm(OneTimeCode, AllauthReauthenticateForm):  # type: ignore[misc]
    """The code in a session that has signed in."""


class ActivateTOTPForm(AllauthActivateTOTPForm):  # type: ignore[misc]
    """The first code of an authenticator app: it is used up too."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["code"].label = _("Code from your authenticator app")

    def clean_code(self) -> str:
        """Check the code, then its step. Raises: ValidationError."""
        code: str = super().clean_code()
        _accept(self.user, self.secret, code)
        return code


def _accept(user: User, secret: str, code: str) -> None:
    if not accept_code(user=user, secret=secret, code=code, at=timezone.now()):
        raise ValidationError(EncryptingAdapter.error_messages["incorrect_code"])
