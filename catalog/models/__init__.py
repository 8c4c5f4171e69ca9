"""What is for sale and who may open it. Questions themselves are in `questions`."""

from catalog.models.access import Access
from catalog.models.bank import BankChange, BankKind, BankQuestion, Category, FormerSlug, TestBank
from catalog.models.legal import LegalPage
from catalog.models.review import Review
from catalog.models.search import BankText, QuestionText, SearchTrigram, SearchWord
from catalog.models.visits import DailyVisits

__all__ = [
    "Access",
    "BankChange",
    "BankKind",
    "BankQuestion",
    "BankText",
    "Category",
    "DailyVisits",
    "FormerSlug",
    "LegalPage",
    "QuestionText",
    "Review",
    "SearchTrigram",
    "SearchWord",
    "TestBank",
]
