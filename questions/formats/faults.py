"""Describe pydantic's validation errors in the language of the reader."""

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from questions.wording import grouped
from questions.wording import translate as _


def in_words(error: ValidationError) -> str:
    """Return the first error as a sentence in the active language."""
    words = _words_of(error.errors(include_url=False, include_input=False)[0])
    return f"{words[:1].upper()}{words[1:].removesuffix('.')}."


def _words_of(fault: ErrorDetails) -> str:
    """Return the message of an error; pydantic's own, in English, for other types.

    Source: docs.pydantic.dev/latest/errors/validation_errors
    """
    known = _sentences().get(fault["type"])
    if known is None:
        return fault["msg"].removeprefix("Value error, ")
    limits = {
        name: grouped(limit) if isinstance(limit, int) else _as_written(limit)
        for name, limit in fault.get("ctx", {}).items()
    }
    return known % limits


def _sentences() -> dict[str, str]:
    """Return the messages by error type. Their placeholders are the keys of pydantic's `ctx`."""
    number, whole_number, a_list = (
        _("use a number"),
        _("use a whole number"),
        _("use a list: [ … ]"),
    )
    an_object, choice = _("use an object: { … }"), _("use one of %(expected)s")
    return {
        "missing": _("this field is required"),
        "extra_forbidden": _("unknown field"),
        "string_type": _("use a string"),
        "string_too_short": _("the text has too few characters (minimum: %(min_length)s)"),
        "string_too_long": _("The text has too many characters (maximum: %(max_length)s)."),
        "bool_type": _("use true or false"),
        "int_type": whole_number,
        "int_parsing": whole_number,
        "int_from_float": whole_number,
        "float_type": number,
        "float_parsing": number,
        "decimal_type": number,
        "decimal_parsing": number,
        "finite_number": number,
        "decimal_max_digits": _("the number has too many digits (maximum: %(max_digits)s)"),
        "greater_than": _("use a number greater than %(gt)s"),
        "greater_than_equal": _("use a number greater than or equal to %(ge)s"),
        "less_than": _("use a number less than %(lt)s"),
        "less_than_equal": _("use a number less than or equal to %(le)s"),
        "tuple_type": a_list,
        "list_type": a_list,
        "too_short": _("the list has too few entries (minimum: %(min_length)s)"),
        "too_long": _("the list has too many entries (maximum: %(max_length)s)"),
        "dict_type": an_object,
        "model_type": an_object,
        "enum": choice,
        "literal_error": choice,
    }


def _as_written(limit: object) -> str:
    """Return 100.0 as 100, and a list of values without pydantic's English "or"."""
    return f"{limit:g}" if isinstance(limit, float) else str(limit).replace(" or ", ", ")
