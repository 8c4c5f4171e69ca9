"""Proxy variables as they stand in the process and in `.env`, and which of them wins.

`no_proxy.py`, `proxy_address.py` and `decision.py` say what the values mean.
"""

import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from outbound.redaction import mask_url

PROCESS = "process"
DOTENV = ".env"
# Straight ones, and those that word processors put in their place.
QUOTES = "\"'`“”„‟‘’‚‛«»‹›＂＇"
INVISIBLE = re.compile(r"[\u00ad\u200b-\u200f\u2060\ufeff]")
SHELL_COMMAND = re.compile(
    r"^(?:(?:export|set|setx|setenv|declare -x)\s+(?=\S)|\$env:)", re.IGNORECASE
)


@dataclass(frozen=True, slots=True)
class Variable:
    """A variable that is set and not empty. `source` is `process` or `.env`.

    `value` may hold a password: show `masked`.
    """

    name: str
    source: str
    value: str = field(repr=False)

    @property
    def bare(self) -> str:
        """The value without quotes, invisible characters, and a pasted `export NAME=`."""
        return bare(self.value, self.name)

    @property
    def is_bare(self) -> bool:
        """True where the value holds nothing that other programs take for a part of it."""
        return self.bare == self.value.strip()

    @property
    def masked(self) -> str:
        """The value as it may be shown."""
        return mask_url(self.value.strip())

    @property
    def where(self) -> str:
        """How people are told of it: `HTTPS_PROXY in the environment`."""
        return (
            f"{self.name} in .env" if self.source == DOTENV else f"{self.name} in the environment"
        )


@dataclass(frozen=True, slots=True)
class ProxyEnvironment:
    """The variables, at one moment, that may say how a call leaves: the process's and `.env`'s."""

    process: Mapping[str, str] = field(repr=False)
    dotenv: Mapping[str, str] = field(repr=False)

    @classmethod
    def of_process(cls, dotenv: Mapping[str, str]) -> "ProxyEnvironment":
        """Read the variables now, so that code which sets a variable later is honored."""
        return cls(process=dict(os.environ), dotenv=dotenv)

    def settings_of(self, name: str) -> Iterator[Variable]:
        """Yield every spelling of a variable that is set and not empty, the winner first.

        The process wins over `.env`, then lower case over upper.
        """
        for source, values in ((PROCESS, self.process), (DOTENV, self.dotenv)):
            for spelling in (name.lower(), name.upper()):
                value = values.get(spelling, "")
                if value.strip():
                    yield Variable(name=spelling, source=source, value=value)

    def winner(self, *names: str) -> Variable | None:
        """Return the variable that is in force: the first name that is set anywhere."""
        for name in names:
            for variable in self.settings_of(name):
                return variable
        return None

    def read_elsewhere(self, name: str) -> Variable | None:
        """Return the one spelling that curl and requests would read, which blanks alone set too."""
        for source, values in ((PROCESS, self.process), (DOTENV, self.dotenv)):
            for spelling in (name.lower(), name.upper()):
                if values.get(spelling):
                    return Variable(name=spelling, source=source, value=values[spelling])
        return None


def bare(value: str, name: str) -> str:
    """Return a value without what was pasted around it.

    Quotes of either kind, invisible characters, and a whole shell command
    (`export HTTPS_PROXY=…`) in the place of the value.
    """
    text = INVISIBLE.sub("", value).strip().strip(QUOTES).strip()
    text = SHELL_COMMAND.sub("", text)
    assignment = re.match(rf"{re.escape(name)}(?:\s*=\s*|\s+)", text, re.IGNORECASE)
    return text[assignment.end() :].strip(QUOTES).strip() if assignment else text
