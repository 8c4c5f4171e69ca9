"""See `testing.crashing.commits`."""

from testbank.postgresql import base
from testing.crashing.commits import TellsOfCommits


class DatabaseWrapper(TellsOfCommits, base.DatabaseWrapper):
    """One connection."""
