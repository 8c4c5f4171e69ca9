"""A local stand-in for Stripe: a program of its own, reached over HTTP only, on loopback only.

Start with `python -m sandbox --help`. The wire stands in `server.py`, Stripe's API in
`api.py`, the payment page in `hosted_page.py`, the control address in `control.py`. It
imports nothing of the shop, and the shop imports nothing of it.
"""
