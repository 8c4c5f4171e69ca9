"""Bar charts by day or month."""

from collections.abc import Sequence
from datetime import date

# How many bars leave room for a figure over each, and how many labels fit a narrow screen.
MOST_WITH_FIGURES, LABELS = 14, 6


class BarChart:
    """A chart with a bar for each period; `bars` has the period, its figures and the height."""

    bars: Sequence[tuple[date, object, int]]

    @property
    def is_dense(self) -> bool:
        """True for too many bars to write a figure over each."""
        return len(self.bars) > MOST_WITH_FIGURES

    @property
    def label_every(self) -> int:
        """The distance between two bars with a label, in bars."""
        return len(self.bars) // LABELS if self.is_dense else 1
