"""The catalog's part of the admin, registered by being imported."""

from catalog.admin import access, banks, legal, questions, reviews

__all__ = ["access", "banks", "legal", "questions", "reviews"]
