"""Things worth knowing beside the state: novelty, maturing conversions, moved traffic, outliers, drift.

``analyse`` collects them. None of them changes the verdict; each is a test or a plain comparison of counts
with its error rate said beside it (statistics 9).
"""

from __future__ import annotations

import math
from datetime import datetime

import numpy as np

from lib.experiments.model import Experiment, Metric, MetricKind, Plan, Snapshot
from lib.stats.boundary import RULE, mixture_line, table_line
from lib.stats.compare import Compared, compare
from lib.stats.forecast import visitors_per_day
from lib.stats.moments import Sums, sums_at, sums_of, value_and_variance
from lib.stats.plan import DAY_S
from lib.stats.results import Flag, Floats, Series
from lib.stats.series import rows_of

NOVELTY_Z = 3.0  # 1.8 % false flags over 11 daily checks
NOVELTY_FROM_DAY = 4.0
HALF_RANGE = (0.35, 0.65)  # how far the nearest kept row may be from half of the data
MATURING_A_DAY = 0.05
FLAT_A_DAY = 0.01
MOVED = 0.20
HEAVY = 0.05
MOMENTS = 40


def flags_of(
    experiment: Experiment,
    metric: Metric,
    snapshot: Snapshot,
    *,
    plan: Plan | None,
    early: Series | None,
) -> tuple[Flag, ...]:
    """Every flag that is up, in fixed order.

    Args:
        experiment: for arms and dates.
        metric: the metric of ``snapshot``.
        snapshot: the newest totals.
        plan: the frozen plan.
        early: earlier totals of the same metric, oldest first.
    """
    if metric.kind is MetricKind.LEGACY:
        return ()
    now = sums_of([snapshot.of(v.key) for v in experiment.variants])
    keys = [v.key for v in experiment.variants]
    found: list[Flag] = []
    started = experiment.started_at
    if early is not None and len(early) and started is not None:
        found += novelty(metric, keys, now, early, snapshot.as_of, started)
        found += maturing(metric, now, early, snapshot.as_of)
        found += moved_end(plan, early, now, snapshot.as_of, started)
        found += inconsistent(metric, keys, plan, early, started)
    found += outliers(metric, keys, now)
    return tuple(found)


def novelty(  # noqa: PLR0917 - the halves and the dates
    metric: Metric, keys: list[str], now: Sums, early: Series, as_of: datetime, started: datetime
) -> list[Flag]:
    """Arms whose log ratio to the baseline differs between the halves of the data, from day 4.

    ``z = (second half - first half) / sqrt(sum of s2 / (n m²) over the four cells)``, up at |z| > 3. For a
    rate s2 / (n m²) is (1 - p) / x.
    """
    if (as_of - started).total_seconds() < NOVELTY_FROM_DAY * DAY_S:
        return []
    row = _row_at_half(early, now)
    if row is None:
        return []
    first = sums_at(early, row)
    z = half_z(metric.kind, first, now - first)
    return [
        Flag(kind="novelty", value=float(z[place - 1]), arm_key=keys[place])
        for place in range(1, len(keys))
        if math.isfinite(z[place - 1]) and abs(z[place - 1]) > NOVELTY_Z
    ]


def half_z(kind: MetricKind, first: Sums, second: Sums) -> Floats:
    """Z of each treatment's log ratio, second half minus first half; NaN where a cell says nothing.

    10 % and 10 % of 1,000 in the first half, 10 % and 15 % in the second: log(1.5) over
    sqrt(3 * 0.9/100 + 0.85/150) = 0.405465 / 0.180739 by hand:

    >>> from lib.experiments.model import Totals
    >>> half = lambda *x: sums_of([Totals(variant_key="", n=1000, total=v, total_sq=v) for v in x])
    >>> z = half_z(MetricKind.FUNNEL, half(100, 100), half(100, 150))
    >>> round(float(z[0]), 3)
    2.243
    """
    (m1, v1), (m2, v2) = _relative(kind, first), _relative(kind, second)
    with np.errstate(all="ignore"):
        ratio = np.log(m2[1:] / m2[0]) - np.log(m1[1:] / m1[0])
        return np.asarray(ratio / np.sqrt(v1[1:] + v1[0] + v2[1:] + v2[0]), dtype=np.float64)


def _relative(kind: MetricKind, sums: Sums) -> tuple[Floats, Floats]:
    """Values and the squared relative errors of their means; NaN unless positive."""
    m, s2 = value_and_variance(kind, sums)
    with np.errstate(all="ignore"):
        known = (m > 0) & (s2 > 0) & (sums.n > 1)
        return np.where(known, m, np.nan), np.where(known, s2 / sums.n / m**2, np.nan)


def _row_at_half(early: Series, now: Sums) -> int | None:
    """The kept row nearest to half of the visitors; None when none is near."""
    total = float(np.nansum(now.n))
    if total <= 0:
        return None
    share = np.nansum(early.n, axis=1) / total
    row = int(np.argmin(np.abs(share - 0.5)))
    return row if HALF_RANGE[0] <= share[row] <= HALF_RANGE[1] else None


def maturing(metric: Metric, now: Sums, early: Series, as_of: datetime) -> list[Flag]:
    """Conversions still arriving: the pooled value grew over 5 % in a day while visitors stood still."""
    row = _row_before(early, as_of, days=1.0)
    if row is None:
        return []
    days = (as_of.timestamp() - early.as_of[row]) / DAY_S
    then = sums_at(early, row).pooled()
    value_now, _ = value_and_variance(metric.kind, now.pooled())
    value_then, _ = value_and_variance(metric.kind, then)
    with np.errstate(all="ignore"):
        grew = float((value_now / value_then - 1) / days)
        came = float((now.pooled().n / then.n - 1) / days)
    up = grew > MATURING_A_DAY and came < FLAT_A_DAY
    return [Flag(kind="maturing", value=grew)] if up else []


def _row_before(early: Series, as_of: datetime, days: float) -> int | None:
    """The newest row at least ``days`` and at most twice as old."""
    age = (as_of.timestamp() - early.as_of) / DAY_S
    rows = np.flatnonzero((age >= days) & (age <= 2 * days))
    return int(rows[-1]) if rows.size else None


def moved_end(
    plan: Plan | None, early: Series, now: Sums, as_of: datetime, started: datetime
) -> list[Flag]:
    """The day on which the planned visitors will be in moved by more than 20 % of the plan.

    The value is the expected duration over the planned one, less 1: +0.5 means half as long again.
    """
    per_day = visitors_per_day(early, as_of, started)
    days = (as_of - started).total_seconds() / DAY_S
    if plan is None or not per_day or days < 1:
        return []
    missing = max(0.0, sum(plan.n_per_arm) - float(np.nansum(now.n)))
    if missing == 0 and days >= plan.days:
        return []
    moved = (days + missing / per_day) / plan.days - 1
    return [Flag(kind="traffic", value=float(moved))] if abs(moved) > MOVED else []


def outliers(metric: Metric, keys: list[str], now: Sums) -> list[Flag]:
    """Arms in which one visitor surely holds over 5 % of the sum: ``max / S >= Q / S²`` always."""
    if metric.kind is not MetricKind.MEAN:
        return []
    with np.errstate(all="ignore"):
        share = np.where(now.n >= 100, now.total_sq / now.total**2, np.nan)
    return [
        Flag(kind="outliers", value=float(share[place]), arm_key=key)
        for place, key in enumerate(keys)
        if math.isfinite(share[place]) and share[place] > HEAVY
    ]


def inconsistent(
    metric: Metric, keys: list[str], plan: Plan | None, early: Series, started: datetime
) -> list[Flag]:
    """Arms whose always-valid intervals of different moments exclude each other: the effect moved.

    At most 40 moments are looked at, with the line of steady traffic. The value is the gap between the
    highest lower and the lowest upper end, in lift.
    """
    if plan is None or len(plan.n_per_arm) != len(keys) or len(keys) < 2:
        return []
    rows = rows_of(early, np.unique(np.linspace(0, len(early) - 1, MOMENTS).astype(int)))
    compared = compare(metric.kind, rows)
    low, high = compared.relative(_steady_line(plan, compared, rows, started))
    known = compared.enough & compared.sane & np.isfinite(low) & np.isfinite(high)
    gaps = np.where(known, low, -np.inf).max(axis=0) - np.where(known, high, np.inf).min(axis=0)
    return [
        Flag(kind="inconsistent", value=float(gap), arm_key=keys[place])
        for place, gap in enumerate(gaps, start=1)
        if math.isfinite(gap) and gap > 0
    ]


def _steady_line(plan: Plan, compared: Compared, rows: Series, started: datetime) -> Floats:
    """The line of steady traffic at each row, NaN before anything can be called, (T, M)."""
    n = np.array(plan.n_per_arm)
    alpha = plan.alpha / (len(n) - 1)
    e = (rows.as_of - started.timestamp()) / DAY_S / plan.days
    with np.errstate(all="ignore"):
        u = compared.h / (n[0] * n[1:] / (n[0] + n[1:]))
    s = np.minimum(u, e[:, None])
    part = np.where(s <= 1, table_line(np.clip(s, 0.0, 1.0), RULE.plan_share * alpha), np.inf)
    line = np.minimum(part, mixture_line(np.nan_to_num(u), RULE.reserve_share * alpha, RULE.rho))
    return np.asarray(np.where(s >= RULE.start, line, np.nan), dtype=np.float64)
