"""Errors of the catalog, one class for each reason."""

from catalog.models import TestBank


class CatalogError(Exception):
    """Base of the catalog's errors."""


class BankError(CatalogError):
    """Base of errors about one bank."""

    def __init__(self, test_bank: TestBank) -> None:
        self.test_bank = test_bank
        super().__init__(test_bank.slug)


class NotFree(BankError):
    """The bank costs money or is not on sale, so nobody can claim it."""


class NothingToAsk(BankError):
    """The bank has no question that can be asked, so it cannot go on sale."""


class PriceNotPossible(BankError):
    """Stripe would refuse the bank's price. `problem` is the rule, for the seller to read."""

    def __init__(self, test_bank: TestBank, problem: str) -> None:
        self.problem = problem
        super().__init__(test_bank)


class NotAnOwner(BankError):
    """The person never had access to the bank, or sells it, so cannot review it."""


class SlugTaken(BankError):
    """Another bank has this slug, or had it and still answers to it."""
