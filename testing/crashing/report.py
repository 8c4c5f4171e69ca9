"""Run all crash tests on one database, and print a line for each result."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

from testing.crashing.shop import Shop, running_shop
from testing.crashing.trial import Point, Recovery, Trial, cut_off, recorded

RECOVERIES = tuple(Recovery)

Say = Callable[[str], object]


@dataclass(frozen=True, slots=True)
class Report:
    """The results. A problem names the trial and what is wrong with its outcome."""

    points: list[Point]
    trials: list[Trial]
    problems: list[str]


def crash_report(database: str, folder: Path, *, every_recovery: bool, say: Say) -> Report:
    """Record the points, kill at each, and recover: in every way, or in one way in turn."""
    with running_shop(database, folder) as shop:
        points, trials = recorded(shop)
        say(f"{database}: {_counted(points)}\n")
        asked = list(chain.from_iterable([one] * len(RECOVERIES) for one in points))
        for trial in cut_off(shop, asked if every_recovery else points, RECOVERIES):
            trials.append(trial)
            say(f"{database}: killed at {trial.point}; then {trial.recovery}\n")
        problems = _problems(shop, trials)
    killed = sum(trial.point is not None and trial.has_died for trial in trials)
    say(f"{database}: {len(points)} points found, killed {killed} times\n")
    for problem in problems:
        say(f"{database}: WRONG {problem}\n")
    return Report(points, trials, problems)


def _counted(points: Sequence[Point]) -> str:
    stages = Counter(point.stage for point in points)
    return f"{len(points)} points: " + ", ".join(f"{stages[name]} {name}" for name in stages)


def _problems(shop: Shop, trials: Sequence[Trial]) -> list[str]:
    """Return the problems of all trials after a final reconciliation."""
    ended = shop.reconcile()
    outcomes = shop.outcomes()
    found = [f"reconciliation: {ended.output}"] if ended.code else []
    for trial in trials:
        email = trial.buyer.email
        for problem in trial.problems(outcomes[email], shop.mails_sent(email)):
            found.append(f"{trial.point or 'uncut'}; then {trial.recovery}: {problem}")
    return found
