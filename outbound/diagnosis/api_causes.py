"""Causes that the API itself tells by its status."""

from outbound.diagnosis.causes import REPEATED, Finding


def api_400(host: str, status: int) -> Finding:
    """The request itself is not accepted: 400, 402, 404 and their like."""
    if status == 404:
        return Finding(
            "API-400",
            f"{host} does not know something that the request names (404).",
            "Check that the keys are of the account and the mode in which it was made.",
            "Test and live mode know nothing of each other.",
        )
    operator = f"{host} does not accept the request itself ({status})."
    fix = "Read its own words in the incident: an amount, a currency or the account may be the reason."
    return Finding("API-400", operator, fix)


def api_401(host: str, _status: int) -> Finding:
    """The key is not accepted."""
    operator = f"{host} does not accept the secret key."
    fix = "STRIPE_SECRET_KEY=sk_test_..."
    return Finding("API-401", operator, fix, "Copy it from https://dashboard.stripe.com/apikeys.")


def api_403(host: str, _status: int) -> Finding:
    """The key may not do this."""
    operator = f"{host} accepts the key, but the key may not make this call."
    fix = "Give the restricted key the permission at https://dashboard.stripe.com/apikeys."
    return Finding("API-403", operator, fix)


def api_409(host: str, _status: int) -> Finding:
    """The same request is under way."""
    operator = f"{host} is still at work on the same request."
    return Finding("API-409", operator, REPEATED, retry_useful=True)


def api_429(host: str, _status: int) -> Finding:
    """Too many calls."""
    operator = f"{host} accepts no more calls for a moment."
    return Finding(
        "API-429", operator, "STRIPE_MAX_CALLS=2", "If it happens often.", retry_useful=True
    )


def api_5xx(host: str, status: int) -> Finding:
    """A fault on the API's side."""
    operator = f"{host} answered {status}: the fault is on its side."
    return Finding("API-5XX", operator, "Look at https://status.stripe.com.", retry_useful=True)
