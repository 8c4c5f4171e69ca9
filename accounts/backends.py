"""Who is signed in: allauth's backend, which finds its person by a statement that is written out."""

from allauth.account.auth_backends import AuthenticationBackend

from accounts.models import User
from delivery.reading import columns_of, instance_of, rows_of

READ = f"""
SELECT {columns_of(User, "person")} FROM {User._meta.db_table} person WHERE person.id = %s
"""  # noqa: S608 - names of our own


class Backend(AuthenticationBackend):  # type: ignore[misc] # allauth is untyped
    """allauth's own way to sign in, by e-mail address."""

    def get_user(self, user_id: int) -> User | None:
        """The person of a session; None where they are gone or shut out."""
        rows = rows_of(READ, [user_id])
        user = instance_of(User, rows[0]) if rows else None
        return user if user and self.user_can_authenticate(user) else None
