"""How the site is served: `gunicorn testbank.wsgi`.

SQLite lets one write at a time, so one process of 8 threads serves it best; PostgreSQL
gets two processes of 4. A call to Stripe ends by its own deadline (at most 25 s), well
before a worker is thought dead.
"""

import os
from pathlib import Path

from testbank.environment import Environment

_environment = Environment.of_process(Path(__file__).resolve().parent)
_on_sqlite = _environment.text("DATABASE_URL", "sqlite:").startswith("sqlite:")

bind = os.environ.get("BIND", "127.0.0.1:8000")
worker_class = "gthread"
workers = 1 if _on_sqlite else 2
threads = 8 if _on_sqlite else 4
timeout = 60
graceful_timeout = 30
keepalive = 5
control_socket_disable = True
