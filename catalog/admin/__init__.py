"""The catalog's part of the admin, registered by being imported."""

from catalog.admin import access, banks, questions, reviews

__all__ = ["access", "banks", "questions", "reviews"]
