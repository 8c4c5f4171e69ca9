"""A thread that looks for faults, in each web server and worker, and stores counts of visits.

It runs in both, so that each tells when the other has died. One of them looks at a time.
"""

import logging
import os
import socket
import threading
import time
from datetime import datetime

from django.conf import settings
from django.db import close_old_connections
from django.utils import timezone

from catalog.services.visits import store_visits
from operations.alarms.faults import current_faults
from operations.alarms.services import update_alarms
from operations.doctor.setup import Setup
from outbound.route import RouteError
from outbox.leases import acquire_lease, release_lease
from outbox.services import send_due_mails
from payments.monitoring.outages import watch_outages
from payments.stripe.outage import (
    call_failed_within,
    outage_is_known,
    probed_within,
    record_outage,
    record_probe,
    record_recovery,
)

logger = logging.getLogger("operations.alarms")

EVERY_SECONDS = 20.0
LEASE_SECONDS = 60
PROBE_SECONDS = 5.0
# Stripe gets few calls from a site that works, and one in each look while something fails.
PROBE_EVERY_SECONDS = 300.0
FAILED_RECENTLY_SECONDS = 120.0
MAILS = 10


def start_watchdog() -> None:
    """Start looking every 20 seconds, in a daemon thread that ends with the process."""
    threading.Thread(target=_watch, args=(timezone.now(),), name="watchdog", daemon=True).start()


def _watch(since: datetime) -> None:
    while True:
        time.sleep(EVERY_SECONDS)
        try:
            close_old_connections()
            look(at=timezone.now(), watching_since=since)
            store_visits()
        except Exception:
            logger.exception("the watchdog failed; it tries again in %d seconds", EVERY_SECONDS)


def look(*, at: datetime, watching_since: datetime) -> None:
    """Look for faults once, and send the mails about them. Does nothing if another looks."""
    lease = {"name": "watchdog", "holder": f"{socket.gethostname()}:{os.getpid()}"}
    if not acquire_lease(**lease, at=at, seconds=LEASE_SECONDS):
        return
    try:
        if _probe_is_due():
            probe_stripe()
        watch_outages(at=at)
        update_alarms(current_faults(at=at, watching_since=watching_since), at=at)
        # The worker, which usually sends mails, may be what is missing.
        if settings.ADMINS:
            send_due_mails(at=at, limit=MAILS)
    finally:
        release_lease(**lease, at=timezone.now())


def _probe_is_due() -> bool:
    """Return True every five minutes, and in each look while payment is down or a call failed."""
    return (
        outage_is_known()
        or call_failed_within(FAILED_RECENTLY_SECONDS)
        or not probed_within(PROBE_EVERY_SECONDS)
    )


def probe_stripe() -> None:
    """Call Stripe without a key, and record what it means for payment. Creates nothing.

    One call that fails is no outage: the second one decides.
    """
    record_probe()
    cause = _failed_cause() and _failed_cause()
    if cause:
        record_outage(cause)
    elif outage_is_known():
        record_recovery()


def _failed_cause() -> str:
    """Return the id of the cause if calls do not get through as configured; otherwise ""."""
    setup = Setup.of_site(route_override=None, seconds=PROBE_SECONDS)
    try:
        diagnosis = setup.probe_route(setup.decide()).diagnosis
    except RouteError:
        return "CFG-ROUTE"
    if diagnosis and diagnosis.proxy_failed and setup.falls_back:
        diagnosis = setup.probe_route(setup.decide_direct()).diagnosis
    return diagnosis.id if diagnosis else ""
