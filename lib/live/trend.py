"""How one metric moved, as arrays for the charts of the history page and as a table for files.

A trend is evaluated once from rows thinned in SQL and then only extended by the newest rows, so that a tick costs
milliseconds however long the past is. It is computed without hindsight: each row knows only the rows before it.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import numpy as np
import pandas as pd

from lib.experiments.model import Experiment, Metric, MetricKind, Plan
from lib.history.store import Store
from lib.live.track import joined
from lib.stats.movement import BY_ARM, COLUMNS, DAILY, READING, Movement, nothing
from lib.stats.results import Floats, Series, Trace
from lib.stats.series import rows_of
from lib.stats.watch import Watch

POINTS = 1200
KEPT = 64  # trends in memory: one a metric and range that somebody looks at
COMPARED = ("lift", "low", "high", "single_low", "single_high", "evidence")


@dataclass(frozen=True, slots=True, kw_only=True)
class Trend:
    """How one metric moved within a range.

    ``called_at`` maps a treatment to the moment of its call; moments are of the data's clock.
    """

    moved: Movement
    called_at: dict[str, datetime]
    gaps: tuple[tuple[datetime, datetime], ...]
    version: str

    def frame(self) -> pd.DataFrame:
        """One row a moment and arm, arm by arm.

        Columns: at (aware datetime), arm_key, those of ``Movement`` by arm, balance_p, origin (``reading`` or
        ``daily figure from PostHog``).
        """
        moved, keys = self.moved, self.moved.keys
        columns = {
            "at": pd.to_datetime(np.tile(moved.at, len(keys)), unit="s", utc=True),
            "arm_key": np.repeat(np.array(keys, dtype=object), len(moved)),
        }
        columns |= {name: getattr(moved, name).T.reshape(-1) for name in BY_ARM}
        columns["balance_p"] = np.tile(moved.balance_p, len(keys))
        columns["origin"] = np.tile(np.where(moved.is_daily, DAILY, READING), len(keys))
        return pd.DataFrame(columns)


class Trends:
    """Trends of one store, kept in memory and extended as rows arrive. Thread-safe."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._lock = threading.Lock()
        self._kept: OrderedDict[tuple[object, ...], _Course] = OrderedDict()

    def trend(
        self,
        experiment: Experiment,
        metric: Metric,
        plan: Plan | None,
        *,
        since: datetime | None = None,
        until: datetime | None = None,
    ) -> Trend:
        """The trend from ``since`` to ``until`` (data's clock; None: all there is).

        Evidence and intervals always rest on the whole past; ``since`` only cuts what is shown.
        """
        key = (
            experiment.id,
            metric.id,
            experiment.variants,
            experiment.started_at,
            plan,
            since,
            until,
        )
        with self._lock:
            course = self._kept.pop(key, None) or _Course(experiment, metric, plan)
            self._kept[key] = course
            while len(self._kept) > KEPT:
                self._kept.popitem(last=False)
        with course.lock:  # viewers of one trend wait for each other, those of others do not
            return course.trend(self._store, since, until)


class _Course:
    """A watch over thinned rows and what it answered so far."""

    def __init__(self, experiment: Experiment, metric: Metric, plan: Plan | None) -> None:
        self.lock = threading.Lock()
        self._experiment, self._metric, self._plan = experiment, metric, plan
        self._known_at: datetime | None = None  # a course with an end knows what was known then
        self._start_over()

    def _start_over(self) -> None:
        """Forget the rows seen, so that the next ones come thinned from the store."""
        self._watch = Watch(self._experiment, self._metric, self._plan)
        self._rows = _Rows(tuple(v.key for v in self._experiment.variants))
        self._seen: Series | None = None  # the last row evaluated
        self._trend: Trend | None = None
        self._n_thinned = 0

    def trend(self, store: Store, since: datetime | None, until: datetime | None) -> Trend:
        """The trend now; rows that arrived since the last time are added."""
        if until is not None and self._known_at is None:
            self._known_at = store.first_known(self._experiment.id, self._metric.id, until)
        if self._seen is not None and not self._goes_on(store, until):
            self._start_over()
        if self._seen is None:
            self._extend(self._thinned(store, since, until))
            self._n_thinned = len(self._rows)
        if self._trend is None:
            self._trend = self._made(since)
        return self._trend

    def _goes_on(self, store: Store, until: datetime | None) -> bool:
        """Add what is new. False: start over, since the last row was corrected or is gone, or very much was added."""
        if self._seen is None or len(self._rows) > self._n_thinned + 2 * POINTS:
            return False
        here = datetime.fromtimestamp(self._rows.last, UTC) - timedelta(microseconds=1)
        found = store.series(
            self._experiment, self._metric, since=here, until=until, known_at=self._known_at
        )
        if not _begins_with(found, self._seen):
            return False
        self._extend(found)
        return True

    def _thinned(self, store: Store, since: datetime | None, until: datetime | None) -> Series:
        """Rows thinned before and within the range."""
        ask = (self._experiment, self._metric)
        known = self._known_at
        if since is None:
            return store.thinned_series(*ask, points=POINTS, until=until, known_at=known)
        earlier = since - timedelta(microseconds=1)  # a row exactly there belongs to the range
        before = store.thinned_series(*ask, points=POINTS // 2, until=earlier, known_at=known)
        within = store.thinned_series(*ask, points=POINTS, since=since, until=until, known_at=known)
        return joined(before, within) if len(within) else before

    def _extend(self, series: Series) -> None:
        fresh = rows_of(series, np.flatnonzero(series.as_of > self._rows.last))
        if len(fresh):
            trace = self._watch.extend(fresh)
            self._rows.add(_moved(self._experiment, fresh, trace, self._metric.kind))
            self._seen = rows_of(fresh, slice(-1, None))
            self._trend = None

    def _made(self, since: datetime | None) -> Trend:
        moved = self._rows.movement()
        return Trend(
            moved=moved if since is None else moved.since(since.timestamp()),
            called_at={c.treatment_key: c.as_of for c in self._watch.calls},
            gaps=tuple(gap for gap in _gaps(moved.at) if since is None or gap[1] > since),
            version=f"{len(moved)}-{self._rows.last}-{_print_of(self._seen)}",
        )


class _Rows:
    """A movement with room to grow: adding a row copies nothing but the row."""

    def __init__(self, keys: tuple[str, ...]) -> None:
        self._room = nothing(keys)
        self._n = 0

    def __len__(self) -> int:
        return self._n

    @property
    def last(self) -> float:
        """The newest moment, POSIX seconds; minus infinity before the first."""
        return self._room.at.item(self._n - 1) if self._n else -np.inf

    def add(self, fresh: Movement) -> None:
        """Rows newer than all before."""
        n = self._n + len(fresh)
        if n > len(self._room):
            wider = np.minimum(np.arange(2 * n), n - 1)  # the rows to come hold anything until then
            self._room = _one_after_another(self.movement(), fresh).rows(wider)
        for name in COLUMNS:
            getattr(self._room, name)[self._n : n] = getattr(fresh, name)
        self._n = n

    def movement(self) -> Movement:
        """All rows; what was handed out once never changes, since rows are only added behind it."""
        return self._room.rows(slice(self._n))


def _moved(experiment: Experiment, series: Series, trace: Trace, kind: MetricKind) -> Movement:
    """Rows and what the watch said of them."""
    below = series.base_total if kind in {MetricKind.RATIO, MetricKind.RETENTION} else series.n
    below = series.n if below is None else below
    visitors = np.nansum(series.n, axis=1, keepdims=True)
    with np.errstate(divide="ignore", invalid="ignore"):
        rate = np.where(below > 0, series.total / below, np.nan)
        share = np.where(visitors > 0, series.n / visitors, np.nan)
    unknown = np.zeros(len(series), dtype=bool)
    return Movement(
        keys=tuple(v.key for v in experiment.variants),
        at=series.as_of,
        **{name: _beside_baseline(getattr(trace, name)) for name in COMPARED},
        evidence_now=1 - _beside_baseline(trace.p_now),
        single_evidence=1 - _beside_baseline(trace.p_value),
        rate=rate,
        n=series.n,
        share=share,
        balance_p=trace.balance_p,
        is_daily=unknown if series.is_daily is None else series.is_daily,
    )


def _one_after_another(first: Movement, second: Movement) -> Movement:
    both = {name: np.concatenate([getattr(m, name) for m in (first, second)]) for name in COLUMNS}
    return Movement(keys=first.keys, **both)


def _begins_with(series: Series, row: Series) -> bool:
    """Whether the first row is this one, with the same totals."""
    first = rows_of(series, slice(0, 1))
    pairs = (
        (getattr(first, name), getattr(row, name)) for name in ("as_of", "n", "total", "total_sq")
    )
    return len(first) == 1 and all(np.array_equal(a, b, equal_nan=True) for a, b in pairs)


def _print_of(row: Series | None) -> int:
    """A number that a correction of the row changes."""
    return (
        0 if row is None else hash((row.n.tobytes(), row.total.tobytes(), row.total_sq.tobytes()))
    )


def _beside_baseline(values: Floats) -> Floats:
    """The column of the baseline in front, which has no comparison."""
    return np.column_stack([np.full(len(values), np.nan), values])


def _gaps(at: Floats) -> tuple[tuple[datetime, datetime], ...]:
    """Stretches without a row that are over a day and a half and five times the usual step."""
    if len(at) < 3:
        return ()
    steps = np.diff(at)
    wide = np.flatnonzero((steps > 36 * 3600) & (steps > 5 * np.median(steps)))
    moments = [(at[i], at[i + 1]) for i in wide]
    return tuple(
        (datetime.fromtimestamp(a, UTC), datetime.fromtimestamp(b, UTC)) for a, b in moments
    )
