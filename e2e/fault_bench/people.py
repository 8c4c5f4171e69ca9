"""Banks to sell and learners who are signed in, made inside of the site under test.

`python -m e2e.fault_bench.people LEARNERS`: a line with the key of each one's session.
"""

import sys
from datetime import timedelta

from e2e.fault_bench.schedule import BANKS


def slug(bank: int) -> str:
    """The name of a bank in addresses."""
    return f"bench-{bank}"


def main(learners: int) -> None:
    """Make all of them; written in bulk, because signing in two hundred people takes minutes."""
    from django.conf import settings
    from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
    from django.contrib.auth.hashers import make_password
    from django.contrib.sessions.backends.db import SessionStore
    from django.contrib.sessions.models import Session
    from django.utils import timezone

    from accounts.models import User
    from catalog.models import Category, TestBank

    category = Category.objects.create(slug="bench", title="Bench")
    for bank in range(BANKS):
        TestBank.objects.create(
            slug=slug(bank),
            title=f"Bench {bank}",
            category=category,
            price_minor=999 + 1000 * bank,
            status=TestBank.Status.PUBLISHED,
        )
    users = User.objects.bulk_create(
        User(email=f"learner{number}@example.org", password=make_password(None))
        for number in range(learners)
    )
    store, ends = SessionStore(), timezone.now() + timedelta(days=1)
    sessions = [
        Session(
            session_key=store._get_new_session_key(),  # type: ignore[attr-defined] # Django's own way to make one
            session_data=store.encode(
                {
                    SESSION_KEY: str(user.pk),
                    BACKEND_SESSION_KEY: settings.AUTHENTICATION_BACKENDS[-1],
                    HASH_SESSION_KEY: user.get_session_auth_hash(),
                }
            ),
            expire_date=ends,
        )
        for user in users
    ]
    Session.objects.bulk_create(sessions)
    for session in sessions:
        sys.stdout.write(f"{session.session_key}\n")


if __name__ == "__main__":
    import django

    django.setup()
    main(int(sys.argv[1]))
