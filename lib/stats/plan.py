"""What an experiment is to find and when: frozen at first sight, never from the observed difference.

The hub calls ``make_plan`` until it answers, keeps the answer and never asks again. PostHog's own
figures come first; what is missing comes from the traffic of the first full day and the pooled rate
(statistics 5.1, 8.1). It never looks at one arm's result against another's.
"""

from __future__ import annotations

import math
from datetime import datetime

import numpy as np
from scipy.special import ndtri

from lib.experiments.model import Experiment, MetricKind, Plan
from lib.stats.moments import sums_at, value_and_variance
from lib.stats.results import Series

DAY_S = 86400.0
DEFAULT_MDE = 0.10
DEFAULT_DAYS = 14.0
LONGEST_DAYS = 84.0  # a plan made here never asks for more than twelve weeks
ALPHA = 0.05
POWER = 0.8
PRICE_OF_LOOKING = (
    1.18  # visitors for 80 % when watched all the time, against one look (statistics 8.1)
)
FEWEST_PER_ARM = 100  # below the floors nothing can be called, so such a plan is a slip of the pen
MDE_RANGE = (0.0005, 10.0)
DAYS_RANGE = (0.5, 730.0)
MOST_VISITORS = 1e11


def planned_size(
    rate_or_mean: float,
    variance: float | None,
    mde: float,
    alpha: float = ALPHA,
    power: float = POWER,
) -> float:
    """Visitors over two equal arms for one look at the end; infinite when there is nothing to go by.

    Args:
        rate_or_mean: value of the baseline (here: of all arms pooled).
        variance: of one visitor, the same in both arms; None for a rate, whose variance follows from it.
        mde: smallest lift worth detecting, a fraction of the baseline.
        alpha: two-sided error of the single look, 0..1.
        power: chance to see a lift of ``mde``, 0..1.

    Source: Fleiss, Levin & Paik 2003, eq. 4.14 (unpooled). ``zt_ind_solve_power`` of statsmodels 0.15.0
    gives 154,300.75 for each arm at 4 %, +5 %:

    >>> round(planned_size(0.04, None, 0.05) / 2 / 154300.75, 4)
    1.0
    """
    q = rate_or_mean * (1 + mde)
    both = 2 * variance if variance is not None else rate_or_mean * (1 - rate_or_mean) + q * (1 - q)
    effect = (rate_or_mean * mde) ** 2
    if not (mde > 0 and effect > 0 and both > 0 and math.isfinite(both)):
        return math.inf
    spread = float(ndtri(1 - alpha / 2) + ndtri(power))
    return 2 * spread**2 * both / effect


def make_plan(experiment: Experiment, first: Series | None, frozen_at: datetime) -> Plan | None:
    """The plan, or None while neither PostHog nor a first full day of traffic gives one.

    Args:
        experiment: with ``planned`` as PostHog sent it; figures out of all reason count as absent.
        first: the primary metric's totals so far, oldest first; None before any.
        frozen_at: kept in the plan.
    """
    planned, arms = experiment.planned, max(len(experiment.variants), 2)
    mde = _sane(planned.mde, *MDE_RANGE)
    days = _sane(planned.days, *DAYS_RANGE)
    n_total = _sane(planned.n_total, FEWEST_PER_ARM * arms, MOST_VISITORS)
    daily = first_day_visitors(first, experiment.started_at)
    if daily is None and n_total is None:
        return None
    origin = "default" if mde is None and days is None and n_total is None else "posthog"
    size = n_total if n_total is not None or mde is None else _size_for(experiment, first, mde)
    n, days = _n_and_days(size, days, daily, asked=n_total is not None)
    return Plan(
        experiment_id=experiment.id,
        mde=DEFAULT_MDE if mde is None else mde,
        n_per_arm=_by_share(experiment, n),
        days=days,
        frozen_at=frozen_at,
        origin=origin,
    )


def first_day_visitors(series: Series | None, started_at: datetime | None) -> float | None:
    """Visitors over all arms in the first 24 h after the start, between two rows by a straight line.

    A series that begins later gives the mean a day up to its first row. None before a full day is in.
    """
    if series is None or started_at is None or len(series) == 0:
        return None
    days = (series.as_of - started_at.timestamp()) / DAY_S
    n = np.nansum(series.n, axis=1)
    if days[-1] < 1 or n[-1] <= 0:
        return None
    at_one = float(np.interp(1.0, [0.0, *days], [0.0, *n])) if days[0] >= 0 else 0.0
    return at_one if at_one > 0 else float(n[-1] / days[-1])


def _sane(value: float | None, low: float, high: float) -> float | None:
    """The value when it is a number within reason, else None."""
    if value is None or not math.isfinite(value) or not low <= value <= high:
        return None
    return float(value)


def _n_and_days(
    size: float | None, days: float | None, daily: float | None, *, asked: bool
) -> tuple[float, float]:
    """Visitors over all arms and whole weeks; ``asked``: the size is the team's own and stays."""
    if size is None or not math.isfinite(size):
        weeks = _whole_weeks(days or DEFAULT_DAYS)
        return (daily or 0.0) * weeks, weeks
    if days is None:
        days = DEFAULT_DAYS if not daily else min(size / daily, LONGEST_DAYS)
    weeks = _whole_weeks(days)
    # Our own plan ends where the calendar does: at the traffic seen, whole weeks bring these visitors.
    return (size if asked or not daily else daily * weeks), weeks


def _whole_weeks(days: float) -> float:
    return 7.0 * max(1, math.ceil(days / 7 - 1e-9))


def _size_for(experiment: Experiment, first: Series | None, mde: float) -> float | None:
    """Visitors over all arms for 80 % at ``mde`` when watched all the time; None without a pooled rate."""
    metric = experiment.primary
    if metric is None or first is None or metric.kind is MetricKind.LEGACY:
        return None
    value, variance = value_and_variance(metric.kind, sums_at(first, -1).pooled())
    m, s2 = float(value), float(variance)
    if not (math.isfinite(m) and math.isfinite(s2) and m > 0 and s2 > 0):
        return None
    alpha = ALPHA / max(len(experiment.treatments), 1)
    two = planned_size(m, None if metric.kind is MetricKind.FUNNEL else s2, mde, alpha)
    return PRICE_OF_LOOKING * two * _price_of_split(experiment)


def _shares(experiment: Experiment) -> list[float]:
    """Planned shares that add up to 1; equal ones when the configuration gives none."""
    shares = [
        v.share if math.isfinite(v.share) and v.share > 0 else 0.0 for v in experiment.variants
    ]
    if not shares or min(shares) <= 0:
        return [1 / max(len(shares), 1)] * len(shares)
    return [share / sum(shares) for share in shares]


def _price_of_split(experiment: Experiment) -> float:
    """How many times more visitors than two equal arms need, for the smallest treatment.

    Two arms with shares a and b of N visitors are worth ``4 N a b / (a + b)`` visitors in equal halves.
    """
    shares = _shares(experiment)
    if len(shares) < 2:
        return 1.0
    control, treatment = shares[0], min(shares[1:])
    return (control + treatment) / (4 * control * treatment)


def _by_share(experiment: Experiment, n: float) -> tuple[float, ...]:
    return tuple(max(1.0, n * share) for share in _shares(experiment))
