"""The result of reading a file: items, and problems by line."""

from dataclasses import dataclass, field

from questions.items import Item


@dataclass(frozen=True)
class Problem:
    """One fault of a file. `line` counts from 1; the text says what to write instead."""

    line: int
    text: str
    is_error: bool = True


@dataclass
class ReadFile:
    """The items and problems of a file. If `errors` is not empty, nothing may be stored."""

    items: list[Item] = field(default_factory=list)
    lines: list[int] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)

    @property
    def errors(self) -> list[Problem]:
        """The problems that stop an import."""
        return [problem for problem in self.problems if problem.is_error]

    @property
    def warnings(self) -> list[Problem]:
        """The problems that do not stop an import."""
        return [problem for problem in self.problems if not problem.is_error]
