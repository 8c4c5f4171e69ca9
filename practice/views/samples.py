"""The samples of a bank as a session, without an account. Nothing is stored.

What was answered so far travels in a signed field of the form, so that the score at the end is
counted from answers that the site graded.
"""

from dataclasses import dataclass
from decimal import Decimal

from django.core import signing
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_http_methods

from catalog.listing.bank_page import sample_version
from catalog.models import TestBank
from catalog.views.visits import count_sample_answer
from practice.results import rounded_percent
from practice.services.answering import as_decimal
from questions.grading import ResponseError, grade
from questions.rendering import PresentedItem, RevealedItem, present, reveal
from questions.response_parsing import draft_of, help_for, parse_response

SALT = "practice.samples"


@dataclass(frozen=True)
class SampleScore:
    """The shares of the points that the samples earned so far, each as text."""

    fractions: tuple[str, ...] = ()

    @classmethod
    def read(cls, sealed: str, *, slug: str) -> "SampleScore":
        """The score in a form; an empty one where it was changed or is of another bank."""
        try:
            fractions = signing.loads(sealed, salt=f"{SALT}.{slug}")
        except signing.BadSignature:
            return cls()
        return cls(tuple(fractions))

    def seal(self, *, slug: str) -> str:
        """The score as a signed text."""
        return signing.dumps(list(self.fractions), salt=f"{SALT}.{slug}")

    @property
    def points(self) -> Decimal:
        return sum(map(Decimal, self.fractions), Decimal(0))

    @property
    def answered(self) -> int:
        return len(self.fractions)


@require_http_methods(["GET", "HEAD", "POST"])
def samples(request: HttpRequest, slug: str) -> HttpResponse:
    """Ask one sample after the other, explain each, and show the score after the last."""
    test_bank = get_object_or_404(TestBank.objects.visible_to(request.user), slug=slug)
    if not test_bank.sample_count:
        raise Http404
    score = SampleScore.read(request.POST.get("score", ""), slug=slug)
    context: dict[str, object] = {"bank": test_bank, "total": test_bank.sample_count}
    if score.answered >= test_bank.sample_count:
        percent = rounded_percent(score.points, score.answered)
        return render(
            request, "practice/samples_result.html", context | {"score": score, "percent": percent}
        )
    item, score = _try(request, test_bank, score)
    if item.is_answered:
        count_sample_answer(request, slug=slug)
    position = score.answered + (not item.is_answered)
    context |= {
        "position": position,
        "item": item,
        "sealed": score.seal(slug=slug),
        "is_last": position == test_bank.sample_count,
        "stem_id": "stem",
    }
    return render(request, "practice/sample.html", context)


def _try(
    request: HttpRequest, test_bank: TestBank, score: SampleScore
) -> tuple[PresentedItem | RevealedItem, SampleScore]:
    """The next sample; graded, with the score that follows, once an answer was sent."""
    version = sample_version(test_bank, score.answered + 1)
    if version is None:
        raise Http404
    if request.method != "POST" or "check" not in request.POST:
        return present(version.item), score
    language = test_bank.language
    try:
        response = parse_response(request.POST)
        worth = grade(version.item, response, language=language)
    except ResponseError as error:
        return present(version.item, draft=draft_of(request.POST, problem=help_for(error))), score
    further = SampleScore((*score.fractions, str(as_decimal(worth.fraction))))
    return reveal(version.item, response, worth, language=language), further
