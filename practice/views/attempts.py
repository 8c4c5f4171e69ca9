"""Load the attempt of a request, and answer what every page of it has to."""

import uuid
from collections.abc import Iterable
from datetime import datetime
from typing import cast

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.http import urlencode

from accounts.models import User
from catalog.http import SeeOther
from catalog.listing.owned_banks import OwnedBank, owned_banks
from catalog.models import Access, TestBank
from practice.clock import GRACE
from practice.models import Attempt
from practice.services import finish_overdue_attempt


def learner_of(request: HttpRequest) -> User:
    """The user of a page that requires one."""
    return cast(User, request.user)


def get_attempt(request: HttpRequest, attempt_id: uuid.UUID, *, at: datetime) -> Attempt:
    """The user's attempt, ended if its time is up. One statement. Raises: Http404."""
    attempts = Attempt.objects.visible_to(learner_of(request))
    attempt = get_object_or_404(attempts.with_bank(), pk=attempt_id)
    if attempt.is_overdue(at - GRACE):
        finish_overdue_attempt(attempt=attempt)
    return attempt


def live_banks(attempt: Attempt, *, at: datetime) -> frozenset[int]:
    """The banks of the attempt that its learner can open. One statement."""
    live = Access.objects.live(at).filter(
        learner=attempt.learner_id, test_bank__in=_banks_of(attempt)
    )
    return frozenset(live.values_list("test_bank", flat=True))


def ended_banks(attempt: Attempt, *, learner: User, at: datetime) -> list[OwnedBank]:
    """The banks of the attempt that its learner can no longer open, by title. One statement."""
    banks = _banks_of(attempt)
    owned = owned_banks(learner, at=at)
    return [one for one in owned if one.ended and one.test_bank.pk in banks]


def renewable_banks(attempt: Attempt, ended: Iterable[OwnedBank]) -> list[TestBank]:
    """The attempt's banks if the access to each expired and each is on sale; otherwise none."""
    expired = [one.test_bank for one in ended if one.ended == "expired"]
    on_sale = [bank for bank in expired if bank.is_on_sale]
    return on_sale if len(on_sale) == len(_banks_of(attempt)) else []


def _banks_of(attempt: Attempt) -> set[int]:
    return set(attempt.bank_ids) if attempt.test_bank_id is None else {attempt.test_bank_id}


def sign_in(*, next_url: str) -> HttpResponse:
    """Redirect to the sign-in page. `next_url` must answer GET, as a sign-in ends with one."""
    return SeeOther(f"{reverse('account_login')}?{urlencode({'next': next_url})}")


def question_url(attempt: Attempt, position: int) -> str:
    return reverse("practice:question", args=[attempt.pk, position])


def result_url(attempt_id: uuid.UUID) -> str:
    return reverse("practice:result", args=[attempt_id])


def finish_url(attempt_id: uuid.UUID) -> str:
    return reverse("practice:finish", args=[attempt_id])
