"""Django's SQLite backend with a write lock per process: see `base.py`."""
