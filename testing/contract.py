"""Validate recorded requests and responses against Stripe's OpenAPI description.

Needs the folder ../shared; the description is one release older than the SDK.
"""

import functools
import importlib.util
import json
import warnings
from collections.abc import Iterable
from typing import Any

from testing.parts import SHARED


@functools.cache
def stripe_description() -> Any:
    """Stripe's description, as `../shared/stripe/validate.py` reads it."""
    path = SHARED / "stripe" / "validate.py"
    specification = importlib.util.spec_from_file_location("stripe_validate", path)
    assert specification is not None
    assert specification.loader is not None
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    with warnings.catch_warnings():
        # It leaves the closing of its files to Python.
        warnings.simplefilter("ignore", ResourceWarning)
        return module.Spec()


def breaches(entries: Iterable[dict[str, Any]]) -> list[tuple[str, str]]:
    """What in these requests, and in their answers, is not as Stripe describes; [] is right.

    `entries` come from the sandbox's request log. Answers that are no JSON, or that were cut,
    are faults on demand and not held against it.
    """
    return [(entry["operation"], error) for entry in entries for error in _errors(entry)]


# Lists that Stripe has and the subset of its description has not, with what they list.
LISTS_BESIDES = {"GET /v1/charges": "charge", "GET /v1/payment_intents": "payment_intent"}


def _errors(entry: dict[str, Any]) -> list[str]:
    description = stripe_description()
    if entry["operation"] in LISTS_BESIDES:
        listed = json.loads(entry["response"] or "{}").get("data", [])
        kind = LISTS_BESIDES[entry["operation"]]
        return [error for each in listed for error in description.schema(kind, each)]
    found: list[str] = list(
        description.request(entry["method"], entry["path"], entry["body"], entry["query"])
    )
    try:
        answer = json.loads(entry["response"] or "")
    except ValueError:
        return found
    found += description.response(entry["method"], entry["path"], entry["status"], answer)
    return found
