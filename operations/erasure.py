"""Erase a person: name and addresses go from everything but the books."""

from dataclasses import dataclass, field
from datetime import datetime

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession
from django.db import transaction

from accounts.models import AccountFreeze, UsedTimeStep, User
from catalog.models import Access, Review
from catalog.reviews import remove_review
from outbox.models import BouncedAddress, OutgoingMail
from payments.models import Order
from practice.models import Attempt, Note, Preferences, Preset
from safety.models import SecurityEvent
from safety.security_log import Kind, record_event
from studio.models import QuestionReporter


@dataclass
class Erasure:
    """What was deleted, and what was kept and why, by name."""

    deleted: dict[str, int] = field(default_factory=dict)
    kept: dict[str, tuple[int, str]] = field(default_factory=dict)


@transaction.atomic
def erase_person(*, user: User, at: datetime) -> Erasure:
    """Delete what names a person, and close the account. Idempotent.

    Orders keep the address that they were placed with, because the books must be complete.
    Attempts and answers stay without a name: they are what questions are improved by.
    """
    erasure = Erasure()
    addresses = {
        user.email,
        *EmailAddress.objects.filter(user=user).values_list("email", flat=True),
    }
    reviews = list(Review.objects.filter(learner=user).select_related("test_bank"))
    for review in reviews:
        remove_review(learner=user, test_bank=review.test_bank)
    erasure.deleted["reviews"] = len(reviews)
    rows = {
        "email addresses": EmailAddress.objects.filter(user=user),
        "second factors": Authenticator.objects.filter(user=user),
        "sessions": UserSession.objects.filter(user=user),
        "freezes": AccountFreeze.objects.filter(user=user),
        "used codes": UsedTimeStep.objects.filter(user=user),
        "emails": OutgoingMail.objects.filter(recipient__in=addresses),
        "bounced addresses": BouncedAddress.objects.filter(address__in=addresses),
        "security log": SecurityEvent.objects.filter(user=user),
        "notes": Note.objects.filter(learner=user),
        "question reports": QuestionReporter.objects.filter(learner=user),
        "practice settings": Preset.objects.filter(learner=user),
        "preferences": Preferences.objects.filter(learner=user),
    }
    for name, queryset in rows.items():
        erasure.deleted[name] = queryset.delete()[0]
    _close_account(user)
    orders = Order.objects.filter(user=user).count()
    erasure.kept["orders"] = (
        orders,
        "accounting records, with the email address used for each order",
    )
    accesses = Access.objects.filter(learner=user).count()
    erasure.kept["access records"] = (accesses, "accounting records, without an email address")
    attempts = Attempt.objects.filter(learner=user).count()
    erasure.kept["attempts"] = (attempts, "question statistics, without a name")
    record_event(kind=Kind.ERASED, user_id=user.pk, address=None, at=at)
    return erasure


def _close_account(user: User) -> None:
    """The password is part of the hash that every session carries, so all of them end."""
    user.email = f"erased-{user.public_id}@erased.invalid"
    user.name = ""
    user.is_active = user.is_staff = user.is_superuser = False
    user.set_unusable_password()
    user.save()
    user.groups.clear()
    user.user_permissions.clear()
