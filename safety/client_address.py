"""The address of the client, also behind reverse proxies.

A reverse proxy appends the address of its client to `X-Forwarded-For`. Everything to the left of
the first address that no trusted proxy wrote may be forged.
"""

import ipaddress
from collections.abc import Callable, Sequence

from django.conf import settings
from django.http import HttpRequest, HttpResponse

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network

LOOPBACK = "127.0.0.1"


def client_address(peer: str, forwarded_for: str, trusted: Sequence[Network]) -> str:
    """Return the address that the nearest untrusted sender has.

    `peer` is the address of the TCP connection, and `forwarded_for` the `X-Forwarded-For` header.
    The header is read from the right, and only as far as trusted proxies wrote it. A sender on a
    Unix socket has no address and counts as this machine.
    """
    address = _parse(peer) or ipaddress.ip_address(LOOPBACK)
    for word in reversed(forwarded_for.split(",")):
        sender = _parse(word)
        if sender is None or not _is_in(address, trusted):
            break
        address = sender
    return str(address)


def client_address_middleware(
    get_response: Callable[[HttpRequest], HttpResponse],
) -> Callable[[HttpRequest], HttpResponse]:
    """Put the client's address into `REMOTE_ADDR`, where Django and allauth read it.

    `X-Forwarded-For` is removed, so that nothing behind this can trust it by mistake.
    """

    def middleware(request: HttpRequest) -> HttpResponse:
        request.META["REMOTE_ADDR"] = client_address(
            request.META.get("REMOTE_ADDR", ""),
            request.META.pop("HTTP_X_FORWARDED_FOR", ""),
            settings.TRUSTED_PROXIES,
        )
        return get_response(request)

    return middleware


def _parse(word: str) -> Address | None:
    """Read an address as reverse proxies write it: with brackets, a port, or a mapped IPv4."""
    text = word.strip()
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return None
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped:
        return address.ipv4_mapped
    return address


def _is_in(address: Address, networks: Sequence[Network]) -> bool:
    return any(address in network for network in networks)
