"""What pages show of a bank's reviews."""

from dataclasses import dataclass

from catalog.models import Review, TestBank
from catalog.models.review import MOST_STARS

REVIEWS_A_PAGE = 10
# Pages are found by OFFSET, so their number must be bounded.
MOST_PAGES = 100


@dataclass(frozen=True)
class Tally:
    """How many reviews gave so many stars; `percent` is whole."""

    stars: int
    count: int
    percent: int


def tally_of(test_bank: TestBank) -> list[Tally]:
    """The reviews by their stars, the most stars first, as the bank's row has them."""
    counts = test_bank.review_tally or [0] * MOST_STARS
    total = sum(counts) or 1
    return [
        Tally(stars, counts[stars - 1], round(100 * counts[stars - 1] / total))
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


def review_page(
    test_bank: TestBank, number: int, *, size: int = REVIEWS_A_PAGE
) -> ReviewPage | None:
    """Read page `number`, counted from 1; None past the last. One statement."""
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
