"""A circuit breaker: after a few failures in a row it opens, and calls are refused for a while.

A dead network then costs a visitor no waiting, and the workers stay free. It knows this
process only. Source: https://martinfowler.com/bliki/CircuitBreaker.html
"""

import threading
import time
from collections.abc import Callable

from outbound.diagnosis.classifier import Diagnosis


class CircuitBreaker:
    """Counts failures in a row. Thread-safe.

    `failures` in a row open it for `open_seconds`. Then it is half-open: one call at a time
    may try, and the first that succeeds closes it.
    """

    def __init__(
        self,
        *,
        failures: int = 3,
        open_seconds: float = 15.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._failures = failures
        self._open_seconds = open_seconds
        self._clock = clock
        self._lock = threading.Lock()
        self._failures_in_a_row = 0
        self._open_until = 0.0
        self._last: Diagnosis | None = None

    @property
    def is_open(self) -> bool:
        """True from the last of these failures until a call succeeds."""
        return self._failures_in_a_row >= self._failures

    def refusal(self) -> Diagnosis | None:
        """Return why a call is refused now; None if it may be made.

        Once half-open, it lets one caller try, and refuses the others for another
        `open_seconds`.
        """
        with self._lock:
            if not self.is_open:
                return None
            if self._clock() < self._open_until:
                return self._last
            self._open_until = self._clock() + self._open_seconds
            return None

    def note_failure(self, diagnosis: Diagnosis) -> None:
        """Count a call that did not get through."""
        with self._lock:
            self._failures_in_a_row += 1
            self._last = diagnosis
            if self.is_open:
                self._open_until = self._clock() + self._open_seconds

    def note_success(self) -> None:
        """Close the breaker: a call was answered."""
        with self._lock:
            self._failures_in_a_row = 0
            self._last = None
