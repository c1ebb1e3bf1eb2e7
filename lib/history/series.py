"""Rows to ``Series``: straight into numpy, one row a moment, arms in the experiment's order.

``thinned`` answers a chart: whatever the number of rows kept, it reads about as many as the chart has points,
because each row was marked with the buckets it opens when it was written (``ladder``).
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Row, Select, select

from lib.experiments.model import Experiment, Metric, Origin
from lib.history.encode import OPTIONAL, REQUIRED, ArmLayout, parse_layout
from lib.history.ladder import TOP, level_for
from lib.history.moments import SECOND, to_micros
from lib.history.schema import protections
from lib.history.snapshots import EVENT, MINIMUM, TRACK, S, Snapshots, within
from lib.stats.results import Floats, Series

P = protections.c
DAILY = Origin.DAILY.value
Span = tuple[datetime | None, datetime | None]
COLUMNS = (S.as_of, S.n_excluded, S.origin, S.layout_id, S.arms)


class SeriesReader:
    """Reads the tracks of one store as Series."""

    def __init__(self, kept: Snapshots) -> None:
        self._kept = kept

    def series(
        self,
        experiment: Experiment,
        metric: Metric,
        *,
        since: datetime | None = None,
        until: datetime | None = None,
        known_at: datetime | None = None,
    ) -> Series:
        """Every row that counts, both ends included; ``known_at`` as in ``Snapshots.snapshots``."""
        query = within(select(*COLUMNS), since=since, until=until, known_at=known_at)
        rows = self._kept.rows(experiment.id, metric.id, query.order_by(S.as_of))
        return self._series(experiment, rows)

    def thinned(
        self,
        experiment: Experiment,
        metric: Metric,
        *,
        points: int = 1500,
        since: datetime | None = None,
        until: datetime | None = None,
        known_at: datetime | None = None,
    ) -> Series:
        """At most about ``points`` moments spread evenly over the range, and what must not be missed.

        The first row of each bucket, the newest row, every row on which a call or an alert rests and, when
        there are at most ``points`` of them, every row on which a minimum of the always-valid p rests.
        """
        span = (since, until)
        span_s = self._span_s(experiment.id, metric.id, span)
        if span_s is None:
            return self._series(experiment, ())
        query = within(select(*COLUMNS), since=since, until=until, known_at=known_at)
        levels = range(level_for(span_s, points), TOP + 1)
        found = [
            # Level by level: each is one stretch of an index, which no planner can miss.
            self._rows(experiment, metric, *(query.where(S.level == level) for level in levels)),
            self._rows(experiment, metric, query.order_by(S.as_of.desc()).limit(1)),
            self._protected(experiment, metric, query, EVENT, span=span, points=points),
            self._protected(experiment, metric, query, MINIMUM, span=span, points=points),
        ]
        rows = {row.as_of: row for part in found for row in part}
        return self._series(experiment, [rows[as_of] for as_of in sorted(rows)])

    def _rows(
        self, experiment: Experiment, metric: Metric, *queries: Select[Any]
    ) -> Sequence[Row[Any]]:
        return self._kept.rows(experiment.id, metric.id, *queries)

    def _protected(
        self,
        experiment: Experiment,
        metric: Metric,
        query: Select[Any],
        why: int,
        *,
        span: Span,
        points: int,
    ) -> Sequence[Row[Any]]:
        """Of the rows a query finds those protected for this reason; events: the newest, minima: all or none."""
        moments = self._rows(experiment, metric, _marked(why, *span).limit(points + 1))
        if why == MINIMUM and len(moments) > points:
            return ()
        wanted = [row.as_of for row in moments[:points]]
        return self._rows(experiment, metric, query.where(S.as_of.in_(wanted))) if wanted else ()

    def _span_s(self, experiment_id: int, metric_id: str, span: Span) -> float | None:
        """Seconds from the first to the last row of the range; None when there is no row."""
        query = within(select(S.as_of), since=span[0], until=span[1])
        ends: list[int] = []
        for order in (S.as_of, S.as_of.desc()):
            found = self._kept.rows(experiment_id, metric_id, query.order_by(order).limit(1))
            ends += [row.as_of for row in found]
        return (ends[1] - ends[0]) / SECOND if ends else None

    def _series(self, experiment: Experiment, rows: Sequence[Row[Any]]) -> Series:
        as_of, n_excluded, origins, layout_ids, arms = zip(*rows, strict=True) if rows else [()] * 5
        sums = _Sums(len(rows), tuple(v.key for v in experiment.variants))
        for layout_id in set(layout_ids):
            here = np.flatnonzero(np.array(layout_ids) == layout_id)
            layout = parse_layout(self._kept.layout(layout_id))
            sums.put(here, layout, b"".join(arms[i] for i in here.tolist()))
        return Series(
            as_of=np.array(as_of, dtype=np.int64) / SECOND,
            n_excluded=np.array(n_excluded, dtype=np.float64),
            is_daily=np.array([origin == DAILY for origin in origins], dtype=bool),
            **sums.known(),
        )


def _marked(why: int, since: datetime | None, until: datetime | None) -> Select[Any]:
    """The protected moments of ``TRACK``, newest first.

    Not joined with the rows: SQLite then starts from the wrong side and looks at each of them.
    """
    query: Select[Any] = select(P.as_of).where(P.track_id == TRACK, P.why == why)
    if since is not None:
        query = query.where(P.as_of >= to_micros(since))
    if until is not None:
        query = query.where(P.as_of <= to_micros(until))
    return query.order_by(P.as_of.desc())


class _Sums:
    """The (T, K) arrays of a Series while they are being filled; NaN where an arm was not sent."""

    def __init__(self, n_rows: int, keys: Sequence[str]) -> None:
        self._shape = (n_rows, len(keys))
        self._place = {key: place for place, key in enumerate(keys)}
        self.columns: dict[str, Floats] = {name: self._empty() for name in REQUIRED}

    def put(self, here: NDArray[np.intp], arms: Sequence[ArmLayout], data: bytes) -> None:
        """Fill the rows ``here`` from their packed arms, all of one layout."""
        width = sum(arm.width for arm in arms)
        table = np.frombuffer(data, dtype="<f8").reshape(len(here), width)
        at = 0
        for arm in arms:
            place = self._place.get(arm.key)
            if place is not None:
                self._put_arm(here, place, arm, table[:, at : at + arm.width])
            at += arm.width

    def known(self) -> dict[str, Floats]:
        """The arrays, without sums that no arm ever had."""
        return {
            name: values
            for name, values in self.columns.items()
            if name in REQUIRED or not np.isnan(values).all()
        }

    def _put_arm(self, here: NDArray[np.intp], place: int, arm: ArmLayout, table: Floats) -> None:
        for column, name in enumerate(arm.fields):
            if name in OPTIONAL and name not in self.columns:
                self.columns[name] = self._empty()
            self.columns[name][here, place] = table[:, column]

    def _empty(self) -> Floats:
        return np.full(self._shape, np.nan)
