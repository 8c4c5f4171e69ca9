"""`manage.py work`: the worker, which runs the jobs on a timer without a broker."""

import logging
import signal
import threading
import time
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import close_old_connections
from django.utils import timezone

from operations.alarms.watchdog import start_watchdog
from operations.jobs import JOBS, Job, record_run
from operations.processes import WORKER, register_process
from operations.schema import NewerSchema, refuse_newer_schema

logger = logging.getLogger("operations.work")

LONGEST_SLEEP_SECONDS = 1.0
# Emails are sent every two seconds; the runs need not be recorded as often.
RECORD_EVERY_SECONDS = 30


class Command(BaseCommand):
    """Run until SIGTERM or Ctrl-C; the running job finishes first."""

    help = (
        "Run the background jobs, which send emails, process pending events, reconcile with Stripe, "
        "and more."
    )

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._recorded_until: dict[Job, float] = {}

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Add --once."""
        parser.add_argument("--once", action="store_true", help="run every job once and exit")

    def handle(self, *_args: Any, once: bool, **_options: Any) -> None:
        """Run the jobs."""
        try:
            refuse_newer_schema()
        except NewerSchema as error:
            raise CommandError(f"The worker cannot start. {error}", returncode=3) from error
        if once:
            for job in JOBS:
                self.stdout.write(f"{job.name}: {self._run(job)}")
            return
        register_process(WORKER, at=timezone.now())
        start_watchdog()
        self._run_until_stopped(threading.Event())

    def _run_until_stopped(self, end: threading.Event) -> None:
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: end.set())
        due = dict.fromkeys(JOBS, 0.0)
        self.stdout.write("The worker is running. Press Ctrl-C to stop.")
        while not end.is_set():
            for job in JOBS:
                if due[job] <= time.monotonic() and not end.is_set():
                    close_old_connections()
                    self._run(job)
                    due[job] = time.monotonic() + job.every_seconds
            pause = min(due.values()) - time.monotonic()
            end.wait(max(0.05, min(pause, LONGEST_SLEEP_SECONDS)))

    def _record(self, job: Job) -> None:
        now = time.monotonic()
        if now >= self._recorded_until.get(job, now):
            record_run(job.name, at=timezone.now())
            self._recorded_until[job] = now + RECORD_EVERY_SECONDS

    def _run(self, job: Job) -> int:
        """Run one job. An exception is logged, and the other jobs go on."""
        try:
            did = job.run(timezone.now())
            self._record(job)
            return did
        except Exception:
            logger.exception("the job %s failed; it runs again when it is next due", job.name)
            return 0
