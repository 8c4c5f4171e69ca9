"""Whether a call goes through a proxy, through which one, and by which rule."""

from outbound.route.decision import (
    DIRECT,
    ENVIRONMENT,
    GOVERNING,
    PORTS,
    SETTING,
    Route,
    decide,
    parse_setting,
)
from outbound.route.environment import ProxyEnvironment, Variable
from outbound.route.no_proxy import Verdict, judge, read_entries
from outbound.route.proxy_address import ProxyAddress, ProxyAddressError, RouteError, parse_proxy

__all__ = [
    "DIRECT",
    "ENVIRONMENT",
    "GOVERNING",
    "PORTS",
    "SETTING",
    "ProxyAddress",
    "ProxyAddressError",
    "ProxyEnvironment",
    "Route",
    "RouteError",
    "Variable",
    "Verdict",
    "decide",
    "judge",
    "parse_proxy",
    "parse_setting",
    "read_entries",
]
