"""Read and validate the settings that defend the site.

Pure functions that `settings.py` calls at start.
"""

import ipaddress

from testbank.environment import Environment, SettingError

Network = ipaddress.IPv4Network | ipaddress.IPv6Network

LOOPBACK_NETWORKS = ("127.0.0.0/8", "::1/128")


def trusted_proxies(environment: Environment, *, behind_tls_proxy: bool) -> list[Network]:
    """Return the networks of the front servers. Raises: SettingError."""
    default = LOOPBACK_NETWORKS if behind_tls_proxy else ()
    words = environment.words("TRUSTED_PROXIES", default)
    try:
        return [ipaddress.ip_network(word, strict=False) for word in words]
    except ValueError as error:
        raise SettingError(
            "TRUSTED_PROXIES",
            f"cannot be read: {error}. Enter addresses or networks, such as 10.0.0.0/8.",
        ) from None
