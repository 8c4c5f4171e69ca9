"""Points at which a process can be killed: recorded when they are reached.

The site's processes and the tests share the folder in CRASHING: `reached` has a line for each
point, `armed` is the point at which to kill, and `died` exists once that happened. A file lock
serializes the processes.
"""

import fcntl
import json
import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True, order=True)
class Moment:
    """A point: `when` of `what`, such as before the commit of a function.

    `nth` counts from 0 how often it was reached before in the same stage.
    """

    what: str
    when: str
    nth: int = 0


@dataclass(frozen=True, slots=True)
class Watch:
    """The shared folder."""

    folder: Path

    def reach(self, what: str, when: str) -> None:
        """Record the point; if it is armed, kill this process."""
        with self._counting():
            with (self.folder / "reached").open("a", encoding="utf-8") as reached:
                reached.write(json.dumps([what, when]) + "\n")
            if not self._is_armed(what, when):
                return
            (self.folder / "armed").unlink()
            (self.folder / "died").touch()
            os.kill(os.getpid(), signal.SIGKILL)

    def arm(self, moment: Moment) -> None:
        """Kill the next process that reaches the point."""
        (self.folder / "died").unlink(missing_ok=True)
        (self.folder / "armed").write_text(json.dumps(asdict(moment)), encoding="utf-8")

    def disarm(self) -> bool:
        """Kill no process anymore; return whether one was killed."""
        with self._counting():
            (self.folder / "armed").unlink(missing_ok=True)
        return (self.folder / "died").exists()

    def take_reached(self) -> list[tuple[str, str]]:
        """Return and forget the points that were reached, in order."""
        path = self.folder / "reached"
        with self._counting():
            lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
            path.unlink(missing_ok=True)
        return [(what, when) for what, when in map(json.loads, lines)]

    def _is_armed(self, what: str, when: str) -> bool:
        """Return True at the armed point; count down if it is to be reached again."""
        try:
            moment = Moment(**json.loads((self.folder / "armed").read_text(encoding="utf-8")))
        except FileNotFoundError:
            return False
        if (what, when) != (moment.what, moment.when):
            return False
        if moment.nth:
            self._count_down(moment)
        return not moment.nth

    def _count_down(self, moment: Moment) -> None:
        left = asdict(moment) | {"nth": moment.nth - 1}
        (self.folder / "armed").write_text(json.dumps(left), encoding="utf-8")

    @contextmanager
    def _counting(self) -> Iterator[None]:
        with (self.folder / "lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield
