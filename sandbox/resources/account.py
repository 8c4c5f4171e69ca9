"""The sandbox's one account, and its balance.

Source: docs.stripe.com/api/accounts, docs.stripe.com/api/balance.
"""

from collections import Counter

from sandbox.resources import disputes, payment_intents, refunds
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
    """Return the account. Its id is created once per state file."""
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
    """Return the balance by currency. All of it is pending, since nothing is ever paid out."""
    totals: Counter[str] = Counter()
    for intent in payment_intents.TABLE.all(transaction):
        totals[intent["currency"]] += intent["amount_received"]
    for refund in refunds.TABLE.all(transaction):
        if refund["status"] != "failed":
            totals[refund["currency"]] -= refund["amount"]
    for dispute in disputes.TABLE.all(transaction):
        for balance_transaction in dispute["balance_transactions"]:
            totals[dispute["currency"]] += balance_transaction["net"]
    amounts = dict(totals) or {"usd": 0}
    return {
        "object": "balance",
        "available": [balance_amount(0, currency) for currency in amounts],
        "livemode": False,
        "pending": [balance_amount(amount, currency) for currency, amount in amounts.items()],
    }


def balance_amount(amount: int, currency: str) -> Json:
    return {"amount": amount, "currency": currency, "source_types": {"card": amount}}
