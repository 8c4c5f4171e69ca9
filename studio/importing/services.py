"""Upload, accept, discard and undo imports. The browser and `import_bank` share `import_questions`."""

import logging
import uuid
from collections.abc import Collection, Iterable, Sequence
from datetime import datetime, timedelta

from django.conf import settings
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import transaction

from accounts.models import User
from catalog.importing.items import (
    FileHasErrors,
    ImportReport,
    StagedImport,
    index_import,
    publish_import,
    stage_import,
)
from catalog.indexing.banks import reindex_bank
from catalog.models import BankQuestion, TestBank
from outbox.models import no_lease
from practice.usage import answered_questions
from questions.formats.problems import ReadFile
from questions.images import Images
from questions.models import QuestionVersion
from questions.services import current_of, store_next_versions
from studio.errors import NothingLeft, NothingToUndo, NotWaiting, PublishedElsewhere
from studio.importing.bundle import ReadBundle, Upload, UploadRefused, pack, read_bundle
from studio.models import AuditEntry, Import
from studio.permissions import locked_questions
from studio.services.audit import record
from studio.services.banks import check_sellable, lock_banks

logger = logging.getLogger("studio.importing")

FOLDER = "imports"
# More questions than this are imported by the worker, where there is one.
MANY = 1_000
LEASE = timedelta(minutes=10)
State = BankQuestion.State
Status = Import.Status


def upload_questions(
    *, test_bank: TestBank, uploads: Iterable[Upload], domain: str, by: User, at: datetime
) -> Import:
    """Keep an upload for its dry run; nothing goes into the bank. Raises: UploadRefused."""
    content, names = pack(uploads)
    read_bundle(content, domain=domain)
    name = f"{FOLDER}/{uuid.uuid4().hex}.zip"
    default_storage.save(name, ContentFile(content))
    return Import.objects.create(
        test_bank=test_bank, by=by, at=at, names=names, domain=domain, upload=name
    )


def read_upload(waiting: Import) -> ReadBundle:
    """Read the files of an import that waits. Raises: UploadRefused, FileNotFoundError."""
    with default_storage.open(waiting.upload) as file:
        return read_bundle(file.read(), domain=waiting.domain)


def accept_import(*, waiting: Import, retires_missing: bool, by: User, at: datetime) -> Import:
    """Import what waits, or leave a large one to the worker.

    Nothing changes if it raises NotWaiting (somebody decided before), FileHasErrors, NothingLeft,
    PublishedElsewhere, or, for an upload that cannot be read any more, UploadRefused or
    FileNotFoundError.
    """
    bundle = read_upload(waiting)
    if bundle.read.errors:
        raise FileHasErrors(bundle.read)
    is_large = settings.WORKER and len(bundle.read.items) > MANY
    rows = Import.objects.filter(pk=waiting.pk, status=Status.WAITING)
    if is_large:
        if not rows.update(status=Status.QUEUED, retires_missing=retires_missing, by=by):
            raise NotWaiting
        waiting.refresh_from_db()
        return waiting
    staged = _stage(waiting, bundle.read, bundle.images)
    with transaction.atomic():
        if not rows.update(status=Status.DONE, retires_missing=retires_missing, by=by):
            raise NotWaiting
        waiting.refresh_from_db()
        report = _carry_out(waiting, staged, at=at)
    index_import(test_bank=waiting.test_bank, report=report, at=at)
    default_storage.delete(waiting.upload)
    return waiting


def discard_import(*, waiting: Import) -> None:
    """Discard what waits. Idempotent. Raises: NotWaiting if somebody accepted it before."""
    rows = Import.objects.filter(pk=waiting.pk)
    if rows.filter(status=Status.WAITING).update(status=Status.DISCARDED):
        default_storage.delete(waiting.upload)
    elif not rows.filter(status=Status.DISCARDED).exists():
        raise NotWaiting


def import_questions(
    *,
    test_bank: TestBank,
    read: ReadFile,
    images: Images,
    names: list[str],
    by: User | None,
    at: datetime,
) -> ImportReport:
    """Import a file that was read, and record it. Raises: FileHasErrors, PublishedElsewhere."""
    row = Import(test_bank=test_bank, by=by, at=at, names=names, status=Status.DONE)
    staged = _stage(row, read, [images])
    with transaction.atomic():
        row.save(force_insert=True)
        report = _carry_out(row, staged, at=at)
    index_import(test_bank=test_bank, report=report, at=at)
    return report


def run_queued_imports(*, at: datetime) -> int:
    """Carry out the imports that wait for the worker, and return how many.

    Safe to call from several processes, and after one was killed: each row is leased. If a lease
    ends too early, the worker that is done first decides, and the other changes nothing.
    """
    free = Import.objects.filter(no_lease(at), status=Status.QUEUED)
    done = 0
    for queued in free.select_related("test_bank", "by").order_by("at"):
        if not free.filter(pk=queued.pk).update(leased_until=at + LEASE):
            continue
        still_queued = Import.objects.filter(pk=queued.pk, status=Status.QUEUED)
        try:
            bundle = read_upload(queued)
            staged = _stage(queued, bundle.read, bundle.images)
            with transaction.atomic():
                if not still_queued.update(status=Status.DONE):
                    continue
                report = _carry_out(queued, staged, at=at)
            index_import(test_bank=queued.test_bank, report=report, at=at)
        except (UploadRefused, FileHasErrors, FileNotFoundError, NothingLeft, PublishedElsewhere):
            if still_queued.update(status=Status.FAILED):
                logger.warning("import=%s could not be completed", queued.pk)
            continue
        default_storage.delete(queued.upload)
        done += 1
    return done


def _stage(row: Import, read: ReadFile, images: Sequence[Images]) -> StagedImport:
    """Store pictures and questions before the bank has them. Raises: FileHasErrors."""
    for each in images:
        each.keep()
    return stage_import(test_bank=row.test_bank, read=read)


def _carry_out(row: Import, staged: StagedImport, *, at: datetime) -> ImportReport:
    """Change the bank, and write down what undoes it. The caller owns the transaction."""
    test_bank = row.test_bank
    report = publish_import(staged=staged, at=at)
    _check_may_change(row.by, report.corrected)
    retired = _retire_missing(row, report) if row.retires_missing else {}
    row.undo = {
        "added": report.added_questions,
        "changed": [[pk, *numbers] for pk, numbers in report.corrected.items()],
        "retired_by_state": retired,
    }
    row.added, row.changed = report.added, len(report.corrected)
    row.retired = sum(len(ids) for ids in retired.values())
    row.done_at, row.leased_until, row.status = at, None, Status.DONE
    row.save(
        update_fields=["undo", "added", "changed", "retired", "done_at", "leased_until", "status"]
    )
    if retired:
        check_sellable(test_bank)
        reindex_bank(test_bank=test_bank, at=at)
    record(
        kind=AuditEntry.Kind.IMPORTED,
        actor=row.by,
        at=at,
        test_bank=test_bank,
        files=row.names,
        added=row.added,
        changed=row.changed,
        retired=row.retired,
    )
    return report


def _check_may_change(by: User | None, question_ids: Collection[int]) -> None:
    """Raises: PublishedElsewhere. The command line may change all."""
    if by and (locked := locked_questions(by, question_ids)):
        raise PublishedElsewhere(len(locked))


def _retire_missing(row: Import, report: ImportReport) -> dict[str, list[int]]:
    """Retire the questions that were in the bank and are not in the file.

    Returns their places by the state that they had.
    """
    places = row.test_bank.bank_questions.filter(question__in=report.left_out)
    by_state: dict[str, list[int]] = {}
    for pk, state in places.values_list("pk", "state"):
        by_state.setdefault(state, []).append(pk)
    places.update(state=State.RETIRED)
    return by_state


@transaction.atomic
def undo_import(*, done: Import, by: User, at: datetime) -> Import:
    """Take an import back; what was answered meanwhile is retired, and what was edited stays.

    Corrected questions get their former content as the next version; retired ones come back.
    Past sessions keep everything. Raises: NothingToUndo, NothingLeft, PublishedElsewhere.
    """
    test_bank = done.test_bank
    changed = [row[0] for row in done.undo.get("changed", [])]
    lock_banks(test_bank, question_ids=changed)
    _check_may_change(by, changed)
    rows = Import.objects.filter(pk=done.pk, status=Status.DONE)
    if not rows.update(status=Status.UNDONE, undone_at=at):
        raise NothingToUndo
    added = done.undo.get("added", [])
    answered = answered_questions(question_ids=added)
    places = test_bank.bank_questions.filter(question__in=added)
    places.filter(question__in=answered).update(state=State.RETIRED)
    places.exclude(question__in=answered).delete()
    _restore(done.undo.get("changed", []))
    for state, ids in done.undo.get("retired_by_state", {}).items():
        test_bank.bank_questions.filter(pk__in=ids, state=State.RETIRED).update(state=state)
    check_sellable(test_bank)
    reindex_bank(test_bank=test_bank, at=at)
    detail = {"files": done.names, "answered": len(answered)}
    record(kind=AuditEntry.Kind.IMPORT_UNDONE, actor=by, at=at, test_bank=test_bank, **detail)
    done.refresh_from_db()
    return done


def _restore(changed: list[list[int]]) -> None:
    """Give questions their content of before, unless somebody has edited them since."""
    after = {question: number for question, _before, number in changed}
    before = {(question, number) for question, number, _after in changed}
    versions = QuestionVersion.objects.filter(question__in=after).select_related(
        "question__current"
    )
    store_next_versions(
        changes=[
            (version.question, version.item)
            for version in versions
            if (version.question_id, version.number) in before
            and current_of(version.question).number == after[version.question_id]
        ]
    )
