"""How one metric moved, as arrays: what the charts over time draw and files of figures hold.

Made by ``lib.live.trend`` from rows and traces; drawn by ``lib.charts``. Holds numbers, computes none.
"""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from lib.stats.results import Bools, Floats

READING, DAILY = "reading", "daily figure from PostHog"  # what a row is, in words
STEP = 1.25  # widths of stretches grow by this factor, so that the rows kept change seldom


@dataclass(frozen=True, slots=True, kw_only=True)
class Movement:
    """One row a moment, oldest first, one column an arm, the baseline first; NaN where there is no number.

    ``at`` POSIX seconds, shape (T,). Shape (T, K): lift, low, high, single_low, single_high (fractions of the
    baseline, which has none itself), evidence, evidence_now, single_evidence (0..1), rate (the arm's value: rate
    or mean), n (cumulative visitors), share (0..1 of all visitors). Shape (T,): balance_p (0..1, valid at every
    look), is_daily (the row is a point of PostHog's daily series, not a reading of the day).
    """

    keys: tuple[str, ...]
    at: Floats
    lift: Floats
    low: Floats
    high: Floats
    single_low: Floats
    single_high: Floats
    evidence: Floats
    evidence_now: Floats
    single_evidence: Floats
    rate: Floats
    n: Floats
    share: Floats
    balance_p: Floats
    is_daily: Bools

    def __len__(self) -> int:
        """Number of moments."""
        return len(self.at)

    def rows(self, rows: slice | NDArray[np.intp]) -> Movement:
        """The same with only some of its moments."""
        return Movement(keys=self.keys, **{name: getattr(self, name)[rows] for name in COLUMNS})

    def since(self, at: float) -> Movement:
        """The moments from ``at`` (POSIX seconds) on."""
        return self.rows(slice(int(np.searchsorted(self.at, at)), None))

    def later_part(self, share: float) -> Movement:
        """The moments of the last ``share`` (0..1) of the time shown."""
        if not len(self):
            return self
        return self.since(float(self.at[-1] - share * (self.at[-1] - self.at[0])))

    def at_most(self, points: int) -> Movement:
        """About ``points`` moments at most: the first of each stretch of time, and the newest.

        Which ones are kept hardly depends on the rows that are still to come, so that a line drawn stays.
        """
        if len(self) <= points:
            return self
        width = STEP ** np.ceil(np.log((self.at[-1] - self.at[0]) / (points - 2)) / np.log(STEP))
        is_first = np.diff(np.floor(self.at / width), prepend=-np.inf) > 0
        is_first[-1] = True
        return self.rows(np.flatnonzero(is_first))

    def place(self, key: str) -> int:
        """The column of an arm."""
        return self.keys.index(key)


BY_ARM = (
    *("lift", "low", "high", "single_low", "single_high"),
    *("evidence", "evidence_now", "single_evidence", "rate", "n", "share"),
)
COLUMNS = tuple(field.name for field in fields(Movement) if field.name != "keys")


def nothing(keys: tuple[str, ...]) -> Movement:
    """A movement without a moment."""
    shapes = {name: (0, len(keys)) if name in BY_ARM else (0,) for name in COLUMNS}
    empty = {name: np.empty(shape) for name, shape in shapes.items()}
    return Movement(keys=keys, **empty | {"is_daily": np.empty(0, dtype=bool)})  # type: ignore[arg-type]  # one of them is of booleans


def broken(moved: Movement, gaps: tuple[tuple[float, float], ...]) -> Movement:
    """With an empty moment a second after the begin of each gap (POSIX seconds), so that lines break there."""
    breaks = np.array([first + 1.0 for first, _ in gaps if len(moved) and first >= moved.at[0]])
    if not breaks.size:
        return moved
    where = np.searchsorted(moved.at, breaks)
    columns = {name: np.insert(getattr(moved, name), where, np.nan, axis=0) for name in FLOATS}
    columns["at"] = np.insert(moved.at, where, breaks)
    is_daily = np.insert(moved.is_daily, where, False)  # a value of the array
    return Movement(keys=moved.keys, is_daily=is_daily, **columns)


FLOATS = tuple(name for name in COLUMNS if name not in {"at", "is_daily"})
