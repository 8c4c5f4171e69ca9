"""What full-text search looks through: words of banks and questions, folded and in order.

The rows repeat what stands elsewhere and can be made anew (`catalog.search.index`). On
SQLite an FTS5 table follows each of the two tables by triggers; on PostgreSQL a generated
column holds the vector (migration `0006_full_text`).
"""

from django.db import models


class SearchText(models.Model):
    """The words of one text, joined by blanks: those of its title count more."""

    title = models.TextField()
    body = models.TextField()

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return self.title


class BankText(SearchText):
    """The words of a bank that is on sale; `read_at` is when they were read from it."""

    test_bank = models.OneToOneField(
        "catalog.TestBank", on_delete=models.CASCADE, primary_key=True, related_name="search_text"
    )
    read_at = models.DateTimeField()


class QuestionText(SearchText):
    """The words of a question in its bank; `title` is the word that stands for the bank.

    What stands here may be seen before answering: the stem and the choices.
    """

    bank_question = models.OneToOneField(
        "catalog.BankQuestion",
        on_delete=models.CASCADE,
        primary_key=True,
        related_name="search_text",
    )


class SearchWord(models.Model):
    """A word that occurs, for those who mistype it. `shown` is how an author spelt it."""

    text = models.CharField(max_length=10)
    word = models.CharField(max_length=60)
    shown = models.CharField(max_length=60)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["text", "word"], name="catalog_search_word_once")
        ]

    def __str__(self) -> str:
        return self.word


class SearchTrigram(models.Model):
    """Three letters of a word that follow each other; words of a like spelling share many."""

    trigram = models.CharField(max_length=3)
    word = models.ForeignKey(SearchWord, on_delete=models.CASCADE, related_name="trigrams")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["trigram", "word"], name="catalog_search_trigram_once")
        ]

    def __str__(self) -> str:
        return self.trigram
