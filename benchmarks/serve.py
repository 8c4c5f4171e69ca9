"""Serve the application of a module as `manage.py serve` does: `python -m benchmarks.serve MODULE`.

The bare site has none of the shop's commands, and must run on the same server.
"""

import importlib
import os
import sys

from testbank.server import serve

THREADS = 8

if __name__ == "__main__":
    application = importlib.import_module(sys.argv[1]).application
    serve(application, bind=os.environ["BIND"], threads=THREADS)
