"""A bank as a folder: `bank.json` says what is sold, `questions.jsonl` what is asked.

Pictures stand beside them. `docs/formats.md` describes both files; the questions go into the
bank through `catalog/importing/items.py`, as every seller's do.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from django.db import transaction
from pydantic import Field, ValidationError

from catalog.importing.items import FileHasErrors, import_items
from catalog.models import Category, TestBank
from catalog.services.blueprint import Section
from catalog.services.changes import record_change
from catalog.services.publishing import put_on_sale
from questions.formats.faults import in_words
from questions.formats.jsonl import read_jsonl
from questions.formats.problems import Problem, ReadFile
from questions.images import ImagesBeside
from questions.items import Frozen

SHEET = "bank.json"
QUESTIONS = "questions.jsonl"


class CategorySheet(Frozen):
    """The category. One that exists keeps its title and hues."""

    slug: str
    title: str
    hue_a: int = Field(ge=0, lt=360)
    hue_b: int = Field(ge=0, lt=360)


class ChangeSheet(Frozen):
    """Something that became different after the bank was first sold."""

    days_ago: int = Field(ge=0)
    words: str = Field(max_length=300)
    changed: int = Field(default=0, ge=0)


class BankSheet(Frozen):
    """What `bank.json` says. Prices are in the currency's smallest unit; times are days ago.

    `samples` are positions of questions, counted from 1; without any the first three are.
    """

    title: str
    summary: str
    description: str
    category: CategorySheet
    price_minor: int = Field(ge=0)
    currency: str = "USD"
    access_days: int | None = None
    language: str = "en"
    exam: str = ""
    pass_percent: int | None = None
    exam_minutes: int | None = Field(default=None, gt=0)
    blueprint: tuple[Section, ...] = ()
    keeps_question_order: bool = False
    keeps_choice_order: bool = False
    has_calculator: bool = False
    is_featured: bool = False
    samples: tuple[int, ...] = ()
    published_days_ago: int = Field(default=0, ge=0)
    changes: tuple[ChangeSheet, ...] = ()


@dataclass(frozen=True)
class BankFolder:
    """A folder that was read; its name is the bank's slug."""

    slug: str
    sheet: BankSheet
    read: ReadFile
    images: ImagesBeside


def read_bank_folder(folder: Path) -> BankFolder:
    """Read both files. Raises: FileHasErrors for a `bank.json` that cannot be read.

    Problems of the questions stand in `read`, by line.
    """
    images = ImagesBeside(folder)
    try:
        sheet = BankSheet.model_validate_json((folder / SHEET).read_bytes())
    except ValidationError as error:
        fields = ".".join(map(str, error.errors()[0]["loc"]))
        problem = Problem(1, f"{folder.name}/{SHEET}, {fields}: {in_words(error)}")
        raise FileHasErrors(ReadFile(problems=[problem])) from error
    read = read_jsonl((folder / QUESTIONS).read_bytes(), images=images)
    return BankFolder(folder.name, sheet, read, images)


def make_bank(*, folder: BankFolder, at: datetime) -> TestBank:
    """Make the bank of a folder and put it on sale, as if it had been for as long as it says.

    Atomic, except for the pictures: files cannot be rolled back, so they are stored first.
    Raises: FileHasErrors, before anything is written; ValidationError (Django's) for values
    that cannot be stored.
    """
    if folder.read.errors:
        raise FileHasErrors(folder.read)
    folder.images.keep()
    with transaction.atomic():
        return _make(folder, at)


def _make(folder: BankFolder, at: datetime) -> TestBank:
    sheet = folder.sheet
    published_at = at - timedelta(days=sheet.published_days_ago)
    test_bank = _draft(folder.slug, sheet, published_at)
    import_items(test_bank=test_bank, read=folder.read, at=published_at)
    if sheet.samples:
        questions = test_bank.bank_questions
        questions.update(is_sample=False)
        questions.filter(position__in=sheet.samples, is_asked=True).update(is_sample=True)
    for change in sheet.changes:
        record_change(
            test_bank=test_bank,
            at=at - timedelta(days=change.days_ago),
            words=change.words,
            changed=change.changed,
        )
    put_on_sale(test_bank=test_bank, at=at)
    return test_bank


def _draft(slug: str, sheet: BankSheet, at: datetime) -> TestBank:
    category, _created = Category.objects.get_or_create(
        slug=sheet.category.slug, defaults=sheet.category.model_dump(exclude={"slug"})
    )
    left_out = {"category", "samples", "published_days_ago", "changes"}
    said = sheet.model_dump(mode="json", exclude=left_out)
    test_bank = TestBank(slug=slug, category=category, created_at=at, **said)
    test_bank.full_clean()
    test_bank.save()
    return test_bank
