"""Loaded by pytest before Django: takes the machine's own settings out of the tests.

Proxies, CA bundles, a netrc file or a `.env` of the machine must not decide what a test
sees. TESTBANK_TEST_DATABASE_URL, which `testing/postgresql.py` sets, names the database.
"""

import os
import sys
import tempfile

NAMES = {
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
    "REQUESTS_CA_BUNDLE",
    "CURL_CA_BUNDLE",
    "NETRC",
    "DATABASE_URL",
    "SECRET_KEY",
    "DEBUG",
    "SITE_URL",
    "PYTHONDONTWRITEBYTECODE",
}
PREFIXES = ("STRIPE_", "EMAIL_", "TESTBANK_ENV", "DJANGO_")


def scrub_environment() -> None:
    """Remove variables that would change a test from this process and its children."""
    for name in list(os.environ):
        if name in NAMES or name.startswith(PREFIXES) or name.lower().endswith("_proxy"):
            del os.environ[name]
    if url := os.environ.get("TESTBANK_TEST_DATABASE_URL"):
        os.environ["DATABASE_URL"] = url
    os.environ["TESTBANK_ENV_FILE"] = "testing/test.env"
    os.environ["HOME"] = tempfile.gettempdir()
    # Without bytecode files, every child process compiles all modules and starts half as fast.
    sys.dont_write_bytecode = False


scrub_environment()
