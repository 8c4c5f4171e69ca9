"""What a careful editor would say of a bank's questions: findings, each with what to do.

`one.py` looks at a question alone, `together.py` at all of a bank, `figures.py` counts. What
makes a file unreadable is no matter of taste: `formats/` refuses it.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from questions.items import Item
from questions.linting.findings import Finding, Placed
from questions.linting.one import look_at_one
from questions.linting.together import look_at_all
from questions.services import safe

__all__ = ["Finding", "Linted", "Placed", "lint"]


@dataclass(frozen=True)
class Linted:
    """The questions that were looked at, and what was found, in their order."""

    questions: tuple[Placed, ...]
    findings: tuple[Finding, ...]


def lint(items: Sequence[Item], lines: Sequence[int]) -> Linted:
    """Look at a bank's questions; `lines` says where each stands in its file."""
    questions = tuple(
        Placed(number, line, safe(item))
        for number, (line, item) in enumerate(zip(lines, items, strict=True), start=1)
    )
    found = [finding for question in questions for finding in look_at_one(question)]
    found += look_at_all(questions)
    return Linted(questions, tuple(sorted(found, key=lambda finding: finding.number)))
