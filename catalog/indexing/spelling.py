"""Remember the words of all texts, so that search can correct mistyped ones."""

from collections.abc import Iterable

from catalog.models import SearchTrigram, SearchWord

SHORTEST = 4
LONGEST = 30
BATCH_SIZE = 500


def trigrams(word: str) -> set[str]:
    """The groups of three letters in a word; its beginning and end count as letters."""
    framed = f"^{word}$"
    return {framed[place : place + 3] for place in range(len(framed) - 2)}


def remember_words(text: str, words: Iterable[tuple[str, str]]) -> None:
    """Store words, pairs of the folded and the written form, of texts of this kind. Idempotent."""
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
        BATCH_SIZE,
        ignore_conflicts=True,
    )
    SearchTrigram.objects.bulk_create(
        (
            SearchTrigram(trigram=trigram, word_id=pk)
            for pk, word in of_kind.filter(word__in=fresh).values_list("pk", "word")
            for trigram in sorted(trigrams(word))
        ),
        BATCH_SIZE,
        ignore_conflicts=True,
    )
