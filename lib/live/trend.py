"""How one metric moved, as data frames for the charts of the history page; also called by the copilot and the memo.

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
from lib.stats.results import Floats, Series, Trace
from lib.stats.watch import Watch

POINTS = 1200
KEPT = 64  # trends in memory: one a metric and range that somebody looks at
COLUMNS = (
    "lift",
    "low",
    "high",
    "single_low",
    "single_high",
    "evidence",
    "evidence_now",
    "single_evidence",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Trend:
    """How one metric moved within a range.

    ``frame`` has one row a moment and arm: at (aware datetime, the data's clock), arm_key, lift, low, high,
    single_low, single_high (fractions, NaN for the baseline), evidence, evidence_now, single_evidence (0..1),
    rate (the arm's value: rate or mean), n (cumulative visitors), share (0..1 of all visitors), balance_p.
    ``called_at`` maps a treatment to the moment of its call.
    """

    frame: pd.DataFrame
    called_at: dict[str, datetime]
    gaps: tuple[tuple[datetime, datetime], ...]
    version: str


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
            return course.trend(self._store, since, until)


class _Course:
    """A watch over thinned rows and what it answered so far."""

    def __init__(self, experiment: Experiment, metric: Metric, plan: Plan | None) -> None:
        self._experiment, self._metric, self._plan = experiment, metric, plan
        self._known_at: datetime | None = None  # a course with an end knows what was known then
        self._start_over()

    def _start_over(self) -> None:
        """Forget the rows seen, so that the next ones come thinned from the store."""
        self._watch = Watch(self._experiment, self._metric, self._plan)
        self._series: Series | None = None
        self._traces: list[Trace] = []
        self._trend: Trend | None = None

    def trend(self, store: Store, since: datetime | None, until: datetime | None) -> Trend:
        """The trend now; rows that arrived since the last time are added."""
        ids = (self._experiment.id, self._metric.id)
        if until is not None and self._known_at is None:
            self._known_at = store.first_known(*ids, until)
        newest = store.newest(*ids, at=until, known_at=self._known_at)
        at = newest.as_of.timestamp() if newest else 0.0
        if self._series is not None and len(self._series) > 3 * POINTS:
            self._start_over()
        if self._trend is None or at > self._last:
            self._extend(self._fresh(store, since, until))
            self._trend = self._made(since)
        return self._trend

    @property
    def _last(self) -> float:
        return float(self._series.as_of[-1]) if self._series is not None else -np.inf

    def _fresh(self, store: Store, since: datetime | None, until: datetime | None) -> Series:
        """Rows not seen yet: at first thinned before and within the range, later just the new ones."""
        ask = (self._experiment, self._metric)
        known = self._known_at
        if self._series is not None:
            after = datetime.fromtimestamp(self._last, UTC) + timedelta(microseconds=1)
            return store.series(*ask, since=after, until=until, known_at=known)
        if since is None:
            return store.thinned_series(*ask, points=POINTS, until=until, known_at=known)
        earlier = since - timedelta(microseconds=1)  # a row exactly there belongs to the range
        before = store.thinned_series(*ask, points=POINTS // 2, until=earlier, known_at=known)
        within = store.thinned_series(*ask, points=POINTS, since=since, until=until, known_at=known)
        return joined(before, within) if len(within) else before

    def _extend(self, series: Series) -> None:
        if len(series):
            self._traces.append(self._watch.extend(series))
            self._series = series if self._series is None else joined(self._series, series)

    def _made(self, since: datetime | None) -> Trend:
        keys = [v.key for v in self._experiment.variants]
        if self._series is None:
            return Trend(frame=_empty(), called_at={}, gaps=(), version="empty")
        rows = _Rows(self._series, self._traces)
        frame = pd.concat(
            [rows.of(place, key, self._metric.kind) for place, key in enumerate(keys)],
            ignore_index=True,
        )
        if since is not None:
            frame = frame[frame["at"] >= since].reset_index(drop=True)
        return Trend(
            frame=frame,
            called_at={c.treatment_key: c.as_of for c in self._watch.calls},
            gaps=_gaps(self._series.as_of),
            version=f"{len(rows.at)}-{self._last}",
        )


class _Rows:
    """All traces side by side with the totals they were computed from."""

    def __init__(self, series: Series, traces: list[Trace]) -> None:
        at = np.concatenate([t.as_of for t in traces])
        keep = np.isin(series.as_of, at)
        self.at = at
        self.n = series.n[keep]
        self.total = series.total[keep]
        self.base = None if series.base_total is None else series.base_total[keep]
        self._columns = {
            "lift": _all(traces, "lift"),
            "low": _all(traces, "low"),
            "high": _all(traces, "high"),
            "single_low": _all(traces, "single_low"),
            "single_high": _all(traces, "single_high"),
            "evidence": _all(traces, "evidence"),
            "evidence_now": 1 - _all(traces, "p_now"),
            "single_evidence": 1 - _all(traces, "p_value"),
        }
        self._balance = np.concatenate([t.balance_p for t in traces])

    def of(self, place: int, key: str, kind: MetricKind) -> pd.DataFrame:
        """The rows of one arm; the baseline has no comparison."""
        visitors = np.nansum(self.n, axis=1)
        below = self.base if kind in {MetricKind.RATIO, MetricKind.RETENTION} else self.n
        below = self.n if below is None else below
        with np.errstate(divide="ignore", invalid="ignore"):
            rate = np.where(below[:, place] > 0, self.total[:, place] / below[:, place], np.nan)
            share = np.where(visitors > 0, self.n[:, place] / visitors, np.nan)
        nothing = np.full(len(self.at), np.nan)
        compared = {
            name: values[:, place - 1] if place else nothing
            for name, values in self._columns.items()
        }
        return pd.DataFrame(
            {
                "at": pd.to_datetime(self.at, unit="s", utc=True),
                "arm_key": key,
                **compared,
                "rate": rate,
                "n": self.n[:, place],
                "share": share,
                "balance_p": self._balance,
            }
        )


def _all(traces: list[Trace], name: str) -> Floats:
    return np.concatenate([getattr(t, name) for t in traces])


def _empty() -> pd.DataFrame:
    columns = ["at", "arm_key", *COLUMNS, "rate", "n", "share", "balance_p"]
    return pd.DataFrame({name: [] for name in columns})


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
