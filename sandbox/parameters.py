"""Reading form-encoded parameters as Stripe does: decoding, and refusing by name.

A reader takes a decoded value and the parameter's name, and returns it typed or raises
ApiError. What the parameters mean stands with the operations that take them.
"""

import re
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from sandbox.errors import ApiError, invalid, missing

Reader = Callable[[Any, str], Any]
KEY = re.compile(r"([^\[\]]+)((?:\[[^\[\]]*\])*)")


def decode(encoded: str) -> dict[str, Any]:
    """Nested dictionaries of text: `a[b][0]=c` is {"a": {"b": {"0": "c"}}}; lists stay keyed.

    Raises ApiError where a key is malformed, or given twice.
    """
    decoded: dict[str, Any] = {}
    for key, value in parse_qsl(encoded, keep_blank_values=True):
        place(decoded, key, value)
    return decoded


def place(decoded: dict[str, Any], key: str, value: str) -> None:
    """Put one pair of the form where its key says."""
    match = KEY.fullmatch(key)
    if match is None:
        raise invalid(f"Invalid parameter name: {key}", key)
    *outer, last = [match[1], *re.findall(r"\[([^\[\]]*)\]", match[2])]
    container: Any = decoded
    for name in outer:
        container = container.setdefault(name or str(len(container)), {})
        if not isinstance(container, dict):
            raise invalid(f"Invalid parameter: {key} is both a value and an object.", key)
    last = last or str(len(container))
    if last in container:
        raise invalid(f"Invalid parameter: {key} was given twice.", key)
    container[last] = value


def text(maximum: int = 5000) -> Reader:
    """Text of at most so many characters, not empty."""

    def read(value: Any, param: str) -> str:
        if not isinstance(value, str):
            raise invalid(f"Invalid string: {param} must be a text.", param)
        if not value:
            raise invalid(f"{param} was empty; leave it out.", param, "parameter_invalid_empty")
        if len(value) > maximum:
            raise invalid(f"Invalid string: {param} is longer than {maximum} characters.", param)
        return value

    return read


def integer(minimum: int | None = None, maximum: int | None = None) -> Reader:
    """A whole number within bounds."""

    def read(value: Any, param: str) -> int:
        if not isinstance(value, str) or not re.fullmatch(r"-?[0-9]{1,18}", value):
            raise invalid(f"Invalid integer: {value}", param, "parameter_invalid_integer")
        number = int(value)
        if minimum is not None and number < minimum:
            message = f"Invalid integer: {param} must be at least {minimum}."
            raise invalid(message, param, "parameter_invalid_integer")
        if maximum is not None and number > maximum:
            message = f"Invalid integer: {param} must be at most {maximum}."
            raise invalid(message, param, "parameter_invalid_integer")
        return number

    return read


def boolean(value: Any, param: str) -> bool:
    """`true` or `false`."""
    if value not in ("true", "false"):
        raise invalid(f"Invalid boolean: {value}", param)
    return bool(value == "true")


def choice(*allowed: str) -> Reader:
    """One of the words allowed."""

    def read(value: Any, param: str) -> str:
        if value not in allowed:
            raise invalid(f"Invalid {param}: must be one of {', '.join(allowed)}", param)
        return str(value)

    return read


def currency(value: Any, param: str) -> str:
    """A three-letter currency code, as lower-case text."""
    if not isinstance(value, str) or not re.fullmatch(r"[a-zA-Z]{3}", value):
        raise invalid(f"Invalid currency: {value}", param)
    return value.lower()


def email(value: Any, param: str) -> str:
    """An e-mail address, by its outline only."""
    if not isinstance(value, str) or not re.fullmatch(r"[^@\s]+@[^@\s]+\.[^@\s.]+", value):
        raise invalid(f"Invalid email address: {value}", param, "email_invalid")
    return value


def web_address(value: Any, param: str) -> str:
    """An absolute http or https address, of printable ASCII: it ends up in a header."""
    try:
        parts = urlsplit(text()(value, param))
    except ValueError as malformed:
        raise invalid("Not a valid URL", param, "url_invalid") from malformed
    printable = re.fullmatch(r"[\x21-\x7e]+", str(value))
    if parts.scheme not in ("http", "https") or not parts.hostname or not printable:
        message = "Invalid URL: an absolute address with a scheme (such as https) is needed."
        raise invalid(message, param, "url_invalid")
    return str(value)


def metadata(value: Any, param: str) -> dict[str, str]:
    """At most 50 keys of 40 characters with values of 500; an empty value means no such key."""
    if not isinstance(value, dict):
        raise invalid(f"Invalid object: {param} must be a set of keys and values.", param)
    if len(value) > 50 or any(len(key) > 40 for key in value):
        raise invalid("Metadata can have up to 50 keys of up to 40 characters.", param)
    read_value = text(500)
    filled = {key: entry for key, entry in value.items() if entry != ""}
    return {key: read_value(entry, f"{param}[{key}]") for key, entry in filled.items()}


def list_of(reader: Reader, maximum: int = 100) -> Reader:
    """At least one entry, at most so many, in the order of their indexes."""

    def read(value: Any, param: str) -> list[Any]:
        if not isinstance(value, dict) or not all(re.fullmatch("[0-9]+", key) for key in value):
            raise invalid(f"Invalid array: {param}", param)
        if len(value) > maximum:
            raise invalid(f"{param} has more than {maximum} entries.", param)
        entries = sorted(value.items(), key=lambda entry: int(entry[0]))
        return [reader(entry, f"{param}[{index}]") for index, entry in entries]

    return read


def expandable(*names: str) -> Reader:
    """A list of fields to be shown whole, of those that can be."""
    read_names = list_of(text())

    def read(value: Any, param: str) -> list[str]:
        asked: list[str] = read_names(value, param)
        for position, name in enumerate(asked):
            if name not in names:
                message = f"This property cannot be expanded here: {name}."
                raise invalid(message, f"{param}[{position}]")
        return asked

    return read


def record(fields: Mapping[str, Reader], required: tuple[str, ...] = ()) -> Reader:
    """An object with these fields and no others."""

    def read(value: Any, param: str) -> dict[str, Any]:
        if not isinstance(value, dict):
            raise invalid(f"Invalid object: {param}", param)
        for name in value:
            if name not in fields:
                raise unknown(within(param, name))
        params = {name: fields[name](value[name], within(param, name)) for name in value}
        for name in required:
            if name not in params:
                raise missing(within(param, name))
        return params

    return read


def not_in_the_sandbox(value: Any, param: str) -> None:
    """A parameter that Stripe has and the sandbox has not: said, rather than ignored."""
    raise invalid(f"The sandbox does not have {param}; Stripe does. Leave it out here.", param)


def gone(value: Any, param: str) -> None:
    """A parameter that Stripe has taken away in the API version that is spoken here."""
    message = f"Received unknown parameter: {param}. It is gone in this API version; leave it out."
    raise invalid(message, param, "parameter_unknown")


def unknown(param: str) -> ApiError:
    """A parameter that Stripe does not have."""
    return invalid(f"Received unknown parameter: {param}", param, "parameter_unknown")


def within(param: str, name: str) -> str:
    """The full name of a field: `line_items[0]` and `quantity` are `line_items[0][quantity]`."""
    return f"{param}[{name}]" if param else name
