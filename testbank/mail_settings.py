"""Email: which server or provider sends it, from the environment."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib.util import find_spec
from typing import Any

from testbank.environment import Environment, SettingError

# Each with its backend, the name of its key in anymail's settings, and its address.
PROVIDERS: Mapping[str, tuple[str, str, str]] = {
    "mailgun": ("MailgunBackend", "MAILGUN_API_KEY", "https://api.mailgun.net/v3"),
    "postmark": ("PostmarkBackend", "POSTMARK_SERVER_TOKEN", "https://api.postmarkapp.com/"),
    "brevo": ("BrevoBackend", "BREVO_API_KEY", "https://api.brevo.com/v3/"),
}


@dataclass(frozen=True)
class Provider:
    """A provider that sends mail over HTTPS. `api_url` is empty where SMTP is used."""

    backend: str = ""
    api_url: str = ""
    anymail: dict[str, Any] = field(default_factory=dict, repr=False)


def security(env: Environment) -> tuple[bool, bool]:
    """Return EMAIL_USE_TLS (STARTTLS) and EMAIL_USE_SSL (TLS from the start)."""
    use_ssl = env.boolean("EMAIL_USE_SSL", default=False)
    use_tls = env.boolean("EMAIL_USE_TLS", default=not use_ssl)
    if use_ssl and use_tls:
        raise SettingError("EMAIL_USE_SSL", "and EMAIL_USE_TLS are both 1. Set one of them to 0.")
    return use_tls, use_ssl


def provider(env: Environment) -> Provider:
    """Return the provider of EMAIL_PROVIDER."""
    name = env.text("EMAIL_PROVIDER").lower()
    key, webhook = env.text("EMAIL_PROVIDER_KEY"), env.text("EMAIL_PROVIDER_WEBHOOK_SECRET")
    domain, api_url = env.text("EMAIL_PROVIDER_DOMAIN"), env.text("EMAIL_PROVIDER_URL")
    if not name:
        return Provider()
    if name not in PROVIDERS:
        raise SettingError("EMAIL_PROVIDER", f"is {name!r}. Use one of {', '.join(PROVIDERS)}.")
    if not key:
        raise SettingError("EMAIL_PROVIDER_KEY", f"is not set. Create an API key with {name}.")
    if find_spec("anymail") is None:
        raise SettingError(
            "EMAIL_PROVIDER",
            "requires django-anymail. To install it, run: pip install -r requirements/mail.txt",
        )
    backend, key_name, address = PROVIDERS[name]
    address = api_url or address
    anymail = {key_name: key, f"{name.upper()}_API_URL": address, "WEBHOOK_SECRET": webhook}
    if domain:
        anymail["MAILGUN_SENDER_DOMAIN"] = domain
    return Provider(f"outbox.mail.backends.{backend}", address, anymail)
