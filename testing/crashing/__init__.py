"""A shop whose processes die at chosen moments of a purchase, and what becomes of it.

Every commit of the database (`commits.py`, on the connections that the shop makes) and every step
of a call to Stripe (`front.py`, before the sandbox) is a point. A first run of each journey
records the points; then each is made the moment of death of a process of its own (`trial.py`).
The shop runs its own backends and server; `settings.py` adds the watch.
"""
