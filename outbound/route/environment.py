"""Proxy variables as they stand in the process and in `.env`, and which of them wins.

A snapshot: who decides a route takes a new one for each call. What the values mean is said
in `no_proxy.py`, `addresses.py` and `route.py`.
"""

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from outbound.redaction import mask_url

PROCESS = "process"
DOTENV = ".env"
QUOTES = "\"'"


@dataclass(frozen=True, slots=True)
class Variable:
    """A variable that is set and not empty. `source` is `process` or `.env`.

    `value` may hold a password: `masked` is for people.
    """

    name: str
    source: str
    value: str = field(repr=False)

    @property
    def masked(self) -> str:
        """The value as it may be shown."""
        return mask_url(self.value.strip())

    @property
    def where(self) -> str:
        """How it is named to people: `HTTPS_PROXY of the process`."""
        return f"{self.name} in .env" if self.source == DOTENV else f"{self.name} of the process"


@dataclass(frozen=True, slots=True)
class ProxyEnvironment:
    """The variables that may say how a call leaves: the process's, and those of `.env`."""

    process: Mapping[str, str] = field(repr=False)
    dotenv: Mapping[str, str] = field(repr=False)

    @classmethod
    def of_process(cls, dotenv: Mapping[str, str]) -> "ProxyEnvironment":
        """The environment at this moment: code that sets a variable later is honoured."""
        return cls(process=dict(os.environ), dotenv=dotenv)

    def settings_of(self, name: str) -> Iterator[Variable]:
        """Every spelling of a variable that is set and not empty, the winning one first.

        The process wins over `.env`, then lower case over upper.
        """
        for source, values in ((PROCESS, self.process), (DOTENV, self.dotenv)):
            for spelling in (name.lower(), name.upper()):
                value = values.get(spelling, "")
                if value.strip():
                    yield Variable(name=spelling, source=source, value=value)

    def winner(self, *names: str) -> Variable | None:
        """The variable that is in force: the first name that is set anywhere."""
        for name in names:
            for variable in self.settings_of(name):
                return variable
        return None

    def read_elsewhere(self, name: str) -> Variable | None:
        """The one spelling that curl and requests would read, which blanks alone set too."""
        for source, values in ((PROCESS, self.process), (DOTENV, self.dotenv)):
            for spelling in (name.lower(), name.upper()):
                if values.get(spelling):
                    return Variable(name=spelling, source=source, value=values[spelling])
        return None
