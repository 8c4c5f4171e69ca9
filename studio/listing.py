"""The list of a bank's questions: what narrows it, and its rows."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from textwrap import shorten
from typing import cast

from django import forms
from django.db.models import Q
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import User
from catalog.importing.linting import lint_bank
from catalog.models import BankQuestion, TestBank
from catalog.querysets import BankQuestionQuerySet
from questions.kinds import DIFFICULTIES, NAMES, kind_name
from questions.models import QuestionVersion
from questions.text import plain_words
from studio.models import Authorship, Import, QuestionReport

PER_PAGE = 50
EXCERPT = 110
ANY = ("", gettext_lazy("Any"))
NONE = "-"


@dataclass(frozen=True)
class Row:
    """A question of a bank in the list."""

    place: BankQuestion
    excerpt: str
    kind: str
    domain: str
    difficulty: str
    tags: tuple[str, ...]
    version: int
    problems: tuple[str, ...]


class FilterForm(forms.Form):
    """What narrows the list of questions. Everything is optional."""

    q = forms.CharField(label=gettext_lazy("Search text"), required=False, max_length=200)
    domain = forms.ChoiceField(label=gettext_lazy("Domain"), required=False)
    kind = forms.ChoiceField(label=gettext_lazy("Type"), required=False)
    difficulty = forms.ChoiceField(
        label=gettext_lazy("Difficulty"),
        required=False,
        choices=[ANY, *DIFFICULTIES.items(), (NONE, gettext_lazy("None"))],
    )
    state = forms.ChoiceField(
        label=gettext_lazy("Status"), required=False, choices=[ANY, *BankQuestion.State.choices]
    )
    only = forms.ChoiceField(
        label=gettext_lazy("Show only"),
        required=False,
        choices=[
            ANY,
            ("samples", gettext_lazy("Samples")),
            ("problems", gettext_lazy("With problems")),
            ("reported", gettext_lazy("Reported by learners")),
            ("pictures", gettext_lazy("With images")),
        ],
    )
    tag = forms.CharField(label=gettext_lazy("Tag"), required=False, max_length=100)
    author = forms.ChoiceField(label=gettext_lazy("Author"), required=False)

    def __init__(self, data: Mapping[str, str], test_bank: TestBank) -> None:
        super().__init__(data)
        self.test_bank = test_bank
        versions = test_bank.bank_questions.order_by()
        domains = versions.values_list("question__current__domain", flat=True).distinct()
        kinds = versions.values_list("question__current__kind", flat=True).distinct()
        named = sorted(name for name in domains if name)
        self._choices("domain", [*((name, name) for name in named), (NONE, _("None"))])
        self._choices("kind", [(kind, NAMES[kind]) for kind in NAMES if kind in set(kinds)])
        self._choices("author", authors_of(test_bank))

    def _choices(self, field: str, choices: list[tuple[str, object]]) -> None:
        cast(forms.ChoiceField, self.fields[field]).choices = [ANY, *choices]

    def places(self) -> BankQuestionQuerySet:
        """Select the questions in their order; one filter that is mistyped is ignored."""
        self.is_valid()
        wanted = self.cleaned_data
        places = self.test_bank.bank_questions.select_related("question__current")
        if words := wanted.get("q"):
            places = places.filter(_has_words(words))
        for name in ("domain", "difficulty"):
            if value := wanted.get(name):
                value = "" if value == NONE else value
                places = places.filter(**{f"question__current__{name}": value})
        if kind := wanted.get("kind"):
            places = places.filter(question__current__kind=kind)
        if state := wanted.get("state"):
            places = places.filter(state=state)
        if tag := wanted.get("tag"):
            places = places.filter(_in_json("question__current__content__tags", f'"{tag}"'))
        if author := wanted.get("author"):
            places = places.filter(question__in=written_by(self.test_bank, int(author)))
        return self._only(places, wanted.get("only", "")).order_by("position")

    def _only(self, places: BankQuestionQuerySet, only: str) -> BankQuestionQuerySet:
        if only == "samples":
            return places.filter(is_sample=True)
        if only == "problems":
            return places.filter(position__in=problems_of(self.test_bank))
        if only == "reported":
            open_reports = self.test_bank.reports.filter(state=QuestionReport.State.OPEN)
            return places.filter(question__in=open_reports.values("question"))
        if only == "pictures":
            return places.exclude(question__current__content__stem__pictures=[])
        return places

    @property
    def is_narrowed(self) -> bool:
        """True if a filter is set."""
        return any(self.cleaned_data.values())


def authors_of(test_bank: TestBank) -> list[tuple[str, object]]:
    """Who wrote or imported questions of the bank: ids and emails. One statement."""
    wrote = Q(authorships__question__bank_questions__test_bank=test_bank)
    imported = Q(pk__in=test_bank.imports.filter(added__gt=0).values("by"))
    people = User.objects.filter(wrote | imported).distinct().order_by("email")
    return [(str(pk), email) for pk, email in people.values_list("pk", "email")]


def written_by(test_bank: TestBank, user_id: int) -> set[int]:
    """The ids of the questions that this person wrote, or imported into the bank."""
    wrote = Authorship.objects.filter(user=user_id, question__bank_questions__test_bank=test_bank)
    imports = test_bank.imports.filter(by=user_id, status=Import.Status.DONE)
    found = set(wrote.values_list("question", flat=True))
    return found.union(*(undo.get("added", []) for undo in imports.values_list("undo", flat=True)))


def _has_words(words: str) -> Q:
    return _in_json("question__current__content", words)


def _in_json(column: str, words: str) -> Q:
    """SQLite stores JSON with escapes for what is not ASCII, PostgreSQL without."""
    escaped = json.dumps(words)[1:-1] if not words.startswith('"') else json.dumps(words[1:-1])
    return Q(**{f"{column}__icontains": words}) | Q(**{f"{column}__icontains": escaped})


def problems_of(test_bank: TestBank) -> dict[int, list[str]]:
    """What the quality check says, by position. Reads the whole bank."""
    found: dict[int, list[str]] = {}
    for finding in lint_bank(test_bank).findings:
        found.setdefault(finding.line, []).append(finding.text)
    return found


def rows_of(places: list[BankQuestion], problems: Mapping[int, list[str]]) -> list[Row]:
    """Return the rows of these questions, whose current versions are loaded. No statement."""
    return [_row(place, tuple(problems.get(place.position, ()))) for place in places]


def _row(place: BankQuestion, problems: tuple[str, ...]) -> Row:
    version = cast(QuestionVersion, place.question.current)
    return Row(
        place=place,
        excerpt=excerpt_of(version),
        kind=kind_name(version.kind),
        domain=version.domain,
        difficulty=str(DIFFICULTIES.get(version.difficulty, "")),
        tags=tuple(version.content.get("tags", ())),
        version=version.number,
        problems=problems,
    )


def excerpt_of(version: QuestionVersion) -> str:
    """The beginning of the stem, read from the stored JSON: a list need not build items."""
    words = plain_words(version.content["stem"]["html"])
    return shorten(words, EXCERPT, placeholder="…") or _("(image only)")
