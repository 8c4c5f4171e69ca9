"""The one account that this sandbox keeps, and its balance.

Source: docs.stripe.com/api/accounts, docs.stripe.com/api/balance.
"""

from collections import Counter

from sandbox import disputes, payment_intents, refunds
from sandbox.store import Json, Transaction, new_id

PREFIX = "statement_descriptor_prefix"
SETTINGS: Json = {
    "branding": dict.fromkeys(("icon", "logo", "primary_color", "secondary_color")),
    "card_payments": dict.fromkeys((PREFIX, f"{PREFIX}_kana", f"{PREFIX}_kanji")),
    "dashboard": {"display_name": "Sandbox", "timezone": "Etc/UTC"},
    "payments": dict.fromkeys(
        ("statement_descriptor", "statement_descriptor_kana", "statement_descriptor_kanji")
    ),
}


def retrieve(transaction: Transaction) -> Json:
    """The account; its id is made once and stays with the state file."""
    row = transaction.row("SELECT id, created FROM account")
    if row is None:
        transaction.execute(
            "INSERT INTO account (id, created) VALUES (?, ?)", new_id("acct_1", 15), transaction.now
        )
        return retrieve(transaction)
    return {
        "id": row["id"],
        "object": "account",
        "business_profile": {"name": "Sandbox", "url": None},
        "charges_enabled": True,
        "country": "US",
        "created": row["created"],
        "default_currency": "usd",
        "details_submitted": True,
        "email": "sandbox@example.com",
        "payouts_enabled": False,
        "settings": SETTINGS,
        "type": "standard",
    }


def balance(transaction: Transaction) -> Json:
    """What was paid and not given back, by currency: pending, since nothing is ever paid out."""
    sums: Counter[str] = Counter()
    for intent in payment_intents.SHELF.all(transaction):
        sums[intent["currency"]] += intent["amount_received"]
    for refund in refunds.SHELF.all(transaction):
        if refund["status"] != "failed":
            sums[refund["currency"]] -= refund["amount"]
    for dispute in disputes.SHELF.all(transaction):
        for moved in dispute["balance_transactions"]:
            sums[dispute["currency"]] += moved["net"]
    amounts = dict(sums) or {"usd": 0}
    return {
        "object": "balance",
        "available": [amount_of(0, currency) for currency in amounts],
        "livemode": False,
        "pending": [amount_of(amount, currency) for currency, amount in amounts.items()],
    }


def amount_of(amount: int, currency: str) -> Json:
    """One line of the balance."""
    return {"amount": amount, "currency": currency, "source_types": {"card": amount}}
