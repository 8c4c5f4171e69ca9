"""Stripe's errors: the shapes that its API answers with, in our own words.

Source: docs.stripe.com/api/errors, docs.stripe.com/error-codes.
"""

from typing import Any

INVALID_REQUEST = "invalid_request_error"


class ApiError(Exception):
    """An answer other than 200, in Stripe's shape."""

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
        """The JSON object that Stripe sends: absent fields are left out, not null."""
        described = {
            "code": self.code,
            "message": str(self),
            "param": self.param,
            "type": self.kind,
        }
        return {"error": {name: value for name, value in described.items() if value is not None}}


def invalid(message: str, param: str, code: str | None = None) -> ApiError:
    """A parameter that does not do. Answers 400."""
    return ApiError(message, param=param, code=code)


def missing(param: str) -> ApiError:
    """A required parameter was left out. Answers 400."""
    return invalid(f"Missing required param: {param}.", param, "parameter_missing")


def no_such(kind: str, identifier: str, param: str = "id") -> ApiError:
    """An object that is not here. Answers 404."""
    message = f"No such {kind}: '{identifier}'"
    return ApiError(message, status=404, code="resource_missing", param=param)


def unrecognized_address(method: str, path: str) -> ApiError:
    """A method and path that this API does not have. Answers 404."""
    return ApiError(
        f"Unrecognized request URL ({method}: {path}). The sandbox knows a part of Stripe's "
        "API only; sandbox/api.py lists it.",
        status=404,
    )


def no_key() -> ApiError:
    """The request carried no key. Answers 401."""
    return ApiError(
        "No API key was sent. Send your secret key as a bearer token in the Authorization header.",
        status=401,
    )


def unknown_key(key: str) -> ApiError:
    """The request carried a key that the sandbox was not given. Answers 401."""
    return ApiError(f"Invalid API Key provided: {masked(key)}", status=401)


def masked(key: str) -> str:
    """The key with its kind, its mode and its last four characters: sk_test_****abcd."""
    secret = key.rsplit("_", maxsplit=1)[-1]
    shown_end = secret[-4:] if len(secret) > 8 else ""
    return f"{key[: len(key) - len(secret)]}{'*' * 4}{shown_end}"
