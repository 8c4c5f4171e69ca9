"""Causes that the API itself tells by its status."""

from outbound.diagnosis.causes import TRY_AGAIN, Finding


def api_400(host: str, status: int) -> Finding:
    """The request itself is not accepted: 400, 402, 404 and their like."""
    if status == 404:
        return Finding(
            "API-400",
            f"{host} does not recognize an object in the request (404).",
            "Check that the keys belong to the account and mode in which the object was created.",
            "Test mode and live mode do not share data.",
        )
    operator = f"{host} rejected the request ({status})."
    fix = "See Stripe's message in the incident. The cause may be the amount, the currency, or the account."
    return Finding("API-400", operator, fix)


def api_401(host: str, _status: int) -> Finding:
    """The key is not accepted."""
    operator = f"{host} rejected the secret key."
    fix = "STRIPE_SECRET_KEY=sk_test_..."
    return Finding(
        "API-401", operator, fix, "Copy the current key from https://dashboard.stripe.com/apikeys."
    )


def api_403(host: str, _status: int) -> Finding:
    """The key may not do this."""
    operator = f"{host} accepted the key, but the key lacks permission for this call."
    fix = "Edit the restricted key at https://dashboard.stripe.com/apikeys, and add the missing permission."
    return Finding("API-403", operator, fix)


def api_409(host: str, _status: int) -> Finding:
    """The same request is under way."""
    operator = f"{host} is still processing the same request."
    return Finding("API-409", operator, TRY_AGAIN, retry_useful=True)


def api_429(host: str, _status: int) -> Finding:
    """Too many calls."""
    operator = f"{host} is rate limiting requests."
    return Finding(
        "API-429",
        operator,
        "STRIPE_MAX_CALLS=2",
        "If this error still happens often, use a lower value.",
        retry_useful=True,
    )


def api_5xx(host: str, status: int) -> Finding:
    """A fault on the API's side."""
    operator = (
        f"{host} responded with {status}. The problem is on that server, not on this machine."
    )
    return Finding("API-5XX", operator, "Check https://status.stripe.com.", retry_useful=True)
