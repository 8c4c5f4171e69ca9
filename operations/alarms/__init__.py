"""Email ADMINS about a fault once, and once when it is over.

That payment is down is told by `payments.monitoring.outages`; the watchdog only looks.
"""
