"""`manage.py doctor`: diagnose the connection to Stripe, and print the setting that fixes it.

`runner.py` runs the checks, one module per group. `fixes.py` probes other routes for a fix,
`report.py` has the data classes, `console.py` formats them. Only `shop.py` and `purchase.py`
query the database.
"""
