"""The Stripe client of this process, with our key, our address and our way out."""

import functools
import threading
from collections.abc import Callable
from typing import Generic, ParamSpec, TypeVar, cast

import stripe
from django.conf import settings

from outbound.circuit_breaker import CircuitBreaker
from outbound.transport import Client
from payments.models import Order
from payments.stripe.outage import outage_is_known, outages_are_shared
from payments.stripe.transport import OutboundHTTPClient

# stripe-python would otherwise write a file under the service's home and send timings.
stripe.enable_telemetry = False

# The version that stripe-python speaks. A webhook endpoint has a version of its own.
API_VERSION: str = stripe.api_version

P = ParamSpec("P")
T = TypeVar("T")


class ProcessSingleton(Generic[P, T]):
    """Build an object on first use and keep it for this process. Thread-safe.

    `functools.cache` builds several objects if several threads ask first. Each would hold
    connections and count calls of its own, and all but one would be lost unclosed.
    """

    def __init__(self, build: Callable[P, T]) -> None:
        functools.update_wrapper(self, build)
        self._build = build
        self._lock = threading.Lock()
        self.cache_clear()

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> T:
        with self._lock:
            return self._cached(*args, **kwargs)

    def cache_clear(self) -> None:
        """Forget the object, for code that changes the settings."""
        self._cached = cast(Callable[P, T], functools.cache(self._build))


@ProcessSingleton
def outbound_client() -> Client:
    """Return the HTTP client of this process: its connection pool and its concurrency limit."""
    return Client(
        ca_bundle=settings.STRIPE_CA_BUNDLE,
        deadline_seconds=settings.STRIPE_DEADLINE_SECONDS,
        connect_timeout_seconds=settings.STRIPE_CONNECT_TIMEOUT_SECONDS,
        read_timeout_seconds=settings.STRIPE_READ_TIMEOUT_SECONDS,
        overrides=settings.STRIPE_RESOLVE,
        max_calls=settings.STRIPE_MAX_CALLS,
    )


@ProcessSingleton
def payment_breaker() -> CircuitBreaker:
    """Return the circuit breaker of this process."""
    return CircuitBreaker()


@ProcessSingleton
def stripe_client(deadline_seconds: float | None = None) -> stripe.StripeClient:
    """Return stripe-python's client, whose calls leave through `outbound`."""
    return stripe.StripeClient(
        settings.STRIPE_SECRET_KEY,
        base_addresses={"api": settings.STRIPE_API_BASE},
        http_client=OutboundHTTPClient(
            client=outbound_client(),
            proxy_setting=settings.STRIPE_PROXY,
            dotenv=settings.OUTBOUND_DOTENV,
            deadline_seconds=deadline_seconds or settings.STRIPE_DEADLINE_SECONDS,
            breaker=payment_breaker(),
            falls_back=settings.STRIPE_PROXY_FALLBACK == "direct",
        ),
    )


def payment_is_down() -> bool:
    """Return True if the last calls from this machine did not get through. Costs one stat()."""
    return outage_is_known() or (payment_breaker().is_open and not outages_are_shared())


def is_of_current_key(order: Order) -> bool:
    """Return True if the API key in use belongs to the order's mode and account.

    Stripe does not know an object of another mode or account, so it must not be asked. Accounts
    are compared only if both are known.
    """
    accounts = {order.account, settings.STRIPE_ACCOUNT} - {""}
    return order.mode == settings.STRIPE_MODE and len(accounts) <= 1


def transport_settings_in_code() -> dict[str, object]:
    """Return stripe-python's own transport settings that code has set; none of them is used."""
    values = {name: getattr(stripe, name, None) for name in ("proxy", "default_http_client")}
    return {name: value for name, value in values.items() if value}
