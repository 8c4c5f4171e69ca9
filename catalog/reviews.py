"""Reviews of banks: who may write one, what staff may do to them, and what pages show.

What a bank's row says of its reviews is written here, in the transaction that changes them.
"""

from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.db.models import Count, Sum

from accounts.models import User
from catalog.models import Access, Review, TestBank
from catalog.services import CatalogError

MOST_STARS = 5
ON_THE_BANKS_PAGE = 3
ON_A_PAGE = 10
# Nobody reads on that far; and a page is counted up to, so it must not be any number.
MOST_PAGES = 100


class NotAnOwner(CatalogError):
    """The person never had access to the bank, or sells it, so there is nothing to review."""

    def __init__(self, test_bank: TestBank) -> None:
        self.test_bank = test_bank
        super().__init__(test_bank.slug)


def may_review(*, learner: User, test_bank: TestBank) -> bool:
    """True for whoever has or had access, but for those who sell. One statement at most."""
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
    """Write the learner's review of the bank, or change the one that is there.

    Idempotent, also for two calls at once. A review that staff hid stays hidden.
    Raises: NotAnOwner; then nothing is kept.
    """
    if not may_review(learner=learner, test_bank=test_bank):
        raise NotAnOwner(test_bank)
    _queue_up(test_bank)
    content = {"stars": stars, "words": words, "author_name": author_name}
    review, is_new = Review.objects.get_or_create(
        learner=learner, test_bank=test_bank, defaults={**content, "written_at": at}
    )
    if not is_new and any(getattr(review, name) != value for name, value in content.items()):
        Review.objects.filter(pk=review.pk).update(**content, edited_at=at)
        review.refresh_from_db()
    _count(test_bank)
    return review


@transaction.atomic
def remove_review(*, learner: User, test_bank: TestBank) -> bool:
    """Take the learner's own review away for good; False where there is none. Idempotent."""
    _queue_up(test_bank)
    removed, _by_model = Review.objects.filter(learner=learner, test_bank=test_bank).delete()
    _count(test_bank)
    return bool(removed)


@transaction.atomic
def hide_review(*, review: Review, reason: str, at: datetime) -> bool:
    """Take a review from the page for a reason; False where it was hidden before.

    Idempotent: the first reason and time stay.
    """
    _queue_up(review.test_bank)
    shown = Review.objects.shown().filter(pk=review.pk)
    hidden = shown.update(hidden_at=at, hidden_reason=reason)
    _count(review.test_bank)
    return bool(hidden)


@transaction.atomic
def show_review(*, review: Review) -> bool:
    """Put a hidden review back; False where it is shown already. Idempotent."""
    _queue_up(review.test_bank)
    hidden = Review.objects.filter(pk=review.pk, hidden_at__isnull=False)
    shown = hidden.update(hidden_at=None, hidden_reason="")
    _count(review.test_bank)
    return bool(shown)


def reply_to_review(*, review: Review, reply: str, at: datetime) -> None:
    """Set the seller's answer below a review; no words take it away."""
    replied_at = at if reply else None
    Review.objects.filter(pk=review.pk).update(reply=reply, replied_at=replied_at)
    review.reply, review.replied_at = reply, replied_at


def _queue_up(test_bank: TestBank) -> None:
    """Let the writers of one bank's reviews follow one another, so that no count is lost.

    Without the key's lock, which whoever is granted access needs.
    """
    TestBank.objects.select_for_update(no_key=True).get(pk=test_bank.pk)


def _count(test_bank: TestBank) -> None:
    """Write into the bank's row what its reviews add up to, counted anew."""
    shown = Review.objects.shown().filter(test_bank=test_bank)
    counted = shown.aggregate(count=Count("pk"), sum=Sum("stars", default=0))
    test_bank.review_count, test_bank.review_sum = counted["count"], counted["sum"]
    test_bank.save(update_fields=["review_count", "review_sum"])


@dataclass(frozen=True)
class Tally:
    """How many gave so many stars; `percent` of all, whole."""

    stars: int
    count: int
    percent: int


def tally_of(test_bank: TestBank) -> list[Tally]:
    """The reviews by their stars, the most stars first. One statement."""
    shown = Review.objects.shown().filter(test_bank=test_bank)
    counts = dict(shown.values_list("stars").annotate(Count("pk")))
    total = sum(counts.values()) or 1
    return [
        Tally(stars, counts.get(stars, 0), round(100 * counts.get(stars, 0) / total))
        for stars in range(MOST_STARS, 0, -1)
    ]


@dataclass(frozen=True)
class ReviewPage:
    """Some reviews of a bank, the newest first, and the numbers of the pages beside them."""

    reviews: list[Review]
    number: int
    total: int
    before: int | None
    after: int | None


def page_of_reviews(
    test_bank: TestBank, number: int, *, size: int = ON_A_PAGE
) -> ReviewPage | None:
    """Page `number`, counted from 1, of what is shown; None past the last. One statement."""
    total = min(max(-(-test_bank.review_count // size), 1), MOST_PAGES)
    if not 1 <= number <= total:
        return None
    start = (number - 1) * size
    shown = Review.objects.shown().filter(test_bank=test_bank).order_by("-written_at", "-pk")
    return ReviewPage(
        reviews=list(shown[start : start + size]) if test_bank.review_count else [],
        number=number,
        total=total,
        before=number - 1 if number > 1 else None,
        after=number + 1 if number < total else None,
    )
