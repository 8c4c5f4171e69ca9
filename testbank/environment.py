"""Settings as they stand in the process's environment and in `.env`, read with types.

Nothing here knows what a setting is for (`testbank/settings.py` does) or how a proxy
is chosen (`outbound/route.py` does). A variable of the process wins over `.env`; an
empty one counts as unset.
"""

import os
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from django.core.exceptions import ImproperlyConfigured
from dotenv import dotenv_values

TRUE_WORDS = {"1", "true", "yes", "on"}
FALSE_WORDS = {"0", "false", "no", "off"}
PLACEHOLDER = re.compile(
    r"\.\.\.|…|<|>|\*\*|your|changeme|change-me|replace|placeholder|_x+$|_key_?here|_here$",
    re.IGNORECASE,
)


class SettingError(ImproperlyConfigured):
    """One setting is wrong; the text names it and says what to write."""

    def __init__(self, name: str, problem: str) -> None:
        self.name = name
        super().__init__(f"{name} {problem}")


def env_file(process: Mapping[str, str], base: Path) -> Path:
    """The file of settings: `.env` beside `manage.py` unless TESTBANK_ENV_FILE names another."""
    return base / process.get("TESTBANK_ENV_FILE", ".env")


def read_env_file(path: Path) -> dict[str, str]:
    """The pairs of a `.env` file, without `$` expansion; {} where there is none.

    Expansion is off because passwords and keys may hold a `$`.
    """
    if not path.is_file():
        return {}
    try:
        pairs = dotenv_values(path, interpolate=False, encoding="utf-8-sig")
    except (UnicodeDecodeError, OSError) as error:
        raise SettingError(str(path), f"cannot be read as UTF-8 text ({error}).") from error
    return {name: value for name, value in pairs.items() if value is not None}


@dataclass(frozen=True)
class Environment:
    """Typed access to settings. Raises SettingError with a sentence for the operator."""

    process: Mapping[str, str]
    dotenv: Mapping[str, str]
    names_read: set[str] = field(default_factory=set)

    @classmethod
    def of_process(cls, base: Path) -> "Environment":
        """The environment of this process and the `.env` file under `base`."""
        return cls(process=os.environ, dotenv=read_env_file(env_file(os.environ, base)))

    def text(self, name: str, default: str = "") -> str:
        """The stripped value, or `default` where it is unset or empty."""
        self.names_read.add(name)
        for source in (self.process, self.dotenv):
            value = source.get(name, "").strip()
            if value:
                return value
        return default

    def secret(self, name: str, *, prefixes: tuple[str, ...], where: str) -> str:
        """A key that must be there, be no pasted placeholder, and begin as it should."""
        value = self.text(name)
        if not value:
            raise SettingError(name, f"is not set. Write {name}={prefixes[0]}… into .env; {where}")
        if PLACEHOLDER.search(value):
            raise SettingError(
                name, f"is still a placeholder from an example. Put your own key there; {where}"
            )
        if not value.startswith(prefixes):
            begins = " or ".join(prefixes)
            raise SettingError(name, f"must begin with {begins}. {where}")
        return value

    def boolean(self, name: str, *, default: bool) -> bool:
        """True for 1/true/yes/on, False for 0/false/no/off, in any case."""
        word = self.text(name).lower()
        if not word:
            return default
        if word in TRUE_WORDS | FALSE_WORDS:
            return word in TRUE_WORDS
        raise SettingError(name, f"is {word!r}. Write {name}=1 or {name}=0.")

    def number(self, name: str, *, default: float, low: float, high: float) -> float:
        """A decimal number between `low` and `high`, both allowed."""
        text = self.text(name)
        try:
            value = float(text) if text else default
        except ValueError:
            value = low - 1
        if low <= value <= high:
            return value
        raise SettingError(
            name, f"is {text!r}. Write a number from {low:g} to {high:g}, such as {default:g}."
        )

    def words(self, name: str, default: Iterable[str] = ()) -> list[str]:
        """A list, separated by commas."""
        text = self.text(name)
        return [word.strip() for word in text.split(",") if word.strip()] or list(default)

    def origin(self, name: str, default: str) -> str:
        """An address of the form scheme://host[:port], without a path."""
        value = self.text(name, default).rstrip("/")
        parts = urlsplit(value)
        if parts.scheme in {"http", "https"} and parts.netloc and not (parts.path or parts.query):
            return value
        raise SettingError(
            name, f"is {value!r}. Write the whole address and nothing after it, such as {default}."
        )
