"""The one account that this sandbox keeps, and its balance.

Source: docs.stripe.com/api/accounts, docs.stripe.com/api/balance.
"""

import json

from sandbox.parameters import record
from sandbox.store import Json, Transaction, new_id

PARAMETERS = record({})
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
    """What was paid, by currency: all of it pending, since nothing is ever paid out."""
    received: dict[str, int] = {}
    for row in transaction.execute("SELECT body FROM payment_intent"):
        intent = json.loads(row["body"])
        received.setdefault(intent["currency"], 0)
        received[intent["currency"]] += intent["amount_received"]
    amounts = received or {"usd": 0}
    return {
        "object": "balance",
        "available": [amount_of(0, currency) for currency in amounts],
        "livemode": False,
        "pending": [amount_of(amount, currency) for currency, amount in amounts.items()],
    }


def amount_of(amount: int, currency: str) -> Json:
    """One line of the balance."""
    return {"amount": amount, "currency": currency, "source_types": {"card": amount}}
