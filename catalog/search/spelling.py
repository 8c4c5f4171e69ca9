"""Words that somebody may have meant who typed one that occurs nowhere.

Works alike on both databases: words that share the most groups of three letters are
compared letter by letter.
"""

from collections.abc import Iterable, Sequence

from django.db.models import Count

from catalog.models import SearchTrigram, SearchWord
from catalog.search.words import Term

SHORTEST = 4
LONGEST = 30
CANDIDATES = 40


def trigrams(word: str) -> set[str]:
    """The groups of three letters of a word; its beginning and end count as letters."""
    framed = f"^{word}$"
    return {framed[place : place + 3] for place in range(len(framed) - 2)}


def remember(text: str, words: Iterable[tuple[str, str]]) -> None:
    """Keep words, pairs of the folded and the shown form, as occurring in texts of this kind."""
    wanted = {
        folded: shown
        for folded, shown in words
        if SHORTEST <= len(folded) <= LONGEST and folded.isalpha()
    }
    of_kind = SearchWord.objects.filter(text=text)
    known = set(of_kind.filter(word__in=list(wanted)).values_list("word", flat=True))
    fresh = sorted(wanted.keys() - known)
    SearchWord.objects.bulk_create(
        (SearchWord(text=text, word=word, shown=wanted[word][:60]) for word in fresh),
        500,
        ignore_conflicts=True,
    )
    SearchTrigram.objects.bulk_create(
        (
            SearchTrigram(trigram=trigram, word_id=pk)
            for pk, word in of_kind.filter(word__in=fresh).values_list("pk", "word")
            for trigram in sorted(trigrams(word))
        ),
        500,
        ignore_conflicts=True,
    )


def corrected(text: str, terms: Sequence[Term]) -> tuple[tuple[Term, ...], str]:
    """The terms with the unknown ones replaced by the nearest known, and how to show them.

    The same terms come back where nothing is near. Two statements for each unknown term.
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
    """How many letters must be added, dropped, changed or swapped with their neighbour.

    Optimal string alignment: no part is changed twice.
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
