"""The way to Stripe and back without paying, and the webhook. Orders stand in `order_views.py`."""

import logging
import uuid

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
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_GET, require_POST

from accounts.models import User
from catalog.models import TestBank
from catalog.services import claim_free_bank
from payments.errors import AlreadyOwned, FreeBank, NotOnSale, PaymentUnderWay
from payments.monitoring.incidents import report_incident
from payments.models import OpenCheckout, Order
from payments.views.orders import own_order
from payments.flows.reminders import ask_for_reminder
from payments.responses import SeeOther
from payments.stripe.client import BadWebhook, verified_event
from payments.stripe_integration import StripeError, create_checkout_session
from payments.flows.webhook_inbox import receive_event

logger = logging.getLogger("payments.views")

RETRY_AFTER_SECONDS = 60


REFUSALS = {
    AlreadyOwned: gettext_lazy("This test bank is yours already. Nothing was charged."),
    NotOnSale: gettext_lazy("This test bank is no longer sold. Nothing was charged."),
}


@require_POST
def checkout(request: HttpRequest, slug: str) -> HttpResponse:
    """Send the buyer to Stripe's page for this bank; a stranger to sign-up first."""
    test_bank = get_object_or_404(TestBank, slug=slug)
    # What is on sale everybody sees: most buyers need no second question.
    if not (test_bank.is_on_sale or _may_see(request, test_bank)):
        raise Http404
    detail = reverse("catalog:detail", args=[slug])
    if not isinstance(request.user, User):
        return SeeOther(f"{reverse('account_signup')}?{urlencode({'next': detail})}")
    try:
        session = create_checkout_session(test_bank, request.user, request)
    except (AlreadyOwned, NotOnSale) as refusal:
        messages.info(request, REFUSALS[type(refusal)])
        return SeeOther(detail)
    except FreeBank:
        claim_free_bank(learner=request.user, test_bank=test_bank, at=timezone.now())
        messages.success(request, _("This test bank is yours now. It costs nothing."))
        return SeeOther(detail)
    except PaymentUnderWay as under_way:
        return SeeOther(reverse("payments:success", args=[under_way.order.pk]))
    except StripeError as error:
        return _unavailable(request, test_bank, error)
    return SeeOther(session.url)


def _may_see(request: HttpRequest, test_bank: TestBank) -> bool:
    return TestBank.objects.visible_to(request.user).filter(pk=test_bank.pk).exists()


def _unavailable(request: HttpRequest, test_bank: TestBank, error: StripeError) -> HttpResponse:
    """The page for a fault on the way to Stripe: what happened, what is safe, what next."""
    checkout = OpenCheckout.objects.filter(
        learner=request.user.pk, test_bank=test_bank, mode=settings.STRIPE_MODE
    )
    incident = report_incident(
        error,
        subject=f"purchase of bank={test_bank.slug} by user={request.user.pk}",
        order=Order.objects.filter(open_checkout__in=checkout).first(),
        at=timezone.now(),
    )
    context = {
        "test_bank": test_bank,
        "incident": incident,
        # Only the worker looks whether payment works again.
        "offers_reminder": settings.WORKER,
    }
    response = render(request, "payments/unavailable.html", context, status=503)
    response["Retry-After"] = str(RETRY_AFTER_SECONDS)
    return response


@login_required
@require_POST
def remind(request: HttpRequest, slug: str) -> HttpResponse:
    """Write to this buyer once payment works again."""
    order = get_object_or_404(
        Order.objects.visible_to(request.user),
        open_checkout__test_bank__slug=slug,
        mode=settings.STRIPE_MODE,
    )
    ask_for_reminder(order=order, at=timezone.now())
    if order.session_id:
        # An earlier try led to Stripe's page, where the buyer may have paid.
        words = _("We will write to %(email)s as soon as payment works again.")
    else:
        words = _("We will write to %(email)s as soon as payment works again. Nothing was charged.")
    messages.success(request, words % {"email": order.email})
    return redirect("catalog:detail", slug=slug)


@login_required
@require_GET
def cancelled(request: HttpRequest, order_id: uuid.UUID) -> HttpResponse:
    """The buyer turned back on Stripe's page: to the bank again, with a word of comfort."""
    order = own_order(request, order_id)
    if order.is_settled:
        # Paid in another tab: its own page says how it stands.
        return redirect("payments:success", order_id=order.pk)
    line = order.lines.select_related("test_bank").first()
    messages.info(request, _("You have not been charged. You can buy whenever you like."))
    return (
        redirect("catalog:detail", slug=line.test_bank.slug) if line else redirect("catalog:list")
    )


@csrf_exempt
@require_POST
def webhook(request: HttpRequest) -> HttpResponse:
    """Stripe's events. 200 once the event is kept and handled; 400 for what is not signed.

    A fault on our side answers 500, so that Stripe sends the event again.
    """
    if not settings.STRIPE_WEBHOOK_SECRETS:
        logger.error("an event came, but STRIPE_WEBHOOK_SECRET is not set; it was not accepted")
        return HttpResponse("no webhook secret is set", status=503, content_type="text/plain")
    signature = request.META.get("HTTP_STRIPE_SIGNATURE", "")
    try:
        event = verified_event(request.body, signature, settings.STRIPE_WEBHOOK_SECRETS)
    except BadWebhook as error:
        logger.warning("a webhook was refused: %s", error)
        return HttpResponse("refused", status=400, content_type="text/plain")
    receive_event(event=event, body=request.body, at=timezone.now())
    return HttpResponse("kept", content_type="text/plain")
