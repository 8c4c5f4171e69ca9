"""Lint questions as a careful editor would: each finding says what to do.

`question_checks` looks at one question, `bank_checks` at all of a bank, `statistics` counts.
What makes a file unreadable is an error of its format, not a finding: see `formats/`.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from questions.items import Item
from questions.linting.bank_checks import check_bank
from questions.linting.findings import Finding, Placed
from questions.linting.question_checks import check_question
from questions.services import safe

__all__ = ["Finding", "Linted", "Placed", "lint", "lint_stored"]


@dataclass(frozen=True)
class Linted:
    """The questions that were looked at, and what was found, in their order."""

    questions: tuple[Placed, ...]
    findings: tuple[Finding, ...]


def lint(items: Sequence[Item], lines: Sequence[int]) -> Linted:
    """Look at the questions of a file; `lines` says where each stands in it."""
    return lint_stored([safe(item) for item in items], lines)


def lint_stored(items: Sequence[Item], lines: Sequence[int]) -> Linted:
    """Look at questions as learners see them: with the HTML that was made when they were stored."""
    questions = tuple(
        Placed(number, line, item)
        for number, (line, item) in enumerate(zip(lines, items, strict=True), start=1)
    )
    found = [finding for question in questions for finding in check_question(question)]
    found += check_bank(questions)
    return Linted(questions, tuple(sorted(found, key=lambda finding: finding.number)))
