"""The version of Stripe's API that is spoken here."""

# The one that stripe-python 16.1 pins (stripe.api_version).
API_VERSION = "2026-10-28.endive"
