"""Crash tests: kill a process of the site at every point of a purchase, and check the outcome.

A point is a database commit (`commits.py`) or a step of a call to Stripe (`front.py`, a proxy in
front of the sandbox). A first run of each journey records its points; then a process is killed at
each of them (`trial.py`). The site runs with its own server and database backends; `settings.py`
only adds the instrumentation.
"""
