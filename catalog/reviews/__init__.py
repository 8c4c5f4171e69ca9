"""Reviews of banks: writing and moderating them, and what pages show of them."""

from catalog.reviews.services import (
    hide_review,
    may_review,
    remove_review,
    reply_to_review,
    show_review,
    write_review,
)

__all__ = [
    "hide_review",
    "may_review",
    "remove_review",
    "reply_to_review",
    "show_review",
    "write_review",
]
