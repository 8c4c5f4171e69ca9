"""Why a call failed: one of a closed set of causes, and what an operator can do about it."""

from outbound.diagnosis.classifier import (
    Acted,
    Diagnosis,
    diagnose,
    diagnose_answer,
    diagnose_refusal,
    diagnose_route_error,
)

__all__ = [
    "Acted",
    "Diagnosis",
    "diagnose",
    "diagnose_answer",
    "diagnose_refusal",
    "diagnose_route_error",
]
