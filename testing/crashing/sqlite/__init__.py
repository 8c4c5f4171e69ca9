"""The shop's SQLite backend, telling of its commits."""
