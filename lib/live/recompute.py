"""From the records a memo carries back to the view it tells: the same code on the same rows, the same numbers.

``gather_records`` collects what a view was computed from, ``recompute`` makes the view from it. A memo shows the
recomputed view, so whoever reads its JSON back gets its numbers to the last bit. Asks no source, writes nothing.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np

from lib.experiments.errors import StoreError
from lib.experiments.model import (
    Call,
    Experiment,
    Exposures,
    Metric,
    Origin,
    Plan,
    Reading,
    Snapshot,
    Totals,
)
from lib.history.record import Record, read_record, write_record
from lib.history.store import Store
from lib.live.shelf import LookingBack
from lib.live.speed import SpeedMeter
from lib.live.tracker import MAX_ROWS, Tracker
from lib.live.view import LiveView
from lib.stats.results import Series
from lib.stats.series import series_of

SUMS = (
    "base_total",
    "base_total_sq",
    "cross_total",
    "covariate_total",
    "covariate_total_sq",
    "covariate_cross",
)


class RecordShelf(LookingBack):
    """The store as far as some records go; writes are dropped."""

    def __init__(self, records: Sequence[Record]) -> None:
        self._records = {record.metric.id: record for record in records}

    def thinned_series(self, experiment: Experiment, metric: Metric, *, points: int) -> Series:
        """All rows of the record; they were thinned when it was made."""
        return series_of(self._records[metric.id].snapshots, experiment.variants)

    def newest(self, experiment_id: int, metric_id: str) -> Snapshot | None:
        """The last row of the record."""
        record = self._records.get(metric_id)
        return record.snapshots[-1] if record and record.snapshots else None

    def exposures(self, experiment_id: int) -> Exposures | None:
        """The exposures of the record."""
        return next((r.exposures for r in self._records.values()), None)

    def plan(self, experiment_id: int) -> Plan | None:
        """The plan of the record."""
        return next((r.plan for r in self._records.values()), None)

    def calls(self, experiment_id: int) -> tuple[Call, ...]:
        """The calls of all records."""
        return tuple(dict.fromkeys(c for r in self._records.values() for c in r.calls))


def gather_records(store: Store, view: LiveView, *, source: str = "") -> tuple[Record, ...]:
    """What each metric of a view rests on, as known when its newest reading was first taken; the primary first.

    A past of more rows than the hub itself evaluates is thinned the same way.
    """
    return tuple(
        _gather(store, view, analysis.metric, analysis.snapshot, source)
        for analysis in view.analyses
    )


def _gather(store: Store, view: LiveView, metric: Metric, newest: Snapshot, source: str) -> Record:
    experiment = view.experiment
    known_at = (
        newest.taken_at
    )  # a correction that came with it counts, one that comes later does not
    rows = store.snapshots(
        experiment.id, metric.id, until=newest.as_of, known_at=known_at, limit=MAX_ROWS + 1
    )
    if len(rows) > MAX_ROWS:
        series = store.thinned_series(
            experiment, metric, points=MAX_ROWS, until=newest.as_of, known_at=known_at
        )
        rows = _snapshots(experiment, metric, series)
    rows = (*(row for row in rows if row.as_of < newest.as_of), newest)
    return Record(
        experiment=experiment,
        metric=metric,
        plan=store.plan(experiment.id),
        snapshots=rows,
        calls=tuple(c for c in store.calls(experiment.id) if c.as_of <= newest.as_of),
        as_of=newest.as_of,
        server_now=view.server_now,
        exposures=view.exposures,
        source=source,
    )


def recompute(records: Sequence[Record]) -> LiveView:
    """The view that these records give."""
    if not records:
        raise StoreError("There is nothing to recompute in this record.")
    experiment = records[0].experiment
    newest = tuple(r.snapshots[-1] for r in records if r.snapshots)
    reading = Reading(
        experiment=experiment,
        snapshots=newest,
        taken_at=max((s.taken_at for s in newest), default=records[0].as_of),
        server_now=records[0].server_now or records[0].as_of,
        exposures=records[0].exposures,
    )
    return Tracker(experiment, RecordShelf(records), meter=SpeedMeter(1.0)).take(reading)


def write_records(records: Sequence[Record]) -> str:
    """All records as one JSON text that is safe inside a web page."""
    return "[" + ",\n".join(write_record(record) for record in records) + "]"


def read_records(text: str) -> tuple[Record, ...]:
    """The records again; one alone is fine too. Raises StoreError when it is no such text."""
    try:
        body = json.loads(text)
    except ValueError:
        raise StoreError("This is not a record of an analysis.") from None
    found = body if isinstance(body, list) else [body]
    return tuple(read_record(json.dumps(each)) for each in found)


def _snapshots(experiment: Experiment, metric: Metric, series: Series) -> tuple[Snapshot, ...]:
    """Rows of a series as snapshots; taken_at is not known any more and does not count."""
    sums = [name for name in SUMS if getattr(series, name) is not None]
    return tuple(_snapshot(experiment, metric, series, row, sums) for row in range(len(series)))


def _snapshot(
    experiment: Experiment, metric: Metric, series: Series, row: int, sums: Sequence[str]
) -> Snapshot:
    at = datetime.fromtimestamp(0, UTC) + timedelta(seconds=float(series.as_of[row]))
    totals = tuple(
        Totals(
            variant_key=variant.key,
            n=int(series.n[row, place]),
            total=float(series.total[row, place]),
            total_sq=float(series.total_sq[row, place]),
            **_sums(series, row, place, sums),
        )
        for place, variant in enumerate(experiment.variants)
        if np.isfinite(series.n[row, place])
    )
    is_daily = series.is_daily is not None and bool(series.is_daily[row])
    excluded = 0 if series.n_excluded is None else int(np.nan_to_num(series.n_excluded[row]))
    return Snapshot(
        experiment_id=experiment.id,
        metric_id=metric.id,
        as_of=at,
        taken_at=at,
        totals=totals,
        n_excluded=excluded,
        origin=Origin.DAILY if is_daily else Origin.RUN,
    )


def _sums(series: Series, row: int, place: int, names: Sequence[str]) -> dict[str, Any]:
    """The sums one arm has; NaN stands for one it has not."""
    found = {name: float(getattr(series, name)[row, place]) for name in names}
    return {name: value for name, value in found.items() if not np.isnan(value)}
