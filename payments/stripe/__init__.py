"""The only package that imports stripe-python, beside `payments/stripe_integration.py`."""
