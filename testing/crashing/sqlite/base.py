"""See `testing.crashing.commits`."""

from testbank.sqlite import base
from testing.crashing.commits import TellsOfCommits


class DatabaseWrapper(TellsOfCommits, base.DatabaseWrapper):
    """One connection."""
