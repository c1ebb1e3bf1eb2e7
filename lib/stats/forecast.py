"""What is to be expected by the planned end: first passage of today's evidence over the line ahead.

The hub calls ``forecast`` for the primary metric; ``whatif`` asks the same roads other questions, so that
a forecast and a what-if table never disagree. Between today and a later day the line is replaced by a
straight one, which has a closed form (statistics 8.3); nothing is simulated. It decides nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

import numpy as np
from scipy.special import ndtr, ndtri

from lib.experiments.model import Goal
from lib.stats.plan import DAY_S
from lib.stats.results import Analysis, Floats, Forecast, Outlook, Series
from lib.stats.road import Road, miss_by_design, passage, roads_of

POINTS = 48  # moments looked at between now and the horizon
EVEN, SURE = 0.5, 0.8
TRAILING_DAYS = 7.0
SHORTEST_DAYS = 1 / 24  # below an hour a daily figure would be a guess
NODES, WEIGHTS = np.polynomial.hermite_e.hermegauss(21)


def visitors_per_day(
    series: Series, now: datetime, started_at: datetime | None = None
) -> float | None:
    """Effective daily visitors over all arms: mean of the last 7 days, else since the start.

    Args:
        series: cumulative totals, oldest first.
        now: the server's clock; rows after it are ignored.
        started_at: the start, when known; else the first row stands for it.

    Returns:
        Visitors a day, at least 0; None when there is less than an hour to go by.
    """
    rows = series.as_of <= now.timestamp()
    if not rows.any():
        return None
    at, n = series.as_of[rows], np.nansum(series.n[rows], axis=1)
    if started_at is not None and started_at.timestamp() < at[0]:
        at, n = np.append(started_at.timestamp(), at), np.append(0.0, n)
    begin = max(at[-1] - TRAILING_DAYS * DAY_S, at[0])
    days = (at[-1] - begin) / DAY_S
    if days < SHORTEST_DAYS:
        return None
    return max(0.0, float(n[-1] - np.interp(begin, at, n)) / float(days))


def forecast(analysis: Analysis, *, n_per_day: float | None, server_now: datetime) -> Forecast:
    """The forecast for every treatment and for the experiment.

    Each of several treatments is forecast at its share of alpha; a treatment called already has chance 1.
    The chance that any is called joins the single ones (``chance_of_any``). After the planned end chances
    speak of one more planned duration (``until``), in which only the reserve can call.

    Args:
        analysis: of the primary metric.
        n_per_day: effective daily visitors over all arms.
        server_now: the server's clock.
    """
    plan, clocks = analysis.plan, analysis.clocks
    because = why_no_forecast(analysis, n_per_day)
    if because or plan is None or clocks is None or n_per_day is None:
        return Forecast(because=because, n_per_day=n_per_day)
    as_of = analysis.snapshot.as_of
    planned_end = as_of + timedelta(days=(1 - clocks.e) * plan.days)
    horizon = plan.days if clocks.e >= 1 else (1 - clocks.e) * plan.days
    lag = max(0.0, (server_now - as_of) / timedelta(days=1))
    roads = roads_of(analysis, n_per_day)
    if not roads:
        return Forecast(because="no lift", n_per_day=n_per_day)
    outlooks = tuple(_outlook(analysis, road, horizon, n_per_day, lag) for road in roads)
    return Forecast(
        outlooks=outlooks,
        chance=chance_of_any([o.chance for o in outlooks], [_loading(road) for road in roads]),
        days_left=max(0.0, (planned_end - server_now) / timedelta(days=1)),
        planned_end=planned_end,
        n_per_day=n_per_day,
        miss_by_design=max((miss_by_design(r, plan.mde) for r in roads), default=None),
        until=as_of + timedelta(days=horizon),
    )


def why_no_forecast(analysis: Analysis, n_per_day: float | None) -> str:
    """Why there is none: ended, no plan, too little data or no traffic figure; else empty."""
    if analysis.ended_at is not None:
        return "ended"
    if analysis.plan is None or analysis.clocks is None:
        return "no plan"
    if not analysis.estimates:
        return "too little data"
    return "no traffic figure" if n_per_day is None else ""


def chance_of_any(chances: Sequence[float], loadings: Sequence[float]) -> float | None:
    """Chance that at least one of several treatments is called.

    They share the baseline, so their evidence is correlated by the product of their ``loadings``
    ``sqrt(n_t / (n_t + n_c))``: a one-factor Gaussian copula, 21 Gauss-Hermite points. Source: Dunnett
    1955. Two halves, correlation 1/2: ``P(X < 0, Y < 0) = 1/4 + asin(1/2)/(2 pi) = 1/3``:

    >>> round(chance_of_any([0.5, 0.5], [0.5**0.5, 0.5**0.5]), 3)
    0.667
    """
    if not chances:
        return None
    if len(chances) == 1:
        return chances[0]
    miss = ndtri(np.clip(1 - np.asarray(chances, dtype=np.float64), 1e-12, 1 - 1e-12))
    load = np.clip(np.asarray(loadings, dtype=np.float64), 0.0, 0.999)
    none = ndtr((miss - load * NODES[:, None]) / np.sqrt(1 - load**2)).prod(axis=1)
    joint = 1 - float(none @ WEIGHTS / WEIGHTS.sum())
    return min(1.0, max(joint, *chances))


def _loading(road: Road) -> float:
    control, treatment = road.n
    return float((treatment / (control + treatment)) ** 0.5)


def _outlook(
    analysis: Analysis, road: Road, horizon: float, n_per_day: float, lag: float
) -> Outlook:
    """The forecast of one treatment over ``horizon`` days from the end of its data."""
    days = horizon * np.linspace(0, 1, POINTS + 1)[1:]
    up, down = passage(road, days)
    better, worse = (up, down) if analysis.metric.goal is Goal.UP else (down, up)
    low, high = (_first_day(road, days, up + down, chance) for chance in (EVEN, SURE))
    observed = observed_range(road, horizon)
    mde = analysis.plan.mde if analysis.plan else 0.0
    good = 1.0 if analysis.metric.goal is Goal.UP else -1.0
    return Outlook(
        treatment_key=road.treatment_key,
        chance=min(1.0, float(up[-1] + down[-1])),
        chance_winner=float(better[-1]),
        chance_loser=float(worse[-1]),
        chance_positive=road.belief.chance_above(0.0),
        chance_worth=chance_worth(road, mde * good),
        days_low=None if low is None else max(0.0, low - lag),
        days_high=None if high is None else max(0.0, high - lag),
        n_low=None if low is None else low * n_per_day,
        n_high=None if high is None else high * n_per_day,
        likely_low=observed[0],
        likely_high=observed[1],
    )


def chance_worth(road: Road, lift: float) -> float:
    """Chance that there is an effect at least as large as ``lift`` and of its sign."""
    belief = road.belief
    if lift >= 0:
        return belief.chance_above(lift)
    return belief.weight * float(ndtr((lift - belief.mean) / belief.sd))


def observed_range(road: Road, days: float, tail: float = 0.1) -> tuple[float | None, float | None]:
    """The 10 % and 90 % points of the lift that will be observed after ``days`` more days.

    Given today ``W`` is then N(W0 + m d, d + V d²) with an effect and N(W0, d) without (statistics 8.4).
    """
    later = float(road.clock(np.array([days]))[0])
    d = max(later - road.u, 0.0)
    scale = road.unit * later
    if scale == 0:
        return None, None
    mean = road.w + road.belief.mean * road.unit * d
    spread = (d + (road.belief.sd * road.unit * d) ** 2) ** 0.5
    ends = [_mixture_point(q, road, mean, spread, d**0.5) / scale for q in (tail, 1 - tail)]
    return min(ends), max(ends)


def _mixture_point(q: float, road: Road, mean: float, spread: float, still: float) -> float:
    """Where the mixture of N(mean, spread²) and N(w, still²) has ``q`` below it; by bisection."""
    if spread <= 0:
        return road.w
    reach = 9 * spread
    low, high = min(mean, road.w) - reach, max(mean, road.w) + reach
    weight = road.belief.weight
    for _ in range(60):
        x = (low + high) / 2
        below = weight * ndtr((x - mean) / spread) + (1 - weight) * ndtr((x - road.w) / still)
        low, high = (x, high) if below < q else (low, x)
    return high


def _first_day(road: Road, days: Floats, chance: Floats, level: float) -> float | None:
    """The first day on which the chance reaches ``level``; None when it does not, 0 when called."""
    if road.called:
        return 0.0
    if chance[-1] < level:
        return None
    return float(np.interp(level, np.append(0.0, chance), np.append(0.0, days)))
