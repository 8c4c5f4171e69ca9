"""Form-encoded parameters, decoded and validated as Stripe does.

A reader takes a decoded value and the parameter's name, and returns the typed value or raises
ApiError, which names the parameter.
"""

import re
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from sandbox.errors import ApiError, invalid_param, missing_param

Reader = Callable[[Any, str], Any]
KEY = re.compile(r"([^\[\]]+)((?:\[[^\[\]]*\])*)")
INVALID_INTEGER = "parameter_invalid_integer"


def decode_form(encoded: str) -> dict[str, Any]:
    """Return nested dictionaries: `a[b][0]=c` is {"a": {"b": {"0": "c"}}}. Lists stay keyed.

    Raises ApiError for a malformed key, or one that is given twice.
    """
    decoded: dict[str, Any] = {}
    for key, value in parse_qsl(encoded, keep_blank_values=True):
        insert(decoded, key, value)
    return decoded


def insert(decoded: dict[str, Any], key: str, value: str) -> None:
    """Insert one pair of the form at the path that its key names."""
    match = KEY.fullmatch(key)
    if match is None:
        raise invalid_param(f"Invalid parameter name: {key}", key)
    *outer, last = [match[1], *re.findall(r"\[([^\[\]]*)\]", match[2])]
    container: Any = decoded
    for name in outer:
        container = container.setdefault(name or str(len(container)), {})
        if not isinstance(container, dict):
            raise invalid_param(f"Invalid parameter: {key} is both a value and an object.", key)
    last = last or str(len(container))
    if last in container:
        raise invalid_param(f"Invalid parameter: {key} was given twice.", key)
    container[last] = value


def text(maximum: int = 5000) -> Reader:
    """Read a nonempty string of at most that many characters."""

    def read(value: Any, param: str) -> str:
        if not isinstance(value, str):
            raise invalid_param(f"Invalid string: {param} must be a string.", param)
        if not value:
            message = f"You passed an empty string for {param}. Leave it out instead."
            raise invalid_param(message, param, "parameter_invalid_empty")
        if len(value) > maximum:
            message = f"Invalid string: {param} must be at most {maximum} characters."
            raise invalid_param(message, param)
        return value

    return read


def integer(minimum: int | None = None, maximum: int | None = None) -> Reader:
    """Read an integer within bounds."""

    def read(value: Any, param: str) -> int:
        if not isinstance(value, str) or not re.fullmatch(r"-?[0-9]{1,18}", value):
            raise invalid_param(f"Invalid integer: {value}", param, INVALID_INTEGER)
        number = int(value)
        if minimum is not None and number < minimum:
            message = f"Invalid integer: {param} must be at least {minimum}."
            raise invalid_param(message, param, INVALID_INTEGER)
        if maximum is not None and number > maximum:
            message = f"Invalid integer: {param} must be at most {maximum}."
            raise invalid_param(message, param, INVALID_INTEGER)
        return number

    return read


def boolean(value: Any, param: str) -> bool:
    """Read `true` or `false`."""
    if value not in ("true", "false"):
        raise invalid_param(f"Invalid boolean: {value}", param)
    return bool(value == "true")


def enum(*allowed: str) -> Reader:
    """Read one of the allowed strings."""

    def read(value: Any, param: str) -> str:
        if value not in allowed:
            raise invalid_param(f"Invalid {param}: must be one of {', '.join(allowed)}", param)
        return str(value)

    return read


def currency(value: Any, param: str) -> str:
    """Read a three-letter currency code, in lower case."""
    if not isinstance(value, str) or not re.fullmatch(r"[a-zA-Z]{3}", value):
        raise invalid_param(f"Invalid currency: {value}", param)
    return value.lower()


def email(value: Any, param: str) -> str:
    """Read an email address; only its outline is checked."""
    if not isinstance(value, str) or not re.fullmatch(r"[^@\s]+@[^@\s]+\.[^@\s.]+", value):
        raise invalid_param(f"Invalid email address: {value}", param, "email_invalid")
    return value


def url(value: Any, param: str) -> str:
    """Read an absolute http or https URL of printable ASCII, since it ends up in a header."""
    try:
        parts = urlsplit(text()(value, param))
    except ValueError as malformed:
        raise invalid_param("Not a valid URL", param, "url_invalid") from malformed
    printable = re.fullmatch(r"[\x21-\x7e]+", str(value))
    if parts.scheme not in ("http", "https") or not parts.hostname or not printable:
        message = "Invalid URL: An explicit scheme (such as https) must be provided."
        raise invalid_param(message, param, "url_invalid")
    return str(value)


def metadata(value: Any, param: str) -> dict[str, str]:
    """Read at most 50 keys of 40 characters with values of 500; an empty value unsets its key."""
    if not isinstance(value, dict):
        raise invalid_param(f"Invalid object: {param} must be a set of key-value pairs.", param)
    if len(value) > 50 or any(len(key) > 40 for key in value):
        raise invalid_param("Metadata can have up to 50 keys of up to 40 characters.", param)
    read_value = text(500)
    filled = {key: entry for key, entry in value.items() if entry != ""}
    return {key: read_value(entry, f"{param}[{key}]") for key, entry in filled.items()}


def list_of(reader: Reader, maximum: int = 100) -> Reader:
    """Read an array, in the order of its indexes."""

    def read(value: Any, param: str) -> list[Any]:
        if not isinstance(value, dict) or not all(re.fullmatch("[0-9]+", key) for key in value):
            raise invalid_param(f"Invalid array: {param}", param)
        if len(value) > maximum:
            raise invalid_param(f"{param} can have up to {maximum} entries.", param)
        entries = sorted(value.items(), key=lambda entry: int(entry[0]))
        return [reader(entry, f"{param}[{index}]") for index, entry in entries]

    return read


def expandable(*names: str) -> Reader:
    """Read an `expand` array that may contain these names."""
    read_names = list_of(text())

    def read(value: Any, param: str) -> list[str]:
        requested: list[str] = read_names(value, param)
        for position, name in enumerate(requested):
            if name not in names:
                message = f"This property cannot be expanded ({name})."
                raise invalid_param(message, f"{param}[{position}]")
        return requested

    return read


def record(fields: Mapping[str, Reader], required: tuple[str, ...] = ()) -> Reader:
    """Read an object with these fields and no others."""

    def read(value: Any, param: str) -> dict[str, Any]:
        if not isinstance(value, dict):
            raise invalid_param(f"Invalid object: {param}", param)
        for name in value:
            if name not in fields:
                raise unknown_param(nested_name(param, name))
        params = {name: fields[name](value[name], nested_name(param, name)) for name in value}
        for name in required:
            if name not in params:
                raise missing_param(nested_name(param, name))
        return params

    return read


PAGINATION: dict[str, Reader] = {
    "ending_before": text(),
    "limit": integer(1, 100),
    "starting_after": text(),
}


def list_parameters(*filters: str, **readers: Reader) -> Reader:
    """Read a list's parameters: pagination, filters by string, and others with their readers."""
    return record({**PAGINATION, **dict.fromkeys(filters, text()), **readers})


def unsupported(value: Any, param: str) -> None:
    """Refuse a parameter that Stripe has and the sandbox does not, instead of ignoring it."""
    raise invalid_param(f"Stripe supports {param}, but the sandbox does not.", param)


def removed(value: Any, param: str) -> None:
    """Refuse a parameter that this version of Stripe's API no longer has."""
    message = f"Received unknown parameter: {param}. This API version no longer supports it."
    raise invalid_param(message, param, "parameter_unknown")


def unknown_param(param: str) -> ApiError:
    return invalid_param(f"Received unknown parameter: {param}", param, "parameter_unknown")


def nested_name(param: str, name: str) -> str:
    """Return a field's full name: `quantity` in `line_items[0]` is `line_items[0][quantity]`."""
    return f"{param}[{name}]" if param else name
