"""The blueprint of an exam: how many questions it draws from which part of a bank."""

import random
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from django.db.models.fields.json import KeyTextTransform
from pydantic import Field, TypeAdapter, ValidationError

from catalog.models import TestBank
from questions.items import LONGEST_DOMAIN, Frozen

MOST_SECTIONS = 500


class Section(Frozen):
    """`count` questions from a domain, from a group, or with neither from the whole bank.

    With `per_group`, `count` questions from each group of the domain or of the bank.
    """

    count: int = Field(ge=1, le=500)
    domain: str = Field(default="", max_length=LONGEST_DOMAIN)
    group: str = Field(default="", max_length=100)
    per_group: bool = False


BLUEPRINT: TypeAdapter[tuple[Section, ...]] = TypeAdapter(tuple[Section, ...])


class BlueprintError(ValueError):
    """The blueprint has a form that cannot be read.

    `section` is the one at fault, counted from 1, and `field` its field; 0 and "" where the whole
    is, or the whole section.
    """

    def __init__(self, *, section: int = 0, field: str = "") -> None:
        self.section, self.field = section, field
        super().__init__(f"section {section} {field}".strip())


class TooManySections(BlueprintError):
    """The blueprint has more than MOST_SECTIONS sections."""


@dataclass(frozen=True)
class PoolQuestion:
    """A question of a bank that an exam can ask, with its current version."""

    question_id: int
    version_id: int
    domain: str
    group: str


@dataclass(frozen=True)
class Shortage:
    """A section that asks for more questions than there are: `available` of `section.count`."""

    section: Section
    available: int


class CannotBeDrawn(Exception):
    """The bank has too few questions for its blueprint."""

    def __init__(self, shortages: Sequence[Shortage]) -> None:
        self.shortages = tuple(shortages)
        super().__init__(f"{len(self.shortages)} sections have too few questions")


def read_blueprint(value: object) -> tuple[Section, ...]:
    """Return the sections that a bank stores. Raises: BlueprintError."""
    try:
        sections = BLUEPRINT.validate_python(value)
    except ValidationError as error:
        raise _at(*error.errors()[0]["loc"]) from error
    if len(sections) > MOST_SECTIONS:
        raise TooManySections
    return sections


def _at(index: int | str = -1, field: int | str = "", *_deeper: int | str) -> BlueprintError:
    """The error at a place that pydantic names, which counts sections from 0."""
    return BlueprintError(section=int(index) + 1, field=str(field))


def exam_pool(test_bank: TestBank) -> list[PoolQuestion]:
    """The questions of a bank that can be asked, in its order. One statement."""
    rows = (
        test_bank.bank_questions.askable()
        .order_by("position")
        .annotate(group=KeyTextTransform("group", "question__current__content"))
        .values_list("question_id", "question__current", "question__current__domain", "group")
    )
    return [PoolQuestion(pk, version, domain, group or "") for pk, version, domain, group in rows]


def expand(sections: Iterable[Section], pool: Iterable[PoolQuestion]) -> list[Section]:
    """The sections with one for each group where they say "per group"; the narrowest first."""
    groups = list(dict.fromkeys((one.domain, one.group) for one in pool if one.group))
    expanded: list[Section] = []
    for section in sections:
        if not section.per_group:
            expanded.append(section)
            continue
        names = [group for domain, group in groups if section.domain in {"", domain}]
        expanded += [
            Section(count=section.count, domain=section.domain, group=group)
            for group in dict.fromkeys(names)
        ]
    return sorted(expanded, key=lambda section: -(2 * bool(section.group) + bool(section.domain)))


def draw(
    sections: Iterable[Section], pool: Sequence[PoolQuestion], *, chance: random.Random
) -> list[PoolQuestion]:
    """Draw the questions of one exam, each at most once, in the order of the pool.

    Narrow sections draw first, so that a section for the whole bank takes what they leave.
    Raises: CannotBeDrawn.
    """
    left, drawn, shortages = list(pool), set[int](), list[Shortage]()
    for section in expand(sections, pool):
        fitting = [one for one in left if _fits(section, one)]
        if len(fitting) < section.count:
            shortages.append(Shortage(section, len(fitting)))
            continue
        drawn |= {one.question_id for one in chance.sample(fitting, section.count)}
        left = [one for one in left if one.question_id not in drawn]
    if shortages:
        raise CannotBeDrawn(shortages)
    return [one for one in pool if one.question_id in drawn]


def _fits(section: Section, question: PoolQuestion) -> bool:
    is_domain = section.domain in {"", question.domain}
    return is_domain and section.group in {"", question.group}


def shortages_of(test_bank: TestBank) -> list[Shortage]:
    """Return what a bank lacks for its blueprint; empty if exams can be drawn. One statement.

    Raises: BlueprintError.
    """
    sections = read_blueprint(test_bank.blueprint)
    if not sections:
        return []
    try:
        draw(sections, exam_pool(test_bank), chance=random.Random(0))  # noqa: S311 - only counted
    except CannotBeDrawn as error:
        return list(error.shortages)
    return []


def exam_size(test_bank: TestBank) -> int:
    """Return the number of questions in an exam of the bank; 0 without a blueprint.

    Sections per group count the groups of the bank, which takes a statement.
    """
    sections = read_blueprint(test_bank.blueprint)
    if not any(section.per_group for section in sections):
        return sum(section.count for section in sections)
    return sum(section.count for section in expand(sections, exam_pool(test_bank)))
