"""Who may open which page of the desk.

Every view names its permission: `desk_page` for pages of the whole desk, `bank_page` for pages
of one bank. Django's permission opens all banks; a role opens its own bank.
"""

from collections.abc import Callable, Collection
from functools import wraps
from typing import Any, cast

from django.core.exceptions import PermissionDenied
from django.db.models import Count, OuterRef, Subquery
from django.db.models.functions import Coalesce
from django.http import Http404, HttpRequest, HttpResponse, HttpResponsePermanentRedirect
from django.shortcuts import get_object_or_404
from django.urls import reverse

from accounts.models import User
from accounts.staff import staff_only
from catalog.models import BankQuestion, TestBank
from catalog.querysets import TestBankQuerySet
from studio.models import BankRole, QuestionReport

View = Callable[..., HttpResponse]

VIEW_BANK = "catalog.view_testbank"
ADD_BANK = "catalog.add_testbank"
CHANGE_BANK = "catalog.change_testbank"
EDIT_QUESTIONS = "catalog.change_bankquestion"
VIEW_ORDERS = "payments.view_order"
VIEW_ACCESS = "catalog.view_access"
GRANT_ACCESS = "catalog.add_access"
CHANGE_ACCESS = "catalog.change_access"
# The states of questions that authors may change.
WRITABLE_BY_AUTHORS = frozenset({BankQuestion.State.DRAFT, BankQuestion.State.REVIEW})
# What no group has as such: whoever may change the bank, and its reviewers.
PUBLISH_QUESTIONS = "studio.publish_questions"

ROLE_PERMISSIONS = {
    BankRole.Role.AUTHOR: frozenset({VIEW_BANK, EDIT_QUESTIONS}),
    BankRole.Role.REVIEWER: frozenset({VIEW_BANK, EDIT_QUESTIONS, PUBLISH_QUESTIONS}),
}


def user_of(request: HttpRequest) -> User:
    """Return the signed-in user of a page that only staff can open."""
    return cast(User, request.user)


def banks_for(user: User) -> TestBankQuerySet:
    """Select the banks that this person may see at the desk."""
    if user.has_perm(VIEW_BANK):
        return TestBank.objects.all()
    return TestBank.objects.filter(roles__user=user)


def open_report_count() -> Coalesce:
    """The number of a bank's open reports from learners, as part of a query of banks."""
    reports = QuestionReport.objects.filter(
        test_bank=OuterRef("pk"), state=QuestionReport.State.OPEN
    )
    counted = reports.order_by().values("test_bank").annotate(count=Count("pk"))
    return Coalesce(Subquery(counted.values("count")), 0)


def may(user: User, permission: str, test_bank: TestBank) -> bool:
    """Return True if the person has the permission for this bank, by Django or by a role."""
    if permission == PUBLISH_QUESTIONS and user.has_perm(CHANGE_BANK):
        return True
    if user.has_perm(permission):
        return True
    role = BankRole.objects.filter(user=user, test_bank=test_bank).first()
    return role is not None and permission in ROLE_PERMISSIONS[BankRole.Role(role.role)]


def locked_questions(user: User, question_ids: Collection[int]) -> set[int]:
    """Of these questions, those whose content this person may not change. One statement.

    What is published is changed by those who may publish, in every bank that has the question:
    its content is the same in all of them.
    """
    if user.has_perm(CHANGE_BANK):
        return set()
    reviewed = BankRole.objects.filter(user=user, role=BankRole.Role.REVIEWER)
    published = BankQuestion.objects.filter(question__in=question_ids).exclude(
        state__in=WRITABLE_BY_AUTHORS
    )
    elsewhere = published.exclude(test_bank__in=reviewed.values("test_bank"))
    return set(elsewhere.values_list("question_id", flat=True))


def _present_address(request: HttpRequest, slug: str, more: dict[str, Any]) -> HttpResponse:
    """Redirect a page of a bank that has another slug now. Raises: Http404."""
    if request.method not in {"GET", "HEAD"}:
        raise Http404
    present = get_object_or_404(banks_for(user_of(request)), former_slugs__slug=slug)
    name = request.resolver_match.view_name if request.resolver_match else ""
    return HttpResponsePermanentRedirect(reverse(name, kwargs={**more, "slug": present.slug}))


def desk_page(permission: str) -> Callable[[View], View]:
    """Decorate a page of the whole desk: staff with the permission; 403 for other staff."""

    def decorate(view: View) -> View:
        @wraps(view)
        def checked(request: HttpRequest, **kwargs: Any) -> HttpResponse:
            if not user_of(request).has_perm(permission):
                raise PermissionDenied
            return view(request, **kwargs)

        return staff_only(checked)

    return decorate


def bank_page(permission: str) -> Callable[[View], View]:
    """Decorate a page of one bank: the view gets the bank in place of its slug.

    404 for a bank that the person does not work on, 403 without the permission. A former slug
    redirects to the present one.
    """

    def decorate(view: View) -> View:
        @wraps(view)
        def checked(request: HttpRequest, slug: str, **kwargs: Any) -> HttpResponse:
            user = user_of(request)
            banks = banks_for(user).select_related("category")
            # The number stands in the navigation of every page of the bank.
            banks = banks.annotate(open_reports=open_report_count())
            test_bank = banks.filter(slug=slug).first()
            if test_bank is None:
                return _present_address(request, slug, kwargs)
            if not may(user, permission, test_bank):
                raise PermissionDenied
            return view(request, test_bank, **kwargs)

        return staff_only(checked)

    return decorate
