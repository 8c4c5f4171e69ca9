"""Who is signed in: allauth's backend, which finds its person by a statement that is written out."""

from allauth.account.auth_backends import AuthenticationBackend

from accounts.models import User

READ = f"SELECT * FROM {User._meta.db_table} WHERE id = %s"  # noqa: S608 - a table's name


class Backend(AuthenticationBackend):  # type: ignore[misc] # allauth is untyped
    """allauth's own way to sign in, by e-mail address."""

    def get_user(self, user_id: int) -> User | None:
        """The person of a session; None where they are gone or shut out."""
        user = next(iter(User.objects.raw(READ, [user_id])), None)
        return user if user and self.user_can_authenticate(user) else None
