"""What apps above the catalog ask of it."""

from catalog.errors import CatalogError, NotFree, NothingToAsk, PriceNotPossible
from catalog.services.access import (
    claim_free_bank,
    expiry,
    grant_access,
    grant_by_staff,
    live_access,
    revoke_access,
    withhold_access,
)
from catalog.services.publishing import put_on_sale, withdraw

__all__ = [
    "CatalogError",
    "NotFree",
    "NothingToAsk",
    "PriceNotPossible",
    "claim_free_bank",
    "expiry",
    "grant_access",
    "grant_by_staff",
    "live_access",
    "put_on_sale",
    "revoke_access",
    "withdraw",
    "withhold_access",
]
