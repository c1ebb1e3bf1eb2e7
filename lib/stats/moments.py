"""Sums of any metric kind become a value and the variance of one visitor's share in it.

Called by the deciding half (plan, analyse, forecast, flags), which must not care what kind a metric is.
Tests and intervals are the business of the modules of each kind; nothing is decided here.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from lib.experiments.model import MetricKind, Totals
from lib.stats.mean import variance_of
from lib.stats.ratio import ratio_of
from lib.stats.results import Floats, Series

RATIOS = frozenset({MetricKind.RATIO, MetricKind.RETENTION})
SUMS = ("n", "total", "total_sq", "base_total", "base_total_sq", "cross_total")


@dataclass(frozen=True, slots=True, kw_only=True)
class Sums:
    """The sums of one or many arms as arrays of one shape; NaN where a source sent nothing."""

    n: Floats
    total: Floats
    total_sq: Floats
    base_total: Floats
    base_total_sq: Floats
    cross_total: Floats

    def __add__(self, other: Sums) -> Sums:
        return Sums(**{name: getattr(self, name) + getattr(other, name) for name in SUMS})

    def __sub__(self, other: Sums) -> Sums:
        return Sums(**{name: getattr(self, name) - getattr(other, name) for name in SUMS})

    def pooled(self) -> Sums:
        """All arms (last axis) as one; arms without numbers are left out."""
        return Sums(**{name: np.nansum(getattr(self, name), axis=-1) for name in SUMS})


def _floats(values: list[Any]) -> Floats:
    return np.array([np.nan if v is None else float(v) for v in values], dtype=float)


def sums_of(totals: list[Totals | None]) -> Sums:
    """The sums of one snapshot's arms, in the order given; a missing arm is NaN."""
    return Sums(**{name: _floats([getattr(t, name, None) for t in totals]) for name in SUMS})


def sums_at(series: Series, row: int) -> Sums:
    """The sums of one row of a series."""
    shape = series.n[row].shape
    found = {name: getattr(series, name) for name in SUMS}
    return Sums(
        **{
            name: np.full(shape, np.nan) if values is None else np.asarray(values[row], float)
            for name, values in found.items()
        }
    )


def value_and_variance(kind: MetricKind, sums: Sums) -> tuple[Floats, Floats]:
    """The value m of each arm and the variance s2 of one visitor, so that Var(m) = s2 / n; NaN: unknown.

    >>> arm = sums_of([Totals(variant_key="a", n=4, total=10, total_sq=30)])
    >>> value_and_variance(MetricKind.MEAN, arm)  # numpy: var([1, 2, 3, 4], ddof=1) = 1.6667
    (array([2.5]), array([1.66666667]))
    """
    if kind in RATIOS:
        return ratio_of(*(getattr(sums, name) for name in SUMS))
    with np.errstate(all="ignore"):
        m = np.where(sums.n > 0, sums.total / sums.n, np.nan)
    if kind is MetricKind.FUNNEL:
        return m, np.maximum(m * (1 - m), 0.0)
    return m, variance_of(sums.n, sums.total, sums.total_sq)
