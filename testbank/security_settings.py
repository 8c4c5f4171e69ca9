"""Read and validate the settings that defend the site.

Pure functions that `settings.py` calls at start.
"""

import ipaddress
import os
import re
import secrets
import zoneinfo
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from testbank.environment import Environment, SettingError
from testbank.private_files import make_private_folder, write_private

Network = ipaddress.IPv4Network | ipaddress.IPv6Network

RESERVED_NAMES = (
    ".example",
    ".home.arpa",
    ".internal",
    ".invalid",
    ".lan",
    ".local",
    ".localhost",
    ".test",
)
MIN_SECRET_CHARACTERS = 32
MIN_DIFFERENT_CHARACTERS = 10
DATABASE_SCHEMES = ("sqlite", "postgres", "postgresql", "pgsql")
LOOPBACK_NETWORKS = ("127.0.0.0/8", "::1/128")


def trusted_proxies(environment: Environment, *, behind_tls_proxy: bool) -> list[Network]:
    """Return the networks of the reverse proxies. Raises: SettingError."""
    default = LOOPBACK_NETWORKS if behind_tls_proxy else ()
    words = environment.words("TRUSTED_PROXIES", default)
    try:
        return [ipaddress.ip_network(word, strict=False) for word in words]
    except ValueError as error:
        raise SettingError(
            "TRUSTED_PROXIES",
            f"is not valid: {error}. Enter IP addresses or networks, such as 10.0.0.0/8.",
        ) from None


def is_public(host: str) -> bool:
    """True if the host is one that strangers can reach: no loopback, private or reserved name.

    Source: RFC 6761, RFC 6762, RFC 8375 (names that no public server resolves).
    """
    try:
        return ipaddress.ip_address(host).is_global
    except ValueError:
        return "." in host and not host.lower().endswith(RESERVED_NAMES)


def check_site_url(site_url: str, *, host: str) -> None:
    """Refuse a public site without TLS. Raises: SettingError."""
    if is_public(host) and site_url.startswith("http://"):
        raise SettingError(
            "SITE_URL",
            f"is {site_url}: passwords and purchases would cross the internet unencrypted. Use "
            f"https://{host} and run a reverse proxy that terminates TLS (docs/server.md).",
        )


def check_debug(*, debug: bool, host: str) -> None:
    """Refuse DEBUG on a public site. Raises: SettingError."""
    if debug and is_public(host):
        raise SettingError(
            "DEBUG",
            f"is 1, and SITE_URL has the public host {host}, so error pages would show settings and "
            "data to visitors. Remove DEBUG=1.",
        )


def check_secret(name: str, value: str, *, host: str) -> None:
    """Refuse a secret of a public site that can be guessed. An empty one is not set.

    Raises: SettingError.
    """
    is_weak = len(value) < MIN_SECRET_CHARACTERS or len(set(value)) < MIN_DIFFERENT_CHARACTERS
    if value and is_weak and is_public(host):
        raise SettingError(
            name,
            f"can be guessed. Use at least {MIN_SECRET_CHARACTERS} random characters, such as "
            "the output of: python3 -c 'import secrets; print(secrets.token_urlsafe(50))'",
        )


def language(environment: Environment, known: Iterable[str]) -> str:
    """Return LANGUAGE_CODE, one of the site's languages. Raises: SettingError."""
    code = environment.text("LANGUAGE_CODE", "en")
    if code not in known:
        raise SettingError("LANGUAGE_CODE", f"is {code!r}. Use one of: {', '.join(known)}.")
    return code


def time_zone(environment: Environment) -> str:
    """Return TIME_ZONE. Raises: SettingError."""
    name = environment.text("TIME_ZONE", "UTC")
    if name not in zoneinfo.available_timezones():
        raise SettingError("TIME_ZONE", f"is {name!r}. Use a name such as Europe/Berlin.")
    return name


def database_url(environment: Environment, default: str) -> str:
    """Return DATABASE_URL. Raises: SettingError for another kind of database."""
    url = environment.text("DATABASE_URL", default)
    scheme = url.partition(":")[0]
    if scheme not in DATABASE_SCHEMES:
        raise SettingError(
            "DATABASE_URL",
            f"begins with {scheme}://. Use sqlite:///path or postgres://user:password@host/name.",
        )
    return url


def has_no_data(database_url: str) -> bool:
    """True if the database is an SQLite file that is missing or empty; a server may have data."""
    scheme, _mark, path = database_url.partition(":///")
    if scheme != "sqlite":
        return False
    file = Path(path.partition("?")[0])
    return not file.exists() or file.stat().st_size == 0


def refuse_uncollected_static(static_root: Path, *, is_hashed: bool) -> None:
    """Refuse to serve hashed names of files that nobody collected. Raises: SettingError.

    Every page would be an error. Servers call it, not commands: `collectstatic` is one.
    """
    if is_hashed and not (static_root / "staticfiles.json").exists():
        raise SettingError(
            "HASHED_STATIC",
            f"is 1, but there are no collected files in {static_root}. Run manage.py collectstatic "
            "now and after each update, or remove HASHED_STATIC=1.",
        )


def sender(environment: Environment, default: str) -> str:
    """Return DEFAULT_FROM_EMAIL. Raises: SettingError if it holds no email address."""
    value = environment.text("DEFAULT_FROM_EMAIL", default)
    if not _is_address(value):
        raise SettingError(
            "DEFAULT_FROM_EMAIL",
            f"is {value!r}. Use an email address, with or without a name, such as Shop <shop@example.org>.",
        )
    return value


def admins(environment: Environment) -> list[tuple[str, str]]:
    """Return ADMINS as names and addresses. Raises: SettingError if one is no email address."""
    addresses = environment.words("ADMINS")
    for address in addresses:
        if not _is_address(address):
            raise SettingError(
                "ADMINS",
                f"contains {address!r}, which is not an email address. Separate email addresses with "
                "commas, as in you@example.org, colleague@example.org.",
            )
    return [(address, address) for address in addresses]


def _is_address(value: str) -> bool:
    """Return True for an address, with or without a name in front."""
    named = re.search(r"<([^<>]*)>$", value)
    return bool(re.fullmatch(r"[^\s@<>]+@[^\s@<>]+", named[1] if named else value))


def secret_key(path: Path, *, is_empty_site: bool) -> str:
    """Return the key in a file, which is created at the first start. Sessions survive a restart.

    A file that was emptied is written anew only while there is no data: a new key ends all
    sessions and makes stored second factors unreadable. Raises: SettingError.
    """
    make_private_folder(path.parent)
    key = path.read_text().strip() if path.exists() else ""
    if key:
        return key
    if path.exists() and not is_empty_site:
        raise SettingError(
            "SECRET_KEY",
            f"cannot be read: {path} is empty. Restore the file from a backup. If you have no backup, "
            "delete the file. Everyone must then sign in again, and staff must set up their second "
            "factor again (manage.py reset_second_factor).",
        )
    return _write_key(path)


def _write_key(path: Path) -> str:
    """Write a key, whole or not at all; another process may write one at the same time."""
    file = path.with_name(f"{path.name}.{os.getpid()}")
    write_private(file, secrets.token_urlsafe(50))
    if path.exists() and not path.read_text().strip():
        path.unlink(missing_ok=True)
    with suppress(FileExistsError):
        # A hard link, because a rename would replace the key of another process.
        os.link(file, path)
    file.unlink()
    return path.read_text().strip()
