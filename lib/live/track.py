"""One metric as the tracker knows it: its watch, its newest snapshot and a short memory of how it moved."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields
from datetime import UTC, datetime, timedelta

import numpy as np

from lib.experiments.model import Snapshot, Variant
from lib.stats.forecast import visitors_per_day
from lib.stats.results import Floats, Series
from lib.stats.series import parted, rows_of, series_of
from lib.stats.watch import Watch, rows_to_keep

MEMORY_S = 8 * 86_400.0  # enough for a trailing week
MOST_COURSE = 120
MOST_TO_KEEP = 20_000  # while nothing can be kept


class Track:
    """A watch with its newest snapshot; ``extend`` feeds both the watch and the memory.

    ``ahead``: rows kept of moments after the snapshot; they are fed when a snapshot passes them. There are some
    when another process keeps a row meanwhile, or when the source goes back to an earlier moment: the end of a test
    that was set late, a server whose clock was set back.
    """

    def __init__(self, watch: Watch, snapshot: Snapshot, ahead: Series) -> None:
        self.watch = watch
        self.snapshot = snapshot
        self._ahead = ahead
        self.to_keep: tuple[datetime, ...] = ()  # rows that carry the evidence, not protected yet
        self._series: Series | None = None
        self._evidence = np.empty((0, 2))
        self._course = np.empty((0, 2))

    def extend(self, series: Series) -> None:
        """Feed newer rows."""
        trace = self.watch.extend(series)
        fresh_moments = (datetime.fromtimestamp(at, UTC) for at in rows_to_keep(trace))
        self.to_keep = (*self.to_keep, *fresh_moments)[-MOST_TO_KEEP:]
        self._series = series if self._series is None else joined(self._series, series)
        self._series = _tail(self._series, MEMORY_S)
        if trace.evidence.size:
            best = np.nanmax(np.where(np.isnan(trace.evidence), 0.0, trace.evidence), axis=1)
            fresh = np.column_stack([trace.as_of, best])
            self._evidence = np.vstack([self._evidence, fresh])[-5000:]
            self._course = _coarser(np.vstack([self._course, fresh]))

    def go_on(self, snapshot: Snapshot, variants: Sequence[Variant]) -> None:
        """Feed a newer snapshot, and before it the rows that it passes."""
        fresh = series_of([snapshot], variants)
        passed, self._ahead = parted(self._ahead, snapshot.as_of)
        before = rows_of(passed, np.flatnonzero(passed.as_of < fresh.as_of[0]))
        self.extend(joined(before, fresh))
        self.snapshot = snapshot

    @property
    def recent(self) -> Series | None:
        """The rows of the last days, for what corrections and flags are judged by."""
        return self._series

    def is_corrected_by(self, snapshot: Snapshot) -> bool:
        """Whether these are other numbers for a moment already seen."""
        return snapshot.as_of <= self.snapshot.as_of and snapshot.totals != self.snapshot.totals

    def n_per_day(self) -> float | None:
        """Effective daily visitors over all arms: trailing week, else since the start."""
        if self._series is None or not len(self._series):
            return None
        return visitors_per_day(self._series, self.snapshot.as_of)

    def added(self, span: timedelta) -> int | None:
        """Visitors added within the last ``span`` of the data's clock, interpolated; None: not known."""
        if self._series is None or len(self._series) < 2:
            return None
        at, n = self._series.as_of, np.nansum(self._series.n, axis=1)
        then = at[-1] - span.total_seconds()
        if then < at[0]:
            return None
        return round(float(n[-1] - np.interp(then, at, n)))

    @property
    def course(self) -> tuple[tuple[float, float], ...]:
        """The highest evidence of any arm over the whole run: (POSIX seconds, 0..1), coarse."""
        return tuple((float(at), float(best)) for at, best in self._course)

    def evidence_before(self, span: timedelta) -> float | None:
        """The highest evidence of any arm ``span`` before the newest row; None: not known."""
        if not len(self._evidence):
            return None
        then = self._evidence[-1, 0] - span.total_seconds()
        row = int(np.searchsorted(self._evidence[:, 0], then, side="right")) - 1
        return float(self._evidence[row, 1]) if row >= 0 else None


def joined(first: Series, second: Series) -> Series:
    """Both series, one after the other."""
    if not len(first):
        return second

    def both(name: str) -> Floats | None:
        a, b = getattr(first, name), getattr(second, name)
        return None if a is None or b is None else np.concatenate([a, b])

    return Series(**{f.name: both(f.name) for f in fields(Series)})  # type: ignore[arg-type]  # the four required arrays are never None


def _tail(series: Series, span_s: float) -> Series:
    """The rows of the last ``span_s`` seconds, at least two."""
    start = int(np.searchsorted(series.as_of, series.as_of[-1] - span_s))
    start = max(0, min(start, len(series) - 2))
    return rows_of(series, slice(start, None))


def _coarser(course: Floats) -> Floats:
    """The same course with the last row of each stretch of time, once it has become too long."""
    if len(course) <= MOST_COURSE:
        return course
    at = course[:, 0]
    stretch = np.floor((at - at[0]) / (at[-1] - at[0]) * MOST_COURSE / 2)
    is_last = np.append(np.diff(stretch) > 0, True)  # a value of the array
    return np.asarray(course[is_last])
