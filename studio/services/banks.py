"""Make banks, describe them, put them on sale, and take them off."""

from collections.abc import Collection
from datetime import datetime

from django.db import transaction
from django.db.models import Q

from accounts.models import User
from catalog.indexing.banks import reindex_bank
from catalog.models import BankQuestion, TestBank
from catalog.services.publishing import put_on_sale, withdraw
from catalog.services.renaming import rename_bank
from studio.errors import NothingLeft
from studio.models import AuditEntry, BankRole
from studio.services.audit import record

Kind = AuditEntry.Kind


@transaction.atomic
def create_bank(*, test_bank: TestBank, actor: User, at: datetime) -> TestBank:
    """Store a new bank as a draft."""
    test_bank.status = TestBank.Status.DRAFT
    test_bank.created_at = test_bank.updated_at = at
    test_bank.save()
    record(kind=Kind.BANK_CREATED, actor=actor, at=at, test_bank=test_bank)
    return test_bank


@transaction.atomic
def change_bank(
    *, test_bank: TestBank, changed: list[str], slug: str, actor: User, at: datetime
) -> None:
    """Save the named fields of a bank, and its address; what is not named stays."""
    test_bank.updated_at = at
    test_bank.save(update_fields=[*changed, "updated_at"])
    if slug != test_bank.slug:
        before = test_bank.slug
        rename_bank(test_bank=test_bank, slug=slug, at=at)
        record(
            kind=Kind.BANK_RENAMED, actor=actor, at=at, test_bank=test_bank, before=before, now=slug
        )
    if changed:
        record(kind=Kind.BANK_CHANGED, actor=actor, at=at, test_bank=test_bank, fields=changed)
    reindex_bank(test_bank=test_bank, at=at)


@transaction.atomic
def publish_bank(*, test_bank: TestBank, actor: User, at: datetime) -> None:
    """Put the bank on sale. Idempotent. Raises: catalog.errors.CatalogError, NothingLeft."""
    put_on_sale(test_bank=test_bank, at=at)
    check_sellable(test_bank)
    record(kind=Kind.BANK_PUBLISHED, actor=actor, at=at, test_bank=test_bank)


@transaction.atomic
def withdraw_bank(*, test_bank: TestBank, actor: User, at: datetime) -> None:
    """Take the bank off sale; its owners keep it. Idempotent."""
    withdraw(test_bank=test_bank, at=at)
    record(kind=Kind.BANK_WITHDRAWN, actor=actor, at=at, test_bank=test_bank)


@transaction.atomic
def set_role(*, test_bank: TestBank, user: User, role: str, actor: User, at: datetime) -> None:
    """Give a member of staff a role in a bank, in place of the role they had. Idempotent."""
    BankRole.objects.update_or_create(test_bank=test_bank, user=user, defaults={"role": role})
    detail = {"who": user.email, "role": role}
    record(kind=Kind.ROLE_SET, actor=actor, at=at, test_bank=test_bank, **detail)


@transaction.atomic
def remove_role(*, role: BankRole, actor: User, at: datetime) -> None:
    """Take a role away."""
    detail = {"who": role.user.email, "role": role.role}
    record(kind=Kind.ROLE_REMOVED, actor=actor, at=at, test_bank=role.test_bank, **detail)
    role.delete()


def lock_banks(*banks: TestBank | None, question_ids: Collection[int] = ()) -> list[TestBank]:
    """Lock these banks and every bank that has one of the questions, always in the same order.

    Banks are locked before questions, everywhere: two edits would otherwise wait for each other.
    """
    wanted = Q(pk__in=[bank.pk for bank in banks if bank is not None])
    if question_ids:
        having = BankQuestion.objects.filter(question__in=list(question_ids))
        wanted |= Q(pk__in=having.values("test_bank"))
    return list(TestBank.objects.select_for_update().filter(wanted).order_by("pk"))


def check_sellable(*banks: TestBank) -> None:
    """Raise NothingLeft if one of the banks is on sale and would sell nothing.

    Call it after a change of a bank's questions, in its transaction. Everybody gets the samples,
    so a bank that costs money needs another question too.
    """
    for test_bank in banks:
        if not test_bank.is_on_sale:
            continue
        questions = test_bank.bank_questions.askable()
        sold = questions if test_bank.is_free else questions.filter(is_sample=False)
        if not sold.exists():
            raise NothingLeft(test_bank)


def next_position(test_bank: TestBank) -> int:
    """The position after the last question."""
    last = BankQuestion.objects.filter(test_bank=test_bank).order_by("-position").first()
    return last.position + 1 if last else 1
