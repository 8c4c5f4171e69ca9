"""The names that code outside of this app imports from `payments.stripe_integration`."""

import inspect

import stripe

from payments import stripe_integration


def test_names_of_the_module_stay():
    assert stripe_integration.__all__ == [
        "APIConnectionError",
        "APIError",
        "CheckoutSession",
        "InvalidRequestError",
        "StripeError",
        "create_checkout_session",
    ]


def test_errors_are_those_of_stripe_python():
    names = ["APIConnectionError", "APIError", "InvalidRequestError", "StripeError"]
    exported = [getattr(stripe_integration, name) for name in names]
    assert exported == [getattr(stripe, name) for name in names]


def test_create_checkout_session_takes_its_arguments_by_position():
    signature = inspect.signature(stripe_integration.create_checkout_session)
    assert list(signature.parameters) == ["test_bank", "user", "request"]
    assert signature.parameters["request"].default is None
