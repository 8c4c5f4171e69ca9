"""Running a row: the purchase and the doctor with the fault, and both without it."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from e2e.fault_matrix.laboratory import (
    CREATE,
    PATIENT,
    Buyer,
    Examination,
    Laboratory,
    Patience,
    Pressed,
)
from e2e.fault_matrix.row import Row, Situation

# What the machine may be late by, under load.
GRACE_SECONDS = 1.0
# What differs from run to run is shown as it would read in a network of people. Port 3128
# stands in examples, and is no run's own.
NAMED = (
    (
        re.compile(
            r"(?<=//)([^@/\s]*@)?(127\.0\.0\.1|255\.255\.255\.255|proxy\.example):(?!3128)\d+"
        ),
        r"\1proxy.example:3128",
    ),
    (re.compile(r"\bproxy 127\.0\.0\.1:\d+"), "proxy proxy.example:3128"),
    (re.compile(r"\blocalhost:\d+"), "api.stripe.com:443"),
    (re.compile(r"\blocalhost\b"), "api.stripe.com"),
    (re.compile(r"/\S+/([\w-]+\.pem)"), r"/path/to/\1"),
    (re.compile(r"\bto 127\.0\.0\.1:\d+"), "to 127.0.0.1:8443"),
    (re.compile(r"\b\d+\.\d+ s\b"), "2 s"),
    (re.compile(r"\b60\d s\b"), "600 s"),
    (re.compile(r"\b20\d\d-\d\d-\d\d\b"), "2026-11-02"),
)


@dataclass(frozen=True)
class Outcome:
    """What came of a fault: for the buyer, for Stripe, and for the operator.

    `reached` counts the purchases that arrived at Stripe meanwhile, `sessions` all that
    Stripe holds for the order at the end.
    """

    pressed: Pressed
    reached: int
    examination: Examination
    again: Pressed
    sessions: list[str]
    order_stayed: bool
    patience: Patience

    @property
    def found(self) -> dict[str, object]:
        """All that must be as `Expected.wanted` says."""
        pressed, doctor, diagnosis = self.pressed, self.examination, self.pressed.diagnosis
        return {
            "cause": self.cause,
            "status": pressed.status,
            "sentence": pressed.sentence,
            "Retry-After": pressed.retry_after,
            "in time": pressed.seconds < self.patience.purchase_seconds + GRACE_SECONDS,
            "acted": diagnosis.acted.value if diagnosis else "yes",
            "repeated": diagnosis is not None and diagnosis.retry_useful,
            "safe to repeat": diagnosis is None or diagnosis.retry_safe,
            "requests that reached Stripe": self.reached,
            "doctor's cause": doctor.cause,
            "doctor's first check that fails": doctor.check,
            "doctor's remedy is tested": doctor.tested,
            "doctor gives a remedy": bool(doctor.remedy),
            "doctor in time": doctor.seconds < 4 * self.patience.doctor_seconds + GRACE_SECONDS,
            "pressed again": self.again.status,
            "same order": self.order_stayed,
            "sessions": len(self.sessions),
        }

    @property
    def cause(self) -> str:
        """The cause of the incident; empty where there was none."""
        return self.pressed.incident.cause if self.pressed.incident else ""


@dataclass(frozen=True)
class Control:
    """What came of the very same without the fault."""

    pressed: Pressed
    reached: int
    examination: Examination


def run_row(laboratory: Laboratory, row: Row) -> Outcome:
    """Press with the fault, ask the doctor, press again without it."""
    with row.set_up(laboratory) as situation:
        buyer = laboratory.buyer()
        with laboratory.running(situation.faulty, row.patience):
            with _fault(laboratory, situation):
                pressed, reached = _press(laboratory, buyer)
                examination = laboratory.examine(row.patience)
            order = buyer.order()
            if not situation.needs_restart:
                again = laboratory.press(buyer)
        if situation.needs_restart:
            with laboratory.running(situation.mended, PATIENT):
                again = laboratory.press(buyer)
        return Outcome(
            pressed=pressed,
            reached=reached,
            examination=examination,
            again=again,
            sessions=laboratory.sessions_of(order),
            order_stayed=buyer.order() == order,
            patience=row.patience,
        )


def run_control(laboratory: Laboratory, row: Row) -> Control:
    """The same set-up without the fault."""
    with row.set_up(laboratory) as situation, laboratory.running(situation.mended, PATIENT):
        pressed, reached = _press(laboratory, laboratory.buyer())
        examination = laboratory.examine(PATIENT)
        return Control(pressed=pressed, reached=reached, examination=examination)


def readable(text: str) -> str:
    """A text with what differs from run to run named as people would name it."""
    for pattern, name in NAMED:
        text = pattern.sub(name, text)
    return text


def _press(laboratory: Laboratory, buyer: Buyer) -> tuple[Pressed, int]:
    laboratory.sandbox.control.forget_requests()
    pressed = laboratory.press(buyer)
    return pressed, laboratory.sandbox.control.count(CREATE)


@contextmanager
def _fault(laboratory: Laboratory, situation: Situation) -> Iterator[None]:
    control = laboratory.sandbox.control
    if situation.at_stripe:
        control.fault(**situation.at_stripe)
    try:
        with laboratory.fault.present(), situation.meanwhile():
            yield
    finally:
        control.clear_faults()
