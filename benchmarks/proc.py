"""CPU time and memory of process trees, from Linux's /proc."""

from collections.abc import Iterable, Iterator
from pathlib import Path

PROC = Path("/proc")
NANOSECONDS = 1e-9
KILOBYTES_A_MEGABYTE = 1024


def tree(pid: int) -> Iterator[int]:
    """Yield a process and all its descendants."""
    yield pid
    for child in _children(pid):
        yield from tree(child)


def cpu_seconds(pids: Iterable[int]) -> float:
    """CPU time of the living threads of these processes and their descendants.

    From `schedstat`, in nanoseconds: the ticks in `stat` are 10 ms each, half of what a
    database process uses in a round.
    """
    return sum(_thread_seconds(thread) for pid in pids for thread in _threads(pid))


def proportional_megabytes(pid: int) -> float:
    """Memory of a process and its descendants (PSS: what they share counts once)."""
    return sum(_pss_kilobytes(member) for member in tree(pid)) / KILOBYTES_A_MEGABYTE


def _children(pid: int) -> list[int]:
    found: list[int] = []
    for path in (PROC / str(pid) / "task").glob("*/children"):
        found += map(int, path.read_text().split())
    return found


def _threads(pid: int) -> Iterator[Path]:
    for member in tree(pid):
        yield from (PROC / str(member) / "task").iterdir()


def _thread_seconds(thread: Path) -> float:
    try:
        return int((thread / "schedstat").read_text().split()[0]) * NANOSECONDS
    except (FileNotFoundError, ProcessLookupError):  # the thread ended after it was listed
        return 0.0


def _pss_kilobytes(pid: int) -> int:
    lines = (PROC / str(pid) / "smaps_rollup").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("Pss:"))
