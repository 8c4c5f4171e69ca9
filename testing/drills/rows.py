"""The rows of a site's database, read through `manage.py shell`."""

import json
from typing import Any

from testing.site import Site

HASHES = """
import json
from operations.row_hashes import table_hashes
print("rows", json.dumps({each.table: [each.rows, each.digest] for each in table_hashes(using="default")}))
"""
DIGESTS = """
import json
from django.apps import apps
from operations.row_hashes import row_digests
model = apps.get_model("{label}")
print("rows", json.dumps({{str(key): digest for key, digest in row_digests(model, using="default")}}))
"""
SESSIONS = """
import json
from payments.models import Order
paid = Order.objects.filter(paid_at__isnull=False)
print("rows", json.dumps(dict.fromkeys(paid.values_list("session_id", flat=True))))
"""


def hashes_of(site: Site) -> dict[str, list[int | str]]:
    """Return the number of rows and the checksum of each table."""
    return {table: [rows, digest] for table, (rows, digest) in _printed(site, HASHES).items()}


def digests_of(site: Site, label: str) -> dict[str, str]:
    """Return the checksum of each row of a model, such as `practice.Answer`, by its key."""
    return {key: str(digest) for key, digest in _printed(site, DIGESTS.format(label=label)).items()}


def paid_sessions(site: Site) -> set[str]:
    """Return the Stripe sessions of paid orders."""
    return set(_printed(site, SESSIONS))


def _printed(site: Site, code: str) -> dict[str, Any]:
    done = site.manage("shell", stdin=code)
    line = next((each for each in done.stdout.splitlines() if "rows {" in each), "")
    assert line, done.stderr
    found: dict[str, Any] = json.loads(line[line.index("{") :])
    return found
