"""Write, remove, hide, show and answer reviews.

The bank's row repeats how many reviews are shown and their sum of stars. Each function updates
it in the transaction that changes a review.
"""

from datetime import datetime

from django.db import transaction
from django.db.models import Count

from accounts.models import User
from catalog import page_cache
from catalog.errors import NotAnOwner
from catalog.models import Access, Review, TestBank
from catalog.models.review import MOST_STARS


def may_review(*, learner: User, test_bank: TestBank) -> bool:
    """True for everybody who has or had access, except staff. One statement at most."""
    if learner.is_staff:
        return False
    return Access.objects.of(learner).filter(test_bank=test_bank).exists()


@transaction.atomic
def write_review(
    *,
    learner: User,
    test_bank: TestBank,
    stars: int,
    words: str,
    author_name: str,
    at: datetime,
) -> Review:
    """Write the learner's review of the bank, or change the existing one.

    Idempotent, also for two calls at once. A review that staff hid stays hidden.
    Raises: NotAnOwner; nothing is stored then.
    """
    if not may_review(learner=learner, test_bank=test_bank):
        raise NotAnOwner(test_bank)
    _lock(test_bank)
    content = {"stars": stars, "words": words, "author_name": author_name}
    review, is_new = Review.objects.get_or_create(
        learner=learner, test_bank=test_bank, defaults={**content, "written_at": at}
    )
    if not is_new and any(getattr(review, name) != value for name, value in content.items()):
        Review.objects.filter(pk=review.pk).update(**content, edited_at=at)
        review.refresh_from_db()
    _update_totals(test_bank)
    return review


@transaction.atomic
def remove_review(*, learner: User, test_bank: TestBank) -> bool:
    """Delete the learner's own review; False if there is none. Idempotent."""
    _lock(test_bank)
    removed, _by_model = Review.objects.filter(learner=learner, test_bank=test_bank).delete()
    _update_totals(test_bank)
    return bool(removed)


@transaction.atomic
def hide_review(*, review: Review, reason: str, at: datetime) -> bool:
    """Hide a review for a reason; False if it was hidden before.

    Idempotent: the first reason and time stay.
    """
    _lock(review.test_bank)
    shown = Review.objects.shown().filter(pk=review.pk)
    hidden = shown.update(hidden_at=at, hidden_reason=reason)
    _update_totals(review.test_bank)
    return bool(hidden)


@transaction.atomic
def show_review(*, review: Review) -> bool:
    """Show a hidden review again; False if it is shown already. Idempotent."""
    _lock(review.test_bank)
    hidden = Review.objects.filter(pk=review.pk, hidden_at__isnull=False)
    shown = hidden.update(hidden_at=None, hidden_reason="")
    _update_totals(review.test_bank)
    return bool(shown)


def reply_to_review(*, review: Review, reply: str, at: datetime) -> None:
    """Set the seller's reply to a review; an empty one removes it."""
    replied_at = at if reply else None
    Review.objects.filter(pk=review.pk).update(reply=reply, replied_at=replied_at)
    review.reply, review.replied_at = reply, replied_at
    page_cache.clear_on_commit()


def _lock(test_bank: TestBank) -> None:
    """Lock the bank's row, so that concurrent writers of reviews lose no count.

    FOR NO KEY UPDATE: granting access locks the key share of the same row, and must not wait.
    """
    TestBank.objects.select_for_update(no_key=True).get(pk=test_bank.pk)


def _update_totals(test_bank: TestBank) -> None:
    shown = Review.objects.shown().filter(test_bank=test_bank)
    counts = dict(shown.values_list("stars").annotate(Count("pk")).order_by())
    test_bank.review_tally = [counts.get(stars, 0) for stars in range(1, MOST_STARS + 1)]
    test_bank.review_count = sum(counts.values())
    test_bank.review_sum = sum(stars * count for stars, count in counts.items())
    mean_in_hundredths = 100 * test_bank.review_sum / max(test_bank.review_count, 1)
    test_bank.rating = round(mean_in_hundredths)
    test_bank.save(update_fields=["review_tally", "review_count", "review_sum", "rating"])
    page_cache.clear_on_commit()
