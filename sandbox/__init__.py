"""A local stand-in for Stripe: a program of its own, reached over HTTP and on loopback only.

Start it with `python -m sandbox --help`. It imports nothing of the site, and the site imports
nothing of it.

    resources/   Stripe's objects: checkout sessions, payment intents, charges, refunds, …
    api/         the `/v1/…` API: authentication, routes, idempotency, fault injection
    hosted/      the hosted payment page, `/c/pay/…`
    control/     the control API for tests, `/_sandbox/…`
    faults/      faults that tests inject: one at a time, or at random rates from a seed
    http/        the HTTP server, its messages and the request log
    webhooks.py  delivery of events to webhook endpoints
    store.py     the state file
"""
