"""Read settings with types from the process environment and from `.env`.

A variable of the process wins over `.env`; an empty one counts as unset. What each setting is for
is in `testbank/settings.py`; how a proxy is chosen, in `outbound/route/`.
"""

import difflib
import io
import os
import pwd
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from django.core.exceptions import ImproperlyConfigured
from dotenv import dotenv_values

TRUE_WORDS = {"1", "true", "yes", "on"}
FALSE_WORDS = {"0", "false", "no", "off"}
PROXY_NAMES = ("HTTPS_PROXY", "HTTP_PROXY", "ALL_PROXY", "NO_PROXY")
# How alike two names are, from 0 to 1: one letter in seven may differ.
LIKENESS = 0.86
# Stripe's own names, and those of other libraries.
COMMON_MISTAKES = {
    "STRIPE_API_KEY": "STRIPE_SECRET_KEY",
    "STRIPE_PUBLISHABLE_KEY": "STRIPE_PUBLIC_KEY",
    "STRIPE_WEBHOOK_KEY": "STRIPE_WEBHOOK_SECRET",
    "STRIPE_ENDPOINT_SECRET": "STRIPE_WEBHOOK_SECRET",
    "STRIPE_NO_PROXY": "NO_PROXY",
    "STRIPE_HTTPS_PROXY": "STRIPE_PROXY",
    "PROXY": "STRIPE_PROXY",
}
PLACEHOLDER = re.compile(
    r"\.\.\.|…|<|>|\*\*|your|changeme|change-me|replace|placeholder|_x+$|_key_?here|_here$",
    re.IGNORECASE,
)


class SettingError(ImproperlyConfigured):
    """A setting is invalid; the message names it and says what to write."""

    def __init__(self, name: str, problem: str) -> None:
        self.name = name
        super().__init__(f"{name} {problem}")


def env_file(process: Mapping[str, str], base: Path) -> Path:
    """Return the settings file: `.env` in `base`, or the one that TESTBANK_ENV_FILE names."""
    return base / process.get("TESTBANK_ENV_FILE", ".env")


def read_env_file(path: Path) -> dict[str, str]:
    """Return the pairs of a `.env` file, without `$` expansion; {} if it does not exist.

    Expansion is off because passwords and keys may hold a `$`.
    """
    try:
        if not (path.is_file() or path.is_dir()):
            return {}
        text = path.read_bytes().decode("utf-8-sig")
    except PermissionError as error:
        raise SettingError(str(path), _about_permission(path)) from error
    except IsADirectoryError as error:
        raise SettingError(
            str(path),
            "is a folder. Docker creates a folder if the file to mount is missing. Remove "
            "the folder, and put the file in its place.",
        ) from error
    except UnicodeDecodeError as error:
        raise SettingError(str(path), _about_encoding(path, error)) from error
    except OSError as error:
        raise SettingError(str(path), f"cannot be read: {error.strerror}.") from error
    pairs = dotenv_values(stream=io.StringIO(text), interpolate=False)
    return {name: value for name, value in pairs.items() if value is not None}


def _read_value(name: str, path: Path) -> str:
    try:
        value = path.read_text(encoding="utf-8").strip()
    except PermissionError as error:
        raise SettingError(name, f"names {path}, which {_about_permission(path)}") from error
    except (OSError, UnicodeDecodeError) as error:
        raise SettingError(
            name, f"names {path}, which cannot be read: {type(error).__name__}."
        ) from error
    if not value:
        raise SettingError(name, f"names {path}, which is empty. Enter the value in that file.")
    return value


def _about_permission(path: Path) -> str:
    try:
        user = pwd.getpwuid(os.geteuid()).pw_name
    except KeyError:
        user = str(os.geteuid())
    return (
        f"cannot be read by {user}, the current user. Make {user} the owner of the file "
        f"(chown {user} {path}), or run the site as the user that owns it."
    )


def _about_encoding(path: Path, error: UnicodeDecodeError) -> str:
    content: bytes = error.object
    if content.startswith((b"\xff\xfe", b"\xfe\xff")) or b"\0" in content[:100]:
        return "is UTF-16 text, which Windows PowerShell writes by default. Save the file as UTF-8."
    line = content[: error.start].count(b"\n") + 1
    return f"is not UTF-8 text: line {line} uses another encoding. Save the file as UTF-8."


def _meant(name: str, known: Iterable[str]) -> str:
    """Return the setting that a name is most similar to, or an empty string."""
    if name.upper() in COMMON_MISTAKES:
        return COMMON_MISTAKES[name.upper()]
    compact = {_compact(each): each.upper() for each in sorted(known)}
    near = difflib.get_close_matches(_compact(name), compact, n=1, cutoff=LIKENESS)
    return compact[near[0]] if near else ""


def _compact(name: str) -> str:
    return re.sub(r"[^A-Z0-9]", "", name.upper())


@dataclass(frozen=True)
class Environment:
    """Typed access to settings. Raises SettingError with a sentence for the operator."""

    process: Mapping[str, str]
    dotenv: Mapping[str, str]
    names_read: set[str] = field(default_factory=set)

    @classmethod
    def of_process(cls, base: Path) -> "Environment":
        """Return the environment of this process and the `.env` file in `base`."""
        return cls(process=os.environ, dotenv=read_env_file(env_file(os.environ, base)))

    def text(self, name: str, default: str = "") -> str:
        """Return the stripped value, or `default` if it is unset or empty.

        NAME_FILE may name a file with the value instead, as containers pass secrets.
        """
        self.names_read.add(name)
        for source in (self.process, self.dotenv):
            if value := source.get(name, "").strip():
                return value
            if path := source.get(f"{name}_FILE", "").strip():
                return _read_value(f"{name}_FILE", Path(path))
        return default

    def secret(self, name: str, *, prefixes: tuple[str, ...], where: str) -> str:
        """Return a required key, which has one of the prefixes and is no placeholder."""
        value = self.text(name)
        if not value:
            near = [each for each in self.dotenv if each != name and _meant(each, {name}) == name]
            said = f" {near[0]} in .env is not a setting. Correct its name." if near else ""
            raise SettingError(
                name, f"is not set. Add {name}={prefixes[0]}… to .env. {where}{said}"
            )
        if PLACEHOLDER.search(value):
            raise SettingError(
                name,
                f"is still a placeholder from an example. Replace it with your own key. {where}",
            )
        if not value.startswith(prefixes):
            *others, last = prefixes
            begins = f"{', '.join(others)}, or {last}"
            raise SettingError(name, f"must begin with {begins}. {where}")
        return value

    def misspelled(self) -> dict[str, str]:
        """Return the names in `.env` that nobody has read, each with the one likely meant.

        Names that resemble no setting belong to somebody else, and are left out.
        """
        files = {f"{name}_FILE" for name in self.names_read}
        known = {*self.names_read, *files, *PROXY_NAMES, *map(str.lower, PROXY_NAMES)}
        return {
            name: meant
            for name in self.dotenv
            if name not in known and (meant := _meant(name, known - files))
        }

    def boolean(self, name: str, *, default: bool) -> bool:
        """Return True for 1/true/yes/on and False for 0/false/no/off, in any case."""
        word = self.text(name).lower()
        if not word:
            return default
        if word in TRUE_WORDS | FALSE_WORDS:
            return word in TRUE_WORDS
        raise SettingError(name, f"is {word!r}. Use {name}=1 or {name}=0.")

    def number(self, name: str, *, default: float, low: float, high: float) -> float:
        """Return a decimal number from `low` to `high`, inclusive."""
        text = self.text(name)
        try:
            value = float(text) if text else default
        except ValueError:
            value = low - 1
        if low <= value <= high:
            return value
        raise SettingError(
            name, f"is {text!r}. Enter a number from {low:g} to {high:g}, such as {default:g}."
        )

    def words(self, name: str, default: Iterable[str] = ()) -> list[str]:
        """Return a comma-separated list."""
        text = self.text(name)
        return [word.strip() for word in text.split(",") if word.strip()] or list(default)

    def origin(self, name: str, default: str) -> str:
        """Return an origin: scheme://host[:port] without a path."""
        value = self.text(name, default).rstrip("/")
        parts = urlsplit(value)
        if parts.scheme in {"http", "https"} and parts.netloc and not (parts.path or parts.query):
            return value
        raise SettingError(
            name, f"is {value!r}. Use the complete address without a path, such as {default}."
        )
