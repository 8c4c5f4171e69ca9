"""The way to Stripe's page, and back from it without paying."""

import uuid
from typing import cast

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_POST

from accounts.models import User
from catalog.http import SeeOther
from catalog.models import TestBank
from catalog.services import claim_free_bank, live_access
from payments.domain.receipts import recipient_of
from payments.errors import AlreadyOwned, FreeBank, NotOnSale, NotPayable, PaymentUnderWay
from payments.flows.reminders import request_reminder
from payments.models import OpenCheckout, Order
from payments.monitoring.incidents import report_incident
from payments.querysets import PURCHASE
from payments.stripe_integration import StripeError, create_checkout_session
from payments.views.orders import own_order
from safety.rate_limits import CHECKOUT, REMINDER, rate_limited

RETRY_AFTER_SECONDS = 60
REFUSALS = {
    AlreadyOwned: gettext_lazy("You already own this test bank. You have not been charged."),
    NotOnSale: gettext_lazy("This test bank is no longer for sale. You have not been charged."),
    NotPayable: gettext_lazy(
        "You can't buy this test bank right now because our payment service does not accept its "
        "price. The seller needs to correct the price. You have not been charged."
    ),
}


@require_POST
def checkout(request: HttpRequest, slug: str) -> HttpResponse:
    """Redirect the buyer to Stripe's page for this bank; a stranger to sign-up first."""
    test_bank = get_object_or_404(TestBank, slug=slug)
    # Everybody may see a bank on sale, so most requests need no second query.
    if not (test_bank.is_on_sale or _is_visible(request, test_bank)):
        raise Http404
    if not isinstance(request.user, User):
        query = urlencode({"next": reverse("payments:confirm_purchase", args=[slug])})
        return SeeOther(f"{reverse('account_signup')}?{query}")
    return _buy(request, test_bank, request.user)


@rate_limited(CHECKOUT)
def _buy(request: HttpRequest, test_bank: TestBank, learner: User) -> HttpResponse:
    detail = reverse("catalog:detail", args=[test_bank.slug])
    try:
        session = create_checkout_session(test_bank, learner, request)
    except (AlreadyOwned, NotOnSale, NotPayable) as refusal:
        messages.info(request, REFUSALS[type(refusal)])
        return SeeOther(detail)
    except FreeBank:
        claim_free_bank(learner=learner, test_bank=test_bank, at=timezone.now())
        messages.success(request, _("This test bank is now yours, free of charge."))
        return SeeOther(detail)
    except PaymentUnderWay as under_way:
        return SeeOther(reverse("payments:success", args=[under_way.order.pk]))
    except StripeError as error:
        return _unavailable(request, test_bank, error)
    return SeeOther(session.url)


@login_required
@require_GET
def confirm_purchase(request: HttpRequest, slug: str) -> HttpResponse:
    """Go on with a purchase after sign-up: show the price, and ask once more.

    Nothing is bought by following a link: the button is a POST of this browser.
    """
    visible = TestBank.objects.visible_to(request.user).select_related("category")
    test_bank = get_object_or_404(visible, slug=slug)
    owned = live_access(learner=cast(User, request.user), test_bank=test_bank, at=timezone.now())
    if owned or not test_bank.is_on_sale:
        return redirect("catalog:detail", slug=slug)
    return render(request, "payments/confirm_purchase.html", {"test_bank": test_bank})


def _is_visible(request: HttpRequest, test_bank: TestBank) -> bool:
    return TestBank.objects.visible_to(request.user).filter(pk=test_bank.pk).exists()


def _unavailable(request: HttpRequest, test_bank: TestBank, error: StripeError) -> HttpResponse:
    """Show the page for an error in the call to Stripe: what happened, and what to do next."""
    checkout = OpenCheckout.objects.filter(
        learner=request.user.pk, test_bank=test_bank, mode=settings.STRIPE_MODE
    )
    incident = report_incident(
        error,
        subject=f"{PURCHASE}bank={test_bank.slug} by user={request.user.pk}",
        order=Order.objects.filter(open_checkout__in=checkout).first(),
        at=timezone.now(),
    )
    context = {
        "test_bank": test_bank,
        "incident": incident,
        # Only the worker checks whether payment works again.
        "offers_reminder": settings.WORKER,
    }
    response = render(request, "payments/unavailable.html", context, status=503)
    response["Retry-After"] = str(RETRY_AFTER_SECONDS)
    return response


@login_required
@require_POST
@rate_limited(REMINDER)
def remind(request: HttpRequest, slug: str) -> HttpResponse:
    """Send this buyer a mail when payment works again."""
    order = get_object_or_404(
        Order.objects.visible_to(request.user),
        open_checkout__test_bank__slug=slug,
        mode=settings.STRIPE_MODE,
    )
    request_reminder(order=order, at=timezone.now())
    if order.session_id:
        # An earlier attempt led to Stripe's page, where the buyer may have paid.
        words = _("We will email %(email)s when payments work again.")
    else:
        words = _("We will email %(email)s when payments work again. You have not been charged.")
    messages.success(request, words % {"email": recipient_of(order)})
    return redirect("catalog:detail", slug=slug)


@login_required
@require_GET
def cancelled(request: HttpRequest, order_id: uuid.UUID) -> HttpResponse:
    """Lead a buyer who left Stripe's page back to the bank."""
    order = own_order(request, order_id)
    if order.is_settled:
        # Paid in another tab.
        return redirect("payments:success", order_id=order.pk)
    line = order.lines.select_related("test_bank").first()
    messages.info(request, _("You have not been charged. You can still buy this test bank later."))
    return (
        redirect("catalog:detail", slug=line.test_bank.slug) if line else redirect("catalog:list")
    )
