"""What can go wrong at the desk, one class for each reason."""

from catalog.models import BankQuestion, TestBank
from questions.models import QuestionVersion


class StudioError(Exception):
    """Base of the desk's errors."""


class TooManySamples(StudioError):
    """All questions of the bank would be samples, and nothing would be left to sell."""

    def __init__(self, test_bank: TestBank) -> None:
        self.test_bank = test_bank
        super().__init__(test_bank.slug)


class NothingLeft(StudioError):
    """A bank on sale would have nothing that a buyer does not get as a sample."""

    def __init__(self, test_bank: TestBank) -> None:
        self.test_bank = test_bank
        super().__init__(test_bank.slug)


class NothingToUndo(StudioError):
    """It was undone before."""


class PublishedElsewhere(StudioError):
    """Questions would change in other banks, which published them and are not this person's."""

    def __init__(self, count: int) -> None:
        self.count = count
        super().__init__(f"{count} questions")


class NotWaiting(StudioError):
    """Somebody accepted the import or threw it away before."""


class AlreadyThere(StudioError):
    """The bank has this question; `place` is where."""

    def __init__(self, place: BankQuestion) -> None:
        self.place = place
        super().__init__(str(place))


class EditConflict(StudioError):
    """Somebody else saved the question meanwhile; `current` is what they saved."""

    def __init__(self, current: QuestionVersion) -> None:
        self.current = current
        super().__init__(str(current))


class ReportClosed(StudioError):
    """Somebody closed the report before."""


class NothingToRegrade(StudioError):
    """The answers were graded by this version before, or the question has no earlier version."""


class StepNotPossible(StudioError):
    """The question is in another state by now; `state` is the one it is in."""

    def __init__(self, state: str) -> None:
        self.state = state
        super().__init__(state)
