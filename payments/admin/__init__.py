"""The admin of payments: everything is shown and nothing is edited by hand.

Money moves by what Stripe reports and by the services of this app.
"""

from payments.admin import events, incidents, orders, refunds

__all__ = ["events", "incidents", "orders", "refunds"]
