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

    `failures` in a row open it for `rest_seconds`. Then it is half-open: one call at a time
    may try, and the first that succeeds closes it.
    """

    def __init__(
        self,
        *,
        failures: int = 3,
        rest_seconds: float = 15.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._failures = failures
        self._rest_seconds = rest_seconds
        self._clock = clock
        self._lock = threading.Lock()
        self._in_a_row = 0
        self._rests_until = 0.0
        self._last: Diagnosis | None = None

    @property
    def is_open(self) -> bool:
        """True from the last of the failures until a call has succeeded."""
        return self._in_a_row >= self._failures

    def resting(self) -> Diagnosis | None:
        """Return why a call is refused now; None where it may be made.

        Once half-open, it lets one caller try, and refuses the others for another
        `rest_seconds`.
        """
        with self._lock:
            if not self.is_open:
                return None
            if self._clock() < self._rests_until:
                return self._last
            self._rests_until = self._clock() + self._rest_seconds
            return None

    def note_failure(self, diagnosis: Diagnosis) -> None:
        """Count a call that did not get through."""
        with self._lock:
            self._in_a_row += 1
            self._last = diagnosis
            if self.is_open:
                self._rests_until = self._clock() + self._rest_seconds

    def note_success(self) -> None:
        """Close the breaker: a call was answered."""
        with self._lock:
            self._in_a_row = 0
            self._last = None
