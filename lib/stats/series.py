"""Snapshots as arrays: one row a moment, one column an arm, so that statistics can be vectorised.

Called by ``live`` and by tests; the history store builds the same ``Series`` straight from SQL. Never
reads a clock, never judges the numbers: odd totals arrive in the arrays as they were sent.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from lib.experiments.model import Origin, Snapshot, Totals, Variant
from lib.stats.results import Floats, Series

OPTIONAL = (
    "base_total",
    "base_total_sq",
    "cross_total",
    "covariate_total",
    "covariate_total_sq",
    "covariate_cross",
)


def series_of(snapshots: Sequence[Snapshot], variants: Sequence[Variant]) -> Series:
    """Arrange snapshots of one metric by time, arms in the order of ``variants``.

    One row per ``as_of``; of two snapshots with the same ``as_of`` the one taken later stands. An arm the
    source did not send is NaN in every array.
    """
    newest: dict[float, Snapshot] = {}
    for snapshot in sorted(snapshots, key=lambda s: (s.as_of, s.taken_at)):
        newest[snapshot.as_of.timestamp()] = snapshot
    rows = [[snapshot.of(v.key) for v in variants] for snapshot in newest.values()]
    optional = {name: _column(rows, len(variants), _reader(name)) for name in OPTIONAL}
    return Series(
        as_of=np.array(list(newest), dtype=np.float64),
        n=_column(rows, len(variants), lambda t: t.n),
        total=_column(rows, len(variants), lambda t: t.total),
        total_sq=_column(rows, len(variants), lambda t: t.total_sq),
        n_excluded=np.array([s.n_excluded for s in newest.values()], dtype=np.float64),
        is_daily=np.array([s.origin is Origin.DAILY for s in newest.values()], dtype=bool),
        **{name: None if np.isnan(a).all() else a for name, a in optional.items()},
    )


def parted(series: Series, moment: datetime) -> tuple[Series, Series]:
    """The rows up to a moment, it included, and those after it."""
    end = int(np.searchsorted(series.as_of, moment.timestamp(), side="right"))
    return rows_of(series, slice(end)), rows_of(series, slice(end, None))


def rows_of(series: Series, rows: slice | NDArray[np.intp]) -> Series:
    """The same series with only some of its moments."""

    def pick(values: Floats | None) -> Floats | None:
        return None if values is None else values[rows]

    return Series(
        as_of=series.as_of[rows],
        n=series.n[rows],
        total=series.total[rows],
        total_sq=series.total_sq[rows],
        n_excluded=pick(series.n_excluded),
        is_daily=None if series.is_daily is None else series.is_daily[rows],
        **{name: pick(getattr(series, name)) for name in OPTIONAL},
    )


def _reader(name: str) -> Callable[[Totals], float | None]:
    """How to read one optional field of ``Totals``."""
    return lambda totals: getattr(totals, name)


def _column(
    rows: Sequence[Sequence[Totals | None]], width: int, read: Callable[[Totals], float | None]
) -> Floats:
    """One field of all totals as an array (moments, arms); NaN where there is none."""
    values = [
        [np.nan if t is None or (value := read(t)) is None else value for t in row] for row in rows
    ]
    return np.array(values, dtype=np.float64).reshape(len(rows), width)
