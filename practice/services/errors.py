"""The reasons why a learner cannot practice."""

from datetime import datetime


class PracticeError(Exception):
    """Base of the reasons why a learner cannot practice."""


class NoAccess(PracticeError):
    """The learner has no live access to the bank, or no longer has it."""


class NothingToAsk(PracticeError):
    """No question fits what was asked for."""


class NoSuchAttempt(PracticeError):
    """The attempt does not exist or belongs to another learner."""


class NoSuchPosition(PracticeError):
    """The attempt has no question at that position."""


class AttemptFinished(PracticeError):
    """The attempt has ended, so it takes no more answers."""


class AttemptPaused(PracticeError):
    """The attempt is paused, so it takes no answers until it is resumed."""


class CannotPause(PracticeError):
    """The learner chose to take this exam without pauses."""


class NoExam(PracticeError):
    """The bank has no blueprint, or one that its questions cannot fill."""


class TooManyNewQuestions(PracticeError):
    """The learner opened too many new questions of a bank within an hour.

    `until` is when the next new one can be opened.
    """

    def __init__(self, until: datetime) -> None:
        self.until = until
        super().__init__("too many new questions in an hour")
