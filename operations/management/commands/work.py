"""`manage.py work`: the work behind the scenes, on a timer, without a broker."""

import logging
import signal
import threading
import time
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand
from django.db import close_old_connections
from django.utils import timezone

from operations.jobs import SWEEPS, Sweep, note_run
from operations.processes import WORKER, note_process

logger = logging.getLogger("testbank.work")

LONGEST_SLEEP_SECONDS = 1.0
# Mails are swept every two seconds; that the worker lives need not be written as often.
NOTED_EVERY_SECONDS = 30


class Command(BaseCommand):
    """Runs until SIGTERM or Ctrl-C, which let the sweep under way come to its end."""

    help = "Sends mails, handles events that were left over, and reconciles with Stripe."

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._noted_until: dict[Sweep, float] = {}

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Once, or for ever."""
        parser.add_argument("--once", action="store_true", help="run every sweep once, and end")

    def handle(self, *_args: Any, once: bool, **_options: Any) -> None:
        """Sweep."""
        if once:
            for sweep in SWEEPS:
                self.stdout.write(f"{sweep.name}: {self._run(sweep)}")
            return
        note_process(WORKER, at=timezone.now())
        self._run_until_told(threading.Event())

    def _run_until_told(self, end: threading.Event) -> None:
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: end.set())
        due = dict.fromkeys(SWEEPS, 0.0)
        self.stdout.write("Working: mails, events, reconciliation. Ctrl-C ends it.")
        while not end.is_set():
            for sweep in SWEEPS:
                if due[sweep] <= time.monotonic() and not end.is_set():
                    close_old_connections()
                    self._run(sweep)
                    due[sweep] = time.monotonic() + sweep.every_seconds
            pause = min(due.values()) - time.monotonic()
            end.wait(max(0.05, min(pause, LONGEST_SLEEP_SECONDS)))

    def _note(self, sweep: Sweep) -> None:
        now = time.monotonic()
        if now >= self._noted_until.get(sweep, now):
            note_run(sweep.name, at=timezone.now())
            self._noted_until[sweep] = now + NOTED_EVERY_SECONDS

    def _run(self, sweep: Sweep) -> int:
        """One sweep; a fault in it is logged, and the others go on."""
        try:
            did = sweep.run(timezone.now())
            self._note(sweep)
            return did
        except Exception:
            logger.exception("the sweep %s failed; it is run again at its next turn", sweep.name)
            return 0
