"""What full-text search looks through: words of banks and questions, folded and in order.

`catalog.indexing.search_text` can write all rows anew. On SQLite triggers copy both tables
into FTS5 tables; on PostgreSQL a generated column holds the vector (migration
`0006_full_text`).
"""

from django.db import models


class SearchText(models.Model):
    """The words of one text, joined by spaces. Those of the title weigh more."""

    title = models.TextField()
    body = models.TextField()

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return self.title


class BankText(SearchText):
    """The words of a bank on sale; `read_at` is when they were read from it."""

    test_bank = models.OneToOneField(
        "catalog.TestBank", on_delete=models.CASCADE, primary_key=True, related_name="search_text"
    )
    read_at = models.DateTimeField()


class QuestionText(SearchText):
    """The words of a question in its bank: its stem and choices, never its key.

    `title` is the word that stands for the bank.
    """

    bank_question = models.OneToOneField(
        "catalog.BankQuestion",
        on_delete=models.CASCADE,
        primary_key=True,
        related_name="search_text",
    )


class SearchWord(models.Model):
    """A word that occurs, for spelling correction. `shown` is how an author wrote it."""

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
    """Three consecutive letters of a word. Words of similar spelling share many."""

    trigram = models.CharField(max_length=3)
    word = models.ForeignKey(SearchWord, on_delete=models.CASCADE, related_name="trigrams")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["trigram", "word"], name="catalog_search_trigram_once")
        ]

    def __str__(self) -> str:
        return self.trigram
