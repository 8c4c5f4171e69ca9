"""The group "Settings": the settings as read from `.env` and the process environment."""

import platform
from collections.abc import Iterator
from importlib.metadata import version
from urllib.parse import urlsplit

import django
from django.conf import settings

from operations.doctor.report import Check, Status
from operations.doctor.setup import Setup
from outbound.redaction import mask_url, scrub
from outbound.route.hosts import with_port
from payments.stripe.client import API_VERSION
from testbank import __version__
from testbank.server import is_public
from testbank.stripe_settings import LIVE, SANDBOX, STRIPE_API, is_loopback, mode_of

GROUP = "Settings"
VERSION = version("stripe")
PYTHON = f"Python {platform.python_version()}"
PUBLIC_BIND = (
    "Passwords sent to this address from other machines are not protected by TLS. In a container, keep this address, but "
    "publish the container's port only on 127.0.0.1."
)
PRIVATE_BIND = (
    "Set BIND=127.0.0.1:8000 and run a reverse proxy, such as nginx or Caddy, that terminates TLS."
)
KEY_KINDS = {"sk": "secret", "rk": "restricted", "pk": "publishable"}


def settings_checks(setup: Setup) -> list[Check]:
    """Return the checks. None fails: an invalid setting already stops the site from starting."""
    return [
        _check("version", "Testbank", f"{__version__}, Django {django.get_version()}, {PYTHON}"),
        _env_file(setup),
        _check("secret_key", "Secret key", _about_key(settings.STRIPE_SECRET_KEY)),
        _check("public_key", "Publishable key", _about_key(settings.STRIPE_PUBLIC_KEY)),
        _webhook_secret(),
        _api_base(setup),
        _site_url(setup),
        _bind(),
        _deadline(),
        _check("library", "stripe-python", f"{VERSION}, API {API_VERSION}"),
        _proxy_setting(setup),
        *_fallback(setup),
        _ca_bundle(setup),
        _resolve(setup),
    ]


def _check(
    name: str,
    title: str,
    summary: str,
    *,
    status: Status = Status.OK,
    detail: str = "",
    fix: str = "",
) -> Check:
    return Check(f"settings.{name}", GROUP, title, status, summary, detail, fix)


def _env_file(setup: Setup) -> Check:
    if setup.env_file.is_file():
        return _check("env_file", "Settings file", str(setup.env_file))
    return _check(
        "env_file",
        "Settings file",
        f"{setup.env_file} does not exist: only environment variables are used",
        status=Status.SKIP,
    )


def _about_key(key: str) -> str:
    """Describe a key by its masked form, kind and mode."""
    return f"{scrub(key)}, {KEY_KINDS[key[:2]]} key, {mode_of(key)} mode"


def _webhook_secret() -> Check:
    count = len(settings.STRIPE_WEBHOOK_SECRETS)
    if count:
        return _check("webhook_secret", "Webhook secret", "set" if count == 1 else f"{count} set")
    return _check(
        "webhook_secret",
        "Webhook secret",
        "not set, so webhooks are rejected",
        status=Status.WARN,
        detail="Without webhooks, only the return page and reconciliation confirm payments.",
        fix="STRIPE_WEBHOOK_SECRET=whsec_...",
    )


def _api_base(setup: Setup) -> Check:
    if setup.api_base == STRIPE_API:
        return _check("api_base", "API", setup.api_base)
    if setup.mode == SANDBOX:
        return _check("api_base", "API", f"{setup.api_base}, the sandbox: no real charges")
    return _check(
        "api_base",
        "API",
        f"{setup.api_base} is not Stripe",
        status=Status.WARN,
        fix="Remove STRIPE_API_BASE.",
    )


def _site_url(setup: Setup) -> Check:
    parts = urlsplit(settings.SITE_URL)
    if setup.mode != LIVE or (parts.scheme == "https" and not is_loopback(parts.hostname or "")):
        return _check("site_url", "Site address", settings.SITE_URL)
    return _check(
        "site_url",
        "Site address",
        f"{settings.SITE_URL} with a live key",
        status=Status.WARN,
        detail="Buyers return to this address after payment, so it must be public and use HTTPS.",
        fix="SITE_URL=https://your.site",
    )


def _bind() -> Check:
    if not is_public(settings.BIND):
        return _check("bind", "Web server", f"{settings.BIND}, {settings.SERVER_THREADS} threads")
    return _check(
        "bind",
        "Web server",
        f"{settings.BIND}, which other machines can reach",
        status=Status.WARN,
        detail=PUBLIC_BIND,
        fix=PRIVATE_BIND,
    )


def _proxy_setting(setup: Setup) -> Check:
    source = "in the environment" if setup.is_set_in_process("STRIPE_PROXY") else "in .env"
    is_default = setup.setting == "environment"
    words = (
        "environment: the proxy variables determine the route"
        if is_default
        else mask_url(setup.setting)
    )
    return _check("proxy", "STRIPE_PROXY", words if is_default else f"{words} ({source})")


def _deadline() -> Check:
    whole, connect = settings.STRIPE_DEADLINE_SECONDS, settings.STRIPE_CONNECT_TIMEOUT_SECONDS
    silence, calls = settings.STRIPE_READ_TIMEOUT_SECONDS, settings.STRIPE_MAX_CALLS
    summary = (
        f"{whole:g} s per call, {min(connect, whole):g} s to connect, "
        f"{min(silence, whole):g} s without data; {calls} concurrent calls"
    )
    return _check("deadline", "Deadline", summary)


def _fallback(setup: Setup) -> Iterator[Check]:
    """Warn if set: bypassing a proxy may violate the network's policy."""
    if setup.falls_back:
        yield _check(
            "fallback",
            "Fallback",
            "STRIPE_PROXY_FALLBACK=direct: if the proxy fails, it is bypassed",
            status=Status.WARN,
            fix="Remove STRIPE_PROXY_FALLBACK unless your network policy allows bypassing the proxy.",
        )


def _ca_bundle(setup: Setup) -> Check:
    if setup.ca_bundle is None:
        summary = "not set: only public root certificates are trusted"
        return _check("ca_bundle", "STRIPE_CA_BUNDLE", summary, status=Status.SKIP)
    return _check(
        "ca_bundle",
        "STRIPE_CA_BUNDLE",
        f"{setup.ca_bundle}, in addition to public root certificates",
    )


def _resolve(setup: Setup) -> Check:
    if not setup.overrides:
        return _check("resolve", "STRIPE_RESOLVE", "not set", status=Status.SKIP)
    led = ", ".join(
        f"{with_port(each.host, each.port)} is redirected to {with_port(each.address, each.target_port)}"
        for each in setup.overrides
    )
    return _check(
        "resolve",
        "STRIPE_RESOLVE",
        f"active: {led}",
        status=Status.WARN,
        detail="For testing only. Calls go to the address shown instead of Stripe.",
        fix="Remove STRIPE_RESOLVE when you finish testing.",
    )
