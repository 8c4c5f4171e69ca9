"""What a row of the matrix is: a fault, how it is provoked, and what must come of it."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from typing import Any

from e2e.fault_matrix.laboratory import IMPATIENT, PATIENT, Laboratory, Patience, Site

REDIRECT, UNAVAILABLE = 303, 503
# The buyer's two sentences; what was measured is compared with them whole.
NOT_CONNECTED = (
    "Unable to connect to payment service. Please check your internet connection and try again. "
    "You have not been charged. The problem is most likely on our side."
)
NOT_STARTED = (
    "The payment service could not start your payment. Please try again in a few minutes. "
    "You have not been charged."
)


@dataclass(frozen=True)
class Situation:
    """The shop while the fault is there, and the same shop once it is mended.

    They are the same object where the fault lies outside of the shop's settings. `at_stripe`
    is what goes wrong at Stripe itself, as `sandbox/faults.py` describes it; `meanwhile`
    what else the shop does while the fault is there.
    """

    faulty: Site
    mended: Site
    at_stripe: Mapping[str, Any] | None = None
    meanwhile: Callable[[], AbstractContextManager[None]] = nullcontext

    @property
    def needs_restart(self) -> bool:
        """True where the shop must be started anew to be mended."""
        return self.mended is not self.faulty


@dataclass(frozen=True)
class Expected:
    """What must come of it.

    `reached` counts the purchases that arrived at Stripe while the fault was there. `check`
    is the doctor's first check that fails, `doctor` its cause where that is another one
    than the purchase's; both empty where the doctor sees no fault. `tested`: the doctor
    found a line that mends it, and tried it.
    """

    cause: str
    check: str
    acted: str = "no"
    repeated: bool = False
    reached: int = 0
    sentence: str = NOT_CONNECTED
    doctor: str | None = None
    tested: bool = False

    @property
    def wanted(self) -> dict[str, object]:
        """What a row's `Outcome.found` must be: safe, in time, and never twice."""
        doctor = self.cause if self.doctor is None else self.doctor
        return {
            "cause": self.cause,
            "status": UNAVAILABLE if self.cause else REDIRECT,
            "sentence": self.sentence,
            "Retry-After": "60" if self.cause else "",
            "in time": True,
            "acted": self.acted,
            "repeated": self.repeated,
            "safe to repeat": True,
            "requests that reached Stripe": self.reached,
            "doctor's cause": doctor,
            "doctor's first check that fails": self.check,
            "doctor's remedy is tested": self.tested,
            "doctor gives a remedy": bool(doctor),
            "doctor in time": True,
            "pressed again": REDIRECT,
            "same order": True,
            "sessions": 1,
        }


# The purchase gets through, and the doctor finds no problem.
THROUGH = Expected("", "", acted="yes", reached=1, sentence="")

Setting = Callable[[Laboratory], Iterator[Situation]]


@dataclass(frozen=True)
class Row:
    """One fault. `happens` is one sentence in an operator's words; `group` names its module."""

    group: str
    name: str
    happens: str
    expected: Expected
    set_up: Callable[[Laboratory], AbstractContextManager[Situation]]
    patience: Patience


ROWS: list[Row] = []


def silent_row(happens: str, expected: Expected) -> Callable[[Setting], Setting]:
    """A row in which nobody answers: it takes all the time that it is given."""
    return row(happens, expected, patience=IMPATIENT)


def row(
    happens: str, expected: Expected, *, patience: Patience = PATIENT
) -> Callable[[Setting], Setting]:
    """Make a row of a generator that sets the fault up; its name is the function's."""

    def enter(setting: Setting) -> Setting:
        group, name = setting.__module__.rpartition(".")[2], setting.__name__.replace("_", " ")
        ROWS.append(Row(group, name, happens, expected, contextmanager(setting), patience))
        return setting

    return enter
