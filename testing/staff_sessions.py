"""Sessions of staff for tests: signed in, with a second factor shown."""

import time

from allauth.mfa.models import Authenticator
from django.test import Client

from accounts.models import User
from accounts.staff import ACTIVATED_FACTOR


def sign_in_staff(client: Client, user: User) -> Client:
    """Sign in, as if the code of the user's authenticator had just been entered."""
    factor, _is_new = Authenticator.objects.get_or_create(
        user=user, type=Authenticator.Type.TOTP, defaults={"data": {}}
    )
    client.force_login(user)
    session = client.session
    session[ACTIVATED_FACTOR] = {"id": factor.pk, "at": time.time()}
    session.save()
    return client
