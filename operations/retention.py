"""How long each table with personal data keeps it, and the job that deletes.

`DELETED` has the tables whose rows go after a time, `KEPT` the others with the reason. A model that
stands in neither fails a test.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from allauth.usersessions.models import UserSession
from django.conf import settings
from django.contrib.sessions.models import Session
from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone

from accounts.freezing import NO_ADDRESS_DOMAIN
from accounts.models import AccountFreeze
from catalog.models import DailyVisits
from outbox.models import BouncedAddress, OutgoingMail
from payments.models import Incident, Order, StripeEvent
from questions.services import delete_staged
from safety.models import SecurityEvent
from safety.rate_limits import delete_expired

Old = Callable[[datetime], QuerySet[Any]]

BATCH_SIZE = 1000


@dataclass(frozen=True)
class Rule:
    """Rows that are deleted `days` after they ended."""

    model: str
    days: Callable[[], int]
    old: Old


RULES = (
    Rule("sessions.Session", lambda: 0, lambda at: Session.objects.filter(expire_date__lt=at)),
    Rule(
        "usersessions.UserSession",
        # As long as a session lasts; its row outlives a session that was never signed out.
        lambda: settings.SESSION_COOKIE_AGE // 86_400,
        lambda at: UserSession.objects.filter(last_seen_at__lt=at),
    ),
    Rule(
        "outbox.OutgoingMail",
        lambda: settings.KEEP_MAIL_DAYS,
        lambda at: OutgoingMail.objects.filter(Q(sent_at__lt=at) | Q(given_up_at__lt=at)),
    ),
    Rule(
        "outbox.BouncedAddress",
        lambda: settings.KEEP_MAIL_DAYS,
        lambda at: BouncedAddress.objects.filter(at__lt=at),
    ),
    Rule(
        "payments.StripeEvent",
        lambda: settings.KEEP_STRIPE_EVENT_DAYS,
        # What nobody has looked at stays.
        lambda at: StripeEvent.objects.filter(
            status__in=StripeEvent.HANDLED, handled_at__lt=at, received_at__lt=at
        ),
    ),
    Rule(
        "payments.Order",
        lambda: settings.KEEP_UNPAID_ORDER_DAYS,
        # A session can be paid for a day, and a bank debit arrives within weeks.
        lambda at: Order.objects.filter(paid_at=None, created_at__lt=at),
    ),
    Rule(
        "payments.Incident",
        lambda: settings.KEEP_INCIDENT_DAYS,
        lambda at: Incident.objects.filter(at__lt=at),
    ),
    Rule(
        "catalog.DailyVisits",
        lambda: settings.KEEP_VISIT_DAYS,
        lambda at: DailyVisits.objects.filter(day__lt=timezone.localdate(at)),
    ),
    Rule(
        "safety.SecurityEvent",
        lambda: settings.KEEP_SECURITY_LOG_DAYS,
        lambda at: SecurityEvent.objects.filter(at__lt=at),
    ),
    Rule(
        "accounts.AccountFreeze",
        lambda: settings.KEEP_SECURITY_LOG_DAYS,
        # An account without an address can be restored only while its freeze is known.
        lambda at: AccountFreeze.objects.filter(until__lt=at).exclude(
            user__email__endswith=f"@{NO_ADDRESS_DOMAIN}"
        ),
    ),
)
# Deleted by `delete_expired`, when their time is over.
EXPIRING = {"safety.RateLimitCounter", "safety.CacheEntry"}

ACCOUNT = "part of the account, until the person is erased"
LEARNING = "what the person learned, until the person is erased"
BOOKS = "the books: tax law wants them kept"
STAFF = "who changed what: the record of the shop"
NOBODY = "says nothing about a person"
KEPT = {
    "accounts.User": ACCOUNT,
    "accounts.UsedTimeStep": ACCOUNT,
    "accounts.User_groups": ACCOUNT,
    "accounts.User_user_permissions": ACCOUNT,
    "account.EmailAddress": ACCOUNT,
    "account.EmailConfirmation": ACCOUNT,
    "mfa.Authenticator": ACCOUNT,
    "catalog.Access": BOOKS,
    "catalog.Review": LEARNING,
    "practice.*": LEARNING,
    "payments.*": BOOKS,
    "studio.QuestionReporter": LEARNING,
    "studio.*": STAFF,
    "admin.LogEntry": STAFF,
    "auth.*": NOBODY,
    "catalog.*": NOBODY,
    "contenttypes.*": NOBODY,
    "operations.*": NOBODY,
    "outbox.Lease": NOBODY,
    "questions.*": NOBODY,
}


def delete_old(*, at: datetime) -> int:
    """Delete what is older than its rule says, a batch of each table, and return how many rows."""
    expired = delete_expired(at=at) + delete_staged(at=at)
    return expired + sum(_delete_batch(rule, at=at) for rule in RULES)


@transaction.atomic
def _delete_batch(rule: Rule, *, at: datetime) -> int:
    old = rule.old(at - timedelta(days=rule.days()))
    # Lock the rows, so that one that changes meanwhile, such as an order that is paid, stays.
    keys = list(old.select_for_update().values_list("pk", flat=True)[:BATCH_SIZE])
    deleted, _by_model = old.model._default_manager.filter(pk__in=keys).delete()
    return int(deleted)


def reason_to_keep(label: str) -> str:
    """Return why rows of a model are not deleted with time; "" if that is not settled."""
    return KEPT.get(label) or KEPT.get(f"{label.partition('.')[0]}.*", "")
