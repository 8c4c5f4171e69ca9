"""What is examined: where the API is, and how the shop would call it at this moment."""

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

# What all calls may take together; more only where one call was given more.
WHOLE_SECONDS = 16.0
WHOLE_CALLS = 3
LEAST_SECONDS = 0.5


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
    asked: str | None = field(repr=False)
    environment: ProxyEnvironment = field(repr=False)
    ca_bundle: Path | None
    overrides: tuple[Override, ...]
    seconds: float
    ends_at: float
    env_file: Path
    falls_back: bool

    @classmethod
    def of_site(cls, *, asked: str | None, seconds: float) -> "Setup":
        """The shop's own settings, with the environment as it is now; the time runs from here."""
        return cls(
            api_base=settings.STRIPE_API_BASE,
            secret_key=settings.STRIPE_SECRET_KEY,
            mode=settings.STRIPE_MODE,
            setting=settings.STRIPE_PROXY,
            asked=asked,
            environment=ProxyEnvironment.of_process(settings.OUTBOUND_DOTENV),
            ca_bundle=settings.STRIPE_CA_BUNDLE,
            overrides=settings.STRIPE_RESOLVE,
            seconds=seconds,
            ends_at=time.monotonic() + max(WHOLE_SECONDS, WHOLE_CALLS * seconds),
            env_file=env_file(os.environ, settings.BASE_DIR),
            falls_back=settings.STRIPE_PROXY_FALLBACK == DIRECT,
        )

    @property
    def url(self) -> str:
        """What is called: it only reads, and needs a key."""
        return f"{self.api_base}/v1/balance"

    def decide(
        self, setting: str | None = None, *, dotenv: Mapping[str, str] | None = None
    ) -> Route:
        """The route of a call, on demand with another STRIPE_PROXY or another `.env`.

        Raises: RouteError.
        """
        environment = self.environment
        if dotenv is not None:
            environment = ProxyEnvironment(environment.process, dotenv)
        chosen = setting or self.asked or self.setting
        return decide(self.url, setting=chosen, environment=environment)

    def decide_direct(self) -> Route:
        """The direct route: it can always be decided, and holds the verdicts on NO_PROXY."""
        return self.decide(DIRECT)

    def stands_in_process(self, name: str) -> bool:
        """True where a line in `.env` would have no effect on this setting."""
        return bool(self.environment.process.get(name, "").strip())

    def try_route(
        self, route: Route, *, ca_bundle: Path | None = None, seconds: float | None = None
    ) -> ProbeReport:
        """Call the API without a key over this route."""
        return probe(
            self.url,
            route=route,
            ca_bundle=ca_bundle or self.ca_bundle,
            overrides=self.overrides,
            deadline_seconds=self.patience(seconds),
        )

    def patience(self, seconds: float | None = None) -> float:
        """How long one more call may take."""
        left = self.ends_at - time.monotonic()
        return min(seconds or self.seconds, max(LEAST_SECONDS, left))

    def client(self) -> Client:
        """The client that the shop uses, with the doctor's patience; the caller closes it."""
        return Client(
            ca_bundle=self.ca_bundle,
            deadline_seconds=self.patience(),
            connect_timeout_seconds=self.patience(),
            overrides=self.overrides,
        )
