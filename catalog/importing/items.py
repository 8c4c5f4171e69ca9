"""Import the questions of a file into a bank, all or none."""

import uuid
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from django.db import transaction
from django.db.models import Max
from django.db.models.fields.json import KeyTextTransform

from catalog import page_cache
from catalog.indexing.banks import count_questions
from catalog.indexing.search_text import index_bank_text, index_questions
from catalog.models import BankQuestion, TestBank
from catalog.services.changes import record_change
from questions.formats.problems import ReadFile
from questions.items import ASKABLE, Item
from questions.matching import KnownQuestions
from questions.models import QuestionVersion
from questions.services import (
    ROWS_AT_ONCE,
    corrections,
    release_staged,
    stage_items,
    store_corrections,
    store_items,
)

SAMPLES = 3
# As text: without it SQLite returns the id "17" as a number, which equals no id.
EXTERNAL_ID = KeyTextTransform("external_id", "question__current__content")


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
    `added_questions` and `left_out` are ids, as in `ImportPlan`; `corrected` has the numbers of
    the versions before and after, by id.
    """

    added_kinds: Counter[str] = field(default_factory=Counter)
    changed_lines: list[int] = field(default_factory=list)
    known_lines: list[int] = field(default_factory=list)
    added_questions: list[int] = field(default_factory=list)
    corrected: dict[int, tuple[int, int]] = field(default_factory=dict)
    left_out: list[int] = field(default_factory=list)
    total: int = 0
    unasked: int = 0

    @property
    def added(self) -> int:
        """The number of questions added."""
        return self.added_kinds.total()


@dataclass
class ImportPlan:
    """The plan of an import: new items, changed items by question, and unchanged ones.

    Lines are those of the file. `left_out` are the ids of questions of the bank, in their order,
    that the file does not have and that are still asked.
    """

    fresh: list[tuple[int, Item]] = field(default_factory=list)
    changed: dict[int, tuple[int, Item]] = field(default_factory=dict)
    known_lines: list[int] = field(default_factory=list)
    left_out: list[int] = field(default_factory=list)


def plan_import(*, test_bank: TestBank, read: ReadFile) -> ImportPlan:
    """Compare a file with the bank, by the author's id, the question's own, or what is asked.

    Reads only.
    """
    known = _known_questions(test_bank)
    own_ids = {
        str(public_id): (question, external_id or "")
        for question, public_id, external_id in test_bank.bank_questions.values_list(
            "question_id", "question__public_id", EXTERNAL_ID
        )
    }
    plan = ImportPlan()
    # By the id of the bank's question: the line and the item of the file that match it.
    matched: dict[int, tuple[int, Item]] = {}
    for line, item in zip(read.lines, read.items, strict=True):
        question = known.match(item)
        # `add` is False for an item that the file itself has twice.
        if question is None and known.add(item):
            plan.fresh.append((line, item))
        elif question is None or question in matched:
            plan.known_lines.append(line)
        else:
            own, external_id = own_ids.get(item.external_id, (None, ""))
            # An export names a question that has no id of its author by its own.
            same = own == question
            matched[question] = (
                line,
                item.model_copy(update={"external_id": external_id}) if same else item,
            )
    _compare(plan, matched)
    asked = test_bank.bank_questions.exclude(state=BankQuestion.State.RETIRED)
    in_order = asked.order_by("position").values_list("question_id", flat=True)
    plan.left_out = [question for question in in_order if question not in matched]
    return plan


def _compare(plan: ImportPlan, matched: dict[int, tuple[int, Item]]) -> None:
    items = {question: item for question, (_line, item) in matched.items()}
    changed = {question.pk for question, _item in corrections(items=items)}
    plan.changed = {pk: found for pk, found in matched.items() if pk in changed}
    plan.known_lines += [line for pk, (line, _item) in matched.items() if pk not in changed]
    plan.known_lines.sort()


def import_items(*, test_bank: TestBank, read: ReadFile, at: datetime) -> ImportReport:
    """Add the items of a file to the end of a bank, and correct those that it has.

    A question that the bank has, by the author's id or by what it asks, gets a next version
    where the file says something else; the same file twice changes nothing. What was added and
    corrected is recorded as a change. The first three questions of a bank that can be asked
    become its samples. The bank changes whole or not at all, in one short transaction. Raises:
    FileHasErrors, before anything is written.
    """
    staged = stage_import(test_bank=test_bank, read=read)
    report = publish_import(staged=staged, at=at)
    index_import(test_bank=test_bank, report=report, at=at)
    return report


@dataclass(frozen=True)
class StagedImport:
    """An import that is ready: its new questions are stored, and in no bank yet.

    `places` are the bank's questions and versions that the plan was made for; `rows` are the
    unsaved places of the staged questions, by the line of the file.
    """

    test_bank: TestBank
    read: ReadFile
    plan: ImportPlan
    places: list[tuple[int, int | None, str]]
    rows: dict[int, BankQuestion]
    import_id: uuid.UUID


def stage_import(*, test_bank: TestBank, read: ReadFile) -> StagedImport:
    """Compare a file with the bank and store what is new, where nobody sees it yet.

    Outside of a transaction no other writer waits for more than a batch. Raises: FileHasErrors,
    before anything is written.
    """
    if read.errors:
        raise FileHasErrors(read)
    places = _places(test_bank)
    plan = plan_import(test_bank=test_bank, read=read)
    import_id = uuid.uuid4()
    lines = [line for line, _item in plan.fresh]
    versions = stage_items(items=[item for _line, item in plan.fresh], import_id=import_id)
    rows = dict(zip(lines, _rows(test_bank, versions), strict=True))
    return StagedImport(test_bank, read, plan, places, rows, import_id)


@transaction.atomic
def publish_import(*, staged: StagedImport, at: datetime) -> ImportReport:
    """Put the staged questions into the bank, and correct those that it has.

    Atomic. If the bank changed since the import was staged, the file is compared with it again.
    Call `index_import` afterwards, so that search finds the questions.
    """
    test_bank = staged.test_bank
    TestBank.objects.select_for_update().get(pk=test_bank.pk)
    is_same = _places(test_bank) == staged.places
    plan = staged.plan if is_same else plan_import(test_bank=test_bank, read=staged.read)
    report = ImportReport(known_lines=plan.known_lines, left_out=plan.left_out)
    _correct(test_bank, plan, report)
    report.added_kinds.update(item.kind for _line, item in plan.fresh)
    report.added_questions = _append(test_bank, _rows_of_plan(staged, plan))
    added = set(report.added_questions)
    unused = [row.question_id for row in staged.rows.values() if row.question_id not in added]
    release_staged(import_id=staged.import_id, unused=unused)
    if plan.fresh or report.changed_lines:
        changed = len(report.changed_lines)
        record_change(test_bank=test_bank, at=at, added=len(plan.fresh), changed=changed)
    count_questions(test_bank=test_bank)
    page_cache.clear_on_commit()
    report.total = test_bank.bank_questions.askable().count()
    report.unasked = test_bank.bank_questions.count() - report.total
    return report


def index_import(*, test_bank: TestBank, report: ImportReport, at: datetime) -> None:
    """Let search find what an import added and corrected. Idempotent.

    Outside of a transaction no other writer waits for more than a batch.
    """
    changed = [*report.added_questions, *report.corrected]
    index_questions(test_bank=test_bank, question_ids=changed)
    index_bank_text(test_bank=test_bank, at=at)


def _places(test_bank: TestBank) -> list[tuple[int, int | None, str]]:
    rows = test_bank.bank_questions.order_by("position")
    return list(rows.values_list("question_id", "question__current_id", "state"))


def _rows(test_bank: TestBank, versions: Iterable[QuestionVersion]) -> list[BankQuestion]:
    """Return unsaved places of questions, made before the transaction, which waits for nothing."""
    return [
        # By id: Django looks at every related object again when it stores the row.
        BankQuestion(
            test_bank_id=test_bank.pk,
            question_id=version.question_id,
            is_asked=version.kind in ASKABLE,
        )
        for version in versions
    ]


def _rows_of_plan(staged: StagedImport, plan: ImportPlan) -> list[BankQuestion]:
    """Return the places of the new lines; one that became new only now is stored here."""
    missing = [(line, item) for line, item in plan.fresh if line not in staged.rows]
    stored = _rows(staged.test_bank, store_items(items=[item for _line, item in missing]))
    late = dict(zip((line for line, _item in missing), stored, strict=True))
    return [staged.rows.get(line) or late[line] for line, _item in plan.fresh]


def _known_questions(test_bank: TestBank) -> KnownQuestions:
    rows = list(
        test_bank.bank_questions.order_by("position").values_list(
            "question_id",
            "question__versions__fingerprint",
            EXTERNAL_ID,
            "question__public_id",
        )
    )
    by_author = [(question, mark, external_id) for question, mark, external_id, _own in rows]
    by_own_id = [(question, mark, str(own)) for question, mark, _external_id, own in rows]
    return KnownQuestions([*by_author, *by_own_id])


def _correct(test_bank: TestBank, plan: ImportPlan, report: ImportReport) -> None:
    """Store what differs, and whether it can be asked now."""
    items = {question: item for question, (_line, item) in plan.changed.items()}
    report.changed_lines = [line for line, _item in plan.changed.values()]
    store_corrections(items=items)
    corrected = test_bank.bank_questions.filter(question__in=items)
    numbers = corrected.values_list("question_id", "question__current__number")
    report.corrected = {question: (number - 1, number) for question, number in numbers}
    corrected.filter(question__current__kind__in=ASKABLE).update(is_asked=True)
    corrected.exclude(question__current__kind__in=ASKABLE).update(is_asked=False)


def _append(test_bank: TestBank, rows: Sequence[BankQuestion]) -> list[int]:
    """Add stored questions at the end, and return their ids."""
    last = test_bank.bank_questions.aggregate(last=Max("position"))["last"] or 0
    askable = [place for place, row in enumerate(rows) if row.is_asked]
    before = test_bank.bank_questions.askable().count()
    # Never all questions of a small bank: nothing would be left to sell.
    most = min(SAMPLES, before + len(askable) - 1)
    samples = set(askable[: max(most - before, 0)])
    for place, row in enumerate(rows):
        row.position, row.is_sample = last + 1 + place, place in samples
    BankQuestion.objects.bulk_create(rows, ROWS_AT_ONCE)
    return [row.question_id for row in rows]
