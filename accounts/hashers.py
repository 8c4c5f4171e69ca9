"""Password hashing."""

from django.contrib.auth.hashers import Argon2PasswordHasher


class Argon2id(Argon2PasswordHasher):
    """Argon2id in 19 MB. Django's default of 100 MB, times eight threads, is a way to stop a site.

    Source: OWASP Password Storage Cheat Sheet, minimum configuration.
    """

    time_cost = 2
    memory_cost = 19_456
    parallelism = 1
