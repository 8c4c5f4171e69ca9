"""Import the questions of a file into a bank, all or none."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from django.db import transaction
from django.db.models import Max
from django.db.models.fields.json import KeyTextTransform

from catalog.indexing.banks import reindex_bank
from catalog.models import BankQuestion, TestBank
from catalog.services.changes import record_change
from questions.formats.problems import ReadFile
from questions.items import ASKABLE, Item
from questions.matching import KnownQuestions
from questions.services import corrections, store_corrections, store_items

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
    plan = plan_import(test_bank=test_bank, read=read)
    report = ImportReport(known_lines=plan.known_lines, left_out=plan.left_out)
    _correct(test_bank, plan, report)
    fresh = [item for _line, item in plan.fresh]
    report.added_kinds.update(item.kind for item in fresh)
    report.added_questions = _append(test_bank, fresh)
    if fresh or report.changed_lines:
        changed = len(report.changed_lines)
        record_change(test_bank=test_bank, at=at, added=len(fresh), changed=changed)
    reindex_bank(test_bank=test_bank, at=at)
    report.total = test_bank.bank_questions.askable().count()
    report.unasked = test_bank.bank_questions.count() - report.total
    return report


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


def _append(test_bank: TestBank, items: Sequence[Item]) -> list[int]:
    """Add new questions at the end, and return their ids."""
    last = test_bank.bank_questions.aggregate(last=Max("position"))["last"] or 0
    askable = [place for place, item in enumerate(items) if item.kind in ASKABLE]
    before = test_bank.bank_questions.askable().count()
    # Never all questions of a small bank: nothing would be left to sell.
    most = min(SAMPLES, before + len(askable) - 1)
    samples = set(askable[: max(most - before, 0)])
    versions = store_items(items=items)
    BankQuestion.objects.bulk_create(
        (
            BankQuestion(
                test_bank=test_bank,
                question=version.question,
                position=last + 1 + place,
                is_sample=place in samples,
                is_asked=version.kind in ASKABLE,
            )
            for place, version in enumerate(versions)
        ),
        500,
    )
    return [version.question_id for version in versions]
