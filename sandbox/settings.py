"""What the sandbox was started with, and the rules that keep it on this machine."""

import ipaddress
from dataclasses import dataclass
from urllib.parse import urlsplit

# The version of Stripe's API that stripe-python 16.1 pins (stripe.api_version).
API_VERSION = "2026-10-28.endive"


@dataclass(frozen=True, slots=True)
class Settings:
    """The command line's values. `public_url` is the origin of hosted payment pages."""

    secret_keys: tuple[str, ...]
    public_url: str
    webhook_secret: str
    webhook_backoff_seconds: float
    idempotency_seconds: int
    settle_seconds: int


def is_loopback(host: str) -> bool:
    """Return whether the host is localhost or an IPv4 loopback address."""
    if host == "localhost":
        return True
    try:
        return ipaddress.IPv4Address(host).is_loopback
    except ValueError:
        return False


def is_loopback_url(url: str) -> bool:
    """Return whether the URL is plain HTTP on this machine, with a valid port."""
    try:
        parts = urlsplit(url)
        return parts.scheme == "http" and is_loopback(parts.hostname or "") and parts.port != 0
    except ValueError:
        return False
