"""The shop's PostgreSQL backend, telling of its commits."""
