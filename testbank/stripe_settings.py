"""Read and validate the Stripe settings: keys, modes, API address, proxy and CA bundle.

Pure functions that `settings.py` calls at start. None makes a network call.
"""

import ipaddress
from pathlib import Path
from urllib.parse import urlsplit

from outbound.route import DIRECT, ENVIRONMENT, ProxyAddressError, parse_setting
from outbound.route.environment import bare
from outbound.transport import Override, OverrideError, parse_resolve
from outbound.transport.ca_bundle import CABundleError
from outbound.transport.trust import system_store
from testbank.environment import Environment, SettingError

STRIPE_API = "https://api.stripe.com"
SANDBOX, TEST, LIVE = "sandbox", "test", "live"
SECRET_PREFIXES = tuple(
    f"{kind}_{mode}_" for mode in (TEST, LIVE, SANDBOX) for kind in ("sk", "rk")
)
PUBLIC_PREFIXES = tuple(f"pk_{mode}_" for mode in (TEST, LIVE, SANDBOX))
KEYS_PAGE = "Your keys are at https://dashboard.stripe.com/apikeys."


def mode_of(key: str) -> str:
    """Return `sandbox`, `test` or `live`, the part of every key after its kind."""
    return key.split("_")[1]


def secret_key(environment: Environment) -> str:
    """Return the secret or restricted key. Raises: SettingError if missing or malformed."""
    return environment.secret("STRIPE_SECRET_KEY", prefixes=SECRET_PREFIXES, where=KEYS_PAGE)


def public_key(environment: Environment, mode: str) -> str:
    """Return the public key. Raises: SettingError if its mode is not the secret key's."""
    key = environment.secret("STRIPE_PUBLIC_KEY", prefixes=PUBLIC_PREFIXES, where=KEYS_PAGE)
    if mode_of(key) != mode:
        raise SettingError(
            "STRIPE_PUBLIC_KEY",
            f"is a {mode_of(key)} key, but STRIPE_SECRET_KEY is a {mode} key. Use the publishable key "
            f"that begins with pk_{mode}_. {KEYS_PAGE}",
        )
    return key


def webhook_secrets(environment: Environment) -> list[str]:
    """Return the webhook endpoint's signing secrets: none, one, or two during a rotation."""
    secrets = environment.words("STRIPE_WEBHOOK_SECRET")
    for secret in secrets:
        if not secret.startswith("whsec_") or secret.endswith("..."):
            raise SettingError(
                "STRIPE_WEBHOOK_SECRET",
                "must begin with whsec_. Copy the signing secret of your endpoint from "
                "https://dashboard.stripe.com/webhooks, or remove the line. The return page "
                "and reconciliation then confirm payments.",
            )
    return secrets


def api_base(environment: Environment, mode: str) -> str:
    """Return the base URL of the API: Stripe's, or that of a sandbox on this machine.

    Raises: SettingError for a sandbox key with another address than loopback, a live key with
    another than Stripe's, and any key with neither.
    """
    base = environment.origin("STRIPE_API_BASE", STRIPE_API)
    if mode == SANDBOX and not is_loopback(urlsplit(base).hostname or ""):
        raise SettingError(
            "STRIPE_API_BASE",
            f"is {base}, but the key is a sandbox key, which never leaves this machine. "
            "Use the sandbox's address, such as http://127.0.0.1:12111.",
        )
    if mode == LIVE and base != STRIPE_API:
        raise SettingError(
            "STRIPE_API_BASE",
            f"is {base}, but the key is a live key, which is sent only to {STRIPE_API}. "
            "Remove STRIPE_API_BASE.",
        )
    if base != STRIPE_API and not is_loopback(urlsplit(base).hostname or ""):
        raise SettingError(
            "STRIPE_API_BASE",
            f"is {base}, which is neither Stripe nor a sandbox on this machine. Remove STRIPE_API_BASE.",
        )
    return base


def proxy(environment: Environment) -> str:
    """Return STRIPE_PROXY: `environment`, `direct` or a proxy URL. Raises: SettingError."""
    name, text = "STRIPE_PROXY", bare(environment.text("STRIPE_PROXY", ENVIRONMENT), "STRIPE_PROXY")
    if text.lower() in {ENVIRONMENT, DIRECT}:
        return text.lower()
    try:
        parse_setting(text)
    except ProxyAddressError as error:
        raise SettingError(name, str(error).removeprefix(f"{name} ")) from None
    return text


def ca_bundle(environment: Environment) -> Path | None:
    """Return the PEM file of STRIPE_CA_BUNDLE; `system` is the machine's store."""
    name, text = "STRIPE_CA_BUNDLE", environment.text("STRIPE_CA_BUNDLE")
    try:
        path = system_store() if text.lower() == "system" else Path(text)
    except CABundleError:
        raise SettingError(
            name,
            "is set to system, but no system certificate store was found in the usual locations. "
            "Enter the path of a PEM file.",
        ) from None
    if text and not path.is_file():
        raise SettingError(
            name, f"names {path}, which is not a file. Enter the path of a PEM file."
        )
    return path if text else None


def is_loopback(host: str) -> bool:
    """Return True for localhost, and for addresses such as 127.0.0.1 and ::1."""
    if host.lower() == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def proxy_fallback(environment: Environment) -> str:
    """Return STRIPE_PROXY_FALLBACK: `none` or `direct`. Raises: SettingError."""
    word = environment.text("STRIPE_PROXY_FALLBACK", "none").lower()
    if word not in {"none", "direct"}:
        raise SettingError("STRIPE_PROXY_FALLBACK", "must be direct or none.")
    return word


def resolve(environment: Environment, mode: str) -> tuple[Override, ...]:
    """Return STRIPE_RESOLVE's overrides. Raises: SettingError, also with a live key."""
    text = environment.text("STRIPE_RESOLVE")
    if text and mode == LIVE:
        raise SettingError(
            "STRIPE_RESOLVE",
            "is not allowed with a live key. Remove STRIPE_RESOLVE, or use a test key.",
        )
    try:
        return parse_resolve(text)
    except OverrideError as error:
        raise SettingError("STRIPE_RESOLVE", f"is not valid. {error}") from None
