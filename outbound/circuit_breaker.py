"""A breaker: after a few failures in a row calls rest for a while, then one tries again.

A dead network then costs a visitor no waiting, and the workers stay free. It knows this
process only, and closes by itself.
"""

import threading
import time
from collections.abc import Callable

from outbound.diagnosis.classifier import Diagnosis


class CircuitBreaker:
    """Counts failures in a row. Thread-safe.

    `failures` in a row make calls rest for `rest_seconds`; then one call at a time may try,
    and the first that succeeds ends the rest.
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
        """Why a call should not be made now; None where it may be.

        After the rest it lets one caller try and keeps the others back for another one.
        """
        with self._lock:
            if not self.is_open:
                return None
            if self._clock() < self._rests_until:
                return self._last
            self._rests_until = self._clock() + self._rest_seconds
            return None

    def note_failure(self, diagnosis: Diagnosis) -> None:
        """A call did not get through."""
        with self._lock:
            self._in_a_row += 1
            self._last = diagnosis
            if self.is_open:
                self._rests_until = self._clock() + self._rest_seconds

    def note_success(self) -> None:
        """A call was answered: all is well again."""
        with self._lock:
            self._in_a_row = 0
            self._last = None
