"""All rows, in the order in which a call meets their faults."""

from e2e.fault_matrix import open_ways, routes, proxies, ways, answers  # noqa: F401, I001 - each brings its rows
from e2e.fault_matrix.row import ROWS

__all__ = ["ROWS"]
