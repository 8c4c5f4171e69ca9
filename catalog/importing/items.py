"""Import the questions of a file into a bank, all or none."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from django.db import transaction
from django.db.models import Max

from catalog.indexing.banks import reindex_bank
from catalog.models import BankQuestion, TestBank
from catalog.services.changes import record_change
from questions.formats.problems import ReadFile
from questions.items import ASKABLE, Item
from questions.matching import KnownQuestions
from questions.services import store_corrections, store_items

SAMPLES = 3


class FileHasErrors(Exception):
    """The file cannot be imported as it is; nothing was written."""

    def __init__(self, read: ReadFile) -> None:
        self.read = read
        super().__init__(f"{len(read.errors)} errors")


@dataclass
class ImportReport:
    """The result of an import.

    `added_kinds` counts the added questions by kind. `changed_lines` are the lines of questions
    that were corrected, `known_lines` of those that the bank has already. `total` is the number
    of the bank's questions that can be practiced; `unasked` of those that cannot be yet.
    """

    added_kinds: Counter[str] = field(default_factory=Counter)
    changed_lines: list[int] = field(default_factory=list)
    known_lines: list[int] = field(default_factory=list)
    total: int = 0
    unasked: int = 0

    @property
    def added(self) -> int:
        """How many questions were added."""
        return self.added_kinds.total()


@transaction.atomic
def import_items(*, test_bank: TestBank, read: ReadFile, at: datetime) -> ImportReport:
    """Add the items of a file to the end of a bank, and correct those that it has.

    Atomic. A question that the bank has, by the author's id or by what it asks, gets a next
    version where the file says something else; the same file twice changes nothing. What was
    added and corrected is recorded as a change. The first three questions of a bank that can
    be asked become its samples. Raises: FileHasErrors, before anything is written.
    """
    if read.errors:
        raise FileHasErrors(read)
    TestBank.objects.select_for_update().get(pk=test_bank.pk)
    known = _known_questions(test_bank)
    report = ImportReport()
    fresh: list[Item] = []
    # By the id of the bank's question: the line and the item of the file that match it.
    matched: dict[int, tuple[int, Item]] = {}
    for line, item in zip(read.lines, read.items, strict=True):
        question = known.match(item)
        # `add` is False for an item that the file itself has twice.
        if question is None and known.add(item):
            fresh.append(item)
        elif question is None or question in matched:
            report.known_lines.append(line)
        else:
            matched[question] = (line, item)
    _correct(test_bank, matched, report)
    report.added_kinds.update(item.kind for item in fresh)
    _append(test_bank, fresh)
    if fresh or report.changed_lines:
        changed = len(report.changed_lines)
        record_change(test_bank=test_bank, at=at, added=len(fresh), changed=changed)
    reindex_bank(test_bank=test_bank, at=at)
    report.total = test_bank.bank_questions.askable().count()
    report.unasked = test_bank.bank_questions.count() - report.total
    return report


def _known_questions(test_bank: TestBank) -> KnownQuestions:
    rows = test_bank.bank_questions.values_list(
        "question_id",
        "question__versions__fingerprint",
        "question__current__content__external_id",
    )
    return KnownQuestions(rows.order_by("position"))


def _correct(
    test_bank: TestBank, matched: dict[int, tuple[int, Item]], report: ImportReport
) -> None:
    """Store what differs, and whether it can be asked now."""
    items = {question: item for question, (_line, item) in matched.items()}
    changed = store_corrections(items=items)
    for question, (line, _item) in matched.items():
        lines = report.changed_lines if question in changed else report.known_lines
        lines.append(line)
    report.known_lines.sort()
    corrected = test_bank.bank_questions.filter(question__in=changed)
    corrected.filter(question__current__kind__in=ASKABLE).update(is_asked=True)
    corrected.exclude(question__current__kind__in=ASKABLE).update(is_asked=False)


def _append(test_bank: TestBank, items: Sequence[Item]) -> None:
    last = test_bank.bank_questions.aggregate(last=Max("position"))["last"] or 0
    askable = [place for place, item in enumerate(items) if item.kind in ASKABLE]
    samples = set(askable[: max(SAMPLES - test_bank.bank_questions.askable().count(), 0)])
    BankQuestion.objects.bulk_create(
        (
            BankQuestion(
                test_bank=test_bank,
                question=version.question,
                position=last + 1 + place,
                is_sample=place in samples,
                is_asked=version.kind in ASKABLE,
            )
            for place, version in enumerate(store_items(items=items))
        ),
        500,
    )
