"""Find the words that somebody meant who typed one that occurs nowhere.

Works alike on both databases: the words that share the most trigrams are compared letter by
letter.
"""

from collections.abc import Sequence

from django.db.models import Count

from catalog.indexing.spelling import LONGEST, SHORTEST, trigrams
from catalog.indexing.words import Term
from catalog.models import SearchTrigram, SearchWord

CANDIDATES = 40


def corrected(text: str, terms: Sequence[Term]) -> tuple[tuple[Term, ...], str]:
    """Replace unknown terms by the nearest known ones; also return how to show them.

    Returns the same terms if nothing is near. Two statements for each unknown term.
    """
    better = [_known_or_nearest(text, term) for term in terms]
    return tuple(term for term, _ in better), " ".join(shown for _, shown in better)


def _known_or_nearest(text: str, term: Term) -> tuple[Term, str]:
    of_kind = SearchWord.objects.filter(text=text)
    is_known = of_kind.filter(
        **{"word__startswith" if term.is_prefix else "word": term.folded}
    ).exists()
    if is_known or not SHORTEST <= len(term.folded) <= LONGEST:
        return term, term.folded
    sharing = (
        SearchTrigram.objects.filter(trigram__in=trigrams(term.folded), word__text=text)
        .values_list("word__word", "word__shown")
        .annotate(shared=Count("pk"))
        .order_by("-shared", "word__word")[:CANDIDATES]
    )
    allowed = 1 if len(term.folded) <= 5 else 2
    near = [
        (slips, -shared, word, shown)
        for word, shown, shared in sharing
        if (slips := distance(term.folded, word)) <= allowed
    ]
    if not near:
        return term, term.folded
    _slips, _shared, word, shown = min(near)
    return Term(word), shown


def distance(first: str, second: str) -> int:
    """The optimal string alignment distance of two words.

    Counts the letters to add, drop, change or swap with the next one; no part changes twice.
    """
    before: list[int] = []
    row = list(range(len(second) + 1))
    for place, letter in enumerate(first, start=1):
        before, last, row = row, before, [place]
        for other, wanted in enumerate(second, start=1):
            cost = min(before[other] + 1, row[-1] + 1, before[other - 1] + (letter != wanted))
            swapped = place > 1 and other > 1 and letter == second[other - 2]
            if swapped and first[place - 2] == wanted:
                cost = min(cost, last[other - 2] + 1)
            row.append(cost)
    return row[-1]
