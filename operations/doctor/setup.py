"""The settings and the environment that a run of the doctor uses, and its time limit."""

import os
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from django.conf import settings

from outbound.diagnosis.probe import ProbeReport, probe
from outbound.route import DIRECT, ProxyEnvironment, Route, decide
from outbound.transport import Client, Override
from testbank.environment import env_file

# The time limit of all calls together; --timeout can raise it.
MIN_TOTAL_SECONDS = 16.0
TOTAL_CALLS = 3
MIN_CALL_SECONDS = 0.5


@dataclass(frozen=True, slots=True)
class Setup:
    """The settings that a call depends on.

    `setting` is STRIPE_PROXY; `asked` the route that this run is to take instead, or None.
    `seconds` bounds one call, and `ends_at` (of the monotonic clock) all of them together.
    """

    api_base: str
    secret_key: str = field(repr=False)
    mode: str
    setting: str = field(repr=False)
    route_override: str | None = field(repr=False)
    environment: ProxyEnvironment = field(repr=False)
    ca_bundle: Path | None
    overrides: tuple[Override, ...]
    seconds: float
    ends_at: float
    env_file: Path
    falls_back: bool

    @classmethod
    def of_site(cls, *, route_override: str | None, seconds: float) -> "Setup":
        """Read the site's settings and the current environment; the time limit starts now."""
        return cls(
            api_base=settings.STRIPE_API_BASE,
            secret_key=settings.STRIPE_SECRET_KEY,
            mode=settings.STRIPE_MODE,
            setting=settings.STRIPE_PROXY,
            route_override=route_override,
            environment=ProxyEnvironment.of_process(settings.OUTBOUND_DOTENV),
            ca_bundle=settings.STRIPE_CA_BUNDLE,
            overrides=settings.STRIPE_RESOLVE,
            seconds=seconds,
            ends_at=time.monotonic() + max(MIN_TOTAL_SECONDS, TOTAL_CALLS * seconds),
            env_file=env_file(os.environ, settings.BASE_DIR),
            falls_back=settings.STRIPE_PROXY_FALLBACK == DIRECT,
        )

    @property
    def url(self) -> str:
        """The URL to probe: it only reads, and requires a key."""
        return f"{self.api_base}/v1/balance"

    def decide(
        self, setting: str | None = None, *, dotenv: Mapping[str, str] | None = None
    ) -> Route:
        """Return the route of a call, optionally with another STRIPE_PROXY or `.env`.

        Raises: RouteError.
        """
        environment = self.environment
        if dotenv is not None:
            environment = ProxyEnvironment(environment.process, dotenv)
        chosen = setting or self.route_override or self.setting
        return decide(self.url, setting=chosen, environment=environment)

    def decide_direct(self) -> Route:
        """Return the direct route, which is always decidable and has the NO_PROXY verdicts."""
        return self.decide(DIRECT)

    def is_set_in_process(self, name: str) -> bool:
        """Return True if the process sets it, so that a line in `.env` has no effect."""
        return bool(self.environment.process.get(name, "").strip())

    def probe_route(
        self, route: Route, *, ca_bundle: Path | None = None, seconds: float | None = None
    ) -> ProbeReport:
        """Probe the API over this route, without a key."""
        return probe(
            self.url,
            route=route,
            ca_bundle=ca_bundle or self.ca_bundle,
            overrides=self.overrides,
            deadline_seconds=self.time_left(seconds),
        )

    def time_left(self, seconds: float | None = None) -> float:
        """Return the seconds that one more call may take."""
        left = self.ends_at - time.monotonic()
        return min(seconds or self.seconds, max(MIN_CALL_SECONDS, left))

    def client(self) -> Client:
        """Return the site's HTTP client with the doctor's time limit; the caller closes it."""
        return Client(
            ca_bundle=self.ca_bundle,
            deadline_seconds=self.time_left(),
            connect_timeout_seconds=self.time_left(),
            overrides=self.overrides,
        )
