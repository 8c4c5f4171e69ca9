"""Why a backup cannot be made, read or restored."""


class BackupError(Exception):
    """The message says what is wrong and what to do, in a sentence for the operator."""
