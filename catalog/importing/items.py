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
from questions.services import fingerprint, store_items

SAMPLES = 3


class FileHasErrors(Exception):
    """The file cannot be imported as it is; nothing was written."""

    def __init__(self, read: ReadFile) -> None:
        self.read = read
        super().__init__(f"{len(read.errors)} errors")


@dataclass
class ImportReport:
    """What an import did.

    `added_kinds` counts the questions that were added by their kind, `known_lines` are those
    of questions that the bank had already. `total` is how many questions of the bank can be
    practised; `unasked` how many cannot yet.
    """

    added_kinds: Counter[str] = field(default_factory=Counter)
    known_lines: list[int] = field(default_factory=list)
    total: int = 0
    unasked: int = 0

    @property
    def added(self) -> int:
        """How many questions were added."""
        return self.added_kinds.total()


@transaction.atomic
def import_items(*, test_bank: TestBank, read: ReadFile, at: datetime) -> ImportReport:
    """Add the items of a file to the end of a bank.

    Atomic. A question that the bank has already, word for word, is not added again, so the
    same file twice changes nothing; what was added is noted as a change. The first three
    questions of a bank that can be asked become its samples. Raises: FileHasErrors, before
    anything is written.
    """
    if read.errors:
        raise FileHasErrors(read)
    TestBank.objects.select_for_update().get(pk=test_bank.pk)
    known = set(test_bank.bank_questions.values_list("question__versions__fingerprint", flat=True))
    report = ImportReport()
    fresh: list[Item] = []
    for line, item in zip(read.lines, read.items, strict=True):
        mark = fingerprint(item)
        if mark in known:
            report.known_lines.append(line)
        else:
            known.add(mark)
            fresh.append(item)
    report.added_kinds.update(item.kind for item in fresh)
    _append(test_bank, fresh)
    if fresh:
        record_change(test_bank=test_bank, at=at, added=len(fresh))
    reindex_bank(test_bank=test_bank, at=at)
    report.total = test_bank.bank_questions.askable().count()
    report.unasked = test_bank.bank_questions.count() - report.total
    return report


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
