"""The state file: an older one is brought into its new form, with all that it remembers."""

import sqlite3
from pathlib import Path

from sandbox.tests.conftest import Shop, client_of
from testing.sandbox import running_sandbox
from testing.waiting import wait_until

# As the first form of the file was made, in the parts that have changed since.
FIRST_FORM = """
CREATE TABLE payment_intent (id TEXT PRIMARY KEY, body TEXT NOT NULL);
INSERT INTO payment_intent VALUES ('pi_old', '{"id": "pi_old", "created": 5, "currency": "usd",
    "object": "payment_intent", "amount_received": 700}');
CREATE TABLE event (sequence INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE,
    created INTEGER NOT NULL, type TEXT NOT NULL, body TEXT NOT NULL);
INSERT INTO event VALUES (1, 'evt_old', 4000000000, 'checkout.session.completed',
    '{"id": "evt_old", "object": "event", "created": 4000000000, "api_version": "x"}');
CREATE TABLE delivery (sequence INTEGER PRIMARY KEY AUTOINCREMENT,
    event_id TEXT NOT NULL REFERENCES event (id), attempts INTEGER NOT NULL DEFAULT 0,
    next_attempt_at REAL, delivered INTEGER NOT NULL DEFAULT 0, last_outcome TEXT);
INSERT INTO delivery (event_id, next_attempt_at) VALUES ('evt_old', 5);
"""


def test_first_form_is_brought_up_to_date(tmp_path: Path, shop: Shop) -> None:
    connection = sqlite3.connect(tmp_path / "sandbox.sqlite3")
    connection.executescript(FIRST_FORM)
    connection.close()
    for _ in range(2):
        with running_sandbox(tmp_path, tls=False, webhook_url=shop.url) as running:
            client = client_of(running)
            assert client.v1.payment_intents.retrieve("pi_old").amount_received == 700
            wait_until(lambda: shop.received)
    assert len(shop.received) == 1
