"""Stripe's errors: their shapes, with messages of our own.

Source: docs.stripe.com/api/errors, docs.stripe.com/error-codes.
"""

from typing import Any

INVALID_REQUEST = "invalid_request_error"


class ApiError(Exception):
    """A response other than 200, in Stripe's shape."""

    def __init__(
        self,
        message: str,
        *,
        status: int = 400,
        kind: str = INVALID_REQUEST,
        code: str | None = None,
        param: str | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.kind = kind
        self.code = code
        self.param = param

    def body(self) -> dict[str, Any]:
        """Return the JSON object that Stripe sends. Stripe omits absent fields."""
        fields = {"code": self.code, "message": str(self), "param": self.param, "type": self.kind}
        return {"error": {name: value for name, value in fields.items() if value is not None}}


def invalid_param(message: str, param: str, code: str | None = None) -> ApiError:
    """Return a 400 for an invalid parameter."""
    return ApiError(message, param=param, code=code)


def missing_param(param: str) -> ApiError:
    """Return a 400 for a missing required parameter."""
    return invalid_param(f"Missing required param: {param}.", param, "parameter_missing")


def resource_missing(kind: str, identifier: str, param: str = "id") -> ApiError:
    """Return a 404 for an object that does not exist."""
    message = f"No such {kind}: '{identifier}'"
    return ApiError(message, status=404, code="resource_missing", param=param)


def unrecognized_url(method: str, path: str) -> ApiError:
    """Return a 404 for a method and path that the sandbox does not have."""
    return ApiError(
        f"Unrecognized request URL ({method}: {path}). The sandbox supports part of Stripe's "
        "API; sandbox/api/routes.py lists it.",
        status=404,
    )


def api_key_missing() -> ApiError:
    """Return a 401 for a request without an API key."""
    return ApiError(
        "You did not provide an API key. Send your secret key as a bearer token in the "
        "Authorization header.",
        status=401,
    )


def api_key_invalid(key: str) -> ApiError:
    """Return a 401 for a key that the sandbox was not started with."""
    return ApiError(f"Invalid API Key provided: {masked_key(key)}", status=401)


def masked_key(key: str) -> str:
    """Return the key's prefix, mode and last four characters: sk_test_****abcd."""
    secret = key.rsplit("_", maxsplit=1)[-1]
    shown_end = secret[-4:] if len(secret) > 8 else ""
    return f"{key[: len(key) - len(secret)]}{'*' * 4}{shown_end}"
