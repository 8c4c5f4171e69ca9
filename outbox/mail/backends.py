"""The email backends of EMAIL_PROVIDER."""

from collections.abc import Sequence
from typing import Any

import requests
from anymail.backends import brevo, mailgun, postmark
from anymail.exceptions import AnymailError
from django.core.mail import EmailMessage

from outbox.mail.adapter import MailNotSent, OutboundAdapter


class MailRefused(OSError):
    """The provider answered that it does not send this mail."""


class _ThroughOutbound:
    """Let `outbound` carry out the calls of a provider's backend."""

    def create_session(self) -> requests.Session:
        """Return a session that reads neither proxy variables nor `~/.netrc`."""
        session: requests.Session = super().create_session()  # type: ignore[misc] # anymail's
        session.trust_env = False
        session.mount("https://", OutboundAdapter())
        session.mount("http://", OutboundAdapter())
        return session

    def send_messages(self, email_messages: Sequence[EmailMessage]) -> int:
        """Send. Raises: MailNotSent or MailRefused, which the outbox retries as those of SMTP."""
        try:
            sent: Any = super().send_messages(email_messages)  # type: ignore[misc] # anymail's
        except AnymailError as error:
            if isinstance(error.__cause__, MailNotSent):
                raise error.__cause__ from None
            raise MailRefused(type(error).__name__) from error
        return int(sent or 0)


class MailgunBackend(_ThroughOutbound, mailgun.EmailBackend):  # type: ignore[misc] # untyped
    """Mailgun."""


class PostmarkBackend(_ThroughOutbound, postmark.EmailBackend):  # type: ignore[misc] # untyped
    """Postmark."""


class BrevoBackend(_ThroughOutbound, brevo.EmailBackend):  # type: ignore[misc] # untyped
    """Brevo."""
