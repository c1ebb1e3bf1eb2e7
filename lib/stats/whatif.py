"""What if it is stopped now, in some days, at the planned end; with other traffic, effect or threshold.

Called by the copilot and the what-if panel. Every row is read off the road the forecast drives on, so the
chance at the planned end is the forecast's own. It assumes: visitors arrive as in the last week (times
``traffic``), the effect is as now believed, not as now observed. It advises nothing and decides nothing.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from scipy.special import ndtr

from lib.experiments.model import Goal
from lib.stats.forecast import POINTS, chance_worth, observed_range, why_no_forecast
from lib.stats.results import Analysis, Floats, Scenario, WhatIf
from lib.stats.road import Road, passage, roads_of

NOW, LATER, PLANNED_END = "now", "later", "planned_end"
REACH = 9.0  # standard deviations
LEGENDRE, LEGENDRE_WEIGHTS = np.polynomial.legendre.leggauss(60)


def what_if(
    analysis: Analysis,
    *,
    n_per_day: float | None,
    stops_days: Sequence[float] = (0, 3, 7),
    traffic: float = 1.0,
    mde: float | None = None,
    alpha: float | None = None,
    treatment_key: str | None = None,
) -> WhatIf | None:
    """One row a stop and the planned end last, for one treatment; None while there is no forecast.

    Args:
        analysis: of the primary metric.
        n_per_day: effective daily visitors over all arms, before ``traffic``.
        stops_days: days from the newest data, at least 0.
        traffic: factor on the visitors a day, e.g. 2.0.
        mde: another smallest lift worth detecting; it changes what is believed.
        alpha: another threshold, e.g. 0.1, as if it had been chosen before the start.
        treatment_key: which arm; None: the one the verdict speaks of, else the one nearest its line.

    Returns:
        Labels of the rows are ``now``, ``later`` and ``planned_end``; after the plan that last row is
        missing.
    """
    plan, clocks = analysis.plan, analysis.clocks
    if n_per_day is None or why_no_forecast(analysis, n_per_day) or plan is None or clocks is None:
        return None
    if not (_is_positive(traffic) and all(math.isfinite(d) and d >= 0 for d in stops_days)):
        return None
    per_day = n_per_day * traffic
    road = _chosen(analysis, roads_of(analysis, per_day, mde=mde, alpha=alpha), treatment_key)
    if road is None:
        return None
    end = (1 - clocks.e) * plan.days
    rows = [(NOW if days == 0 else LATER, float(days)) for days in stops_days]
    rows += [(PLANNED_END, end)] if end > 0 else []
    good = 1.0 if analysis.metric.goal is Goal.UP else -1.0
    up, down = _chances(road, [days for _, days in rows], max(end, 0.0))
    better, worse = (up, down) if good > 0 else (down, up)
    return WhatIf(
        treatment_key=road.treatment_key,
        scenarios=tuple(
            _scenario(road, good, row, per_day, (better[i], worse[i])) for i, row in enumerate(rows)
        ),
        n_per_day=per_day,
        mde=plan.mde if mde is None else mde,
        missed=chance_worth(road, good * (plan.mde if mde is None else mde)),
        alpha=plan.alpha if alpha is None else alpha,
    )


def _is_positive(value: float) -> bool:
    return math.isfinite(value) and value > 0


def _chosen(analysis: Analysis, roads: Sequence[Road], treatment_key: str | None) -> Road | None:
    """The road asked for, else that of the verdict's arm, else the one nearest its line."""
    wanted = treatment_key or analysis.verdict.treatment_key
    for road in roads:
        if road.treatment_key == wanted:
            return road
    if treatment_key is not None:
        return None
    return max(roads, key=lambda road: abs(road.w) / math.sqrt(road.u), default=None)


def _chances(road: Road, days: Sequence[float], end: float) -> tuple[list[float], list[float]]:
    """Chance to be called upwards and downwards within each of ``days``, on the forecast's own grid."""
    grid = end * np.linspace(0, 1, POINTS + 1)[1:] if end > 0 else np.empty(0)
    moments = np.unique(np.append(grid, [d for d in days if d > 0]))
    if road.called or not moments.size:
        called = (float(road.called > 0), float(road.called < 0))
        return [called[0]] * len(days), [called[1]] * len(days)
    up, down = passage(road, moments)
    places = [int(np.searchsorted(moments, d)) if d > 0 else -1 for d in days]
    return (
        [float(up[i]) if i >= 0 else 0.0 for i in places],
        [float(down[i]) if i >= 0 else 0.0 for i in places],
    )


def _scenario(
    road: Road,
    good: float,
    row: tuple[str, float],
    per_day: float,
    chances: tuple[float, float],
) -> Scenario:
    label, days = row
    low, high = observed_range(road, days)
    wrong, loss_ship, loss_keep = price_of_deciding(road, days, good)
    return Scenario(
        label=label,
        days=days,
        n_more=per_day * days,
        chance_better=chances[0],
        chance_worse=chances[1],
        chance_open=max(0.0, 1 - sum(chances)),
        chance_ship_worse=wrong,
        likely_low=low,
        likely_high=high,
        loss_ship=loss_ship,
        loss_keep=loss_keep,
    )


def price_of_deciding(road: Road, days: float, good: float) -> tuple[float, float, float]:
    """What it costs to take, after ``days``, the arm that is then in front.

    Args:
        road: of the treatment.
        days: from the newest data.
        good: +1 when more is better, -1 when less is.

    Returns:
        Chance that the arm taken is truly the worse one; expected lift lost by shipping the treatment when it
        is then in front; by keeping the baseline when that is in front.
    """
    lifts, weights = _effects(road)
    d = max(float(road.clock(np.array([days]))[0]) - road.u, 0.0)
    drift = good * road.unit * lifts
    in_front = _in_front(good * road.w + drift * d, d)
    is_good, size = drift > 0, np.abs(lifts)
    ship_wrong, keep_wrong = in_front * ~is_good, (1 - in_front) * is_good
    return (
        float((ship_wrong + keep_wrong) @ weights),
        float((ship_wrong * size) @ weights),
        float((keep_wrong * size) @ weights),
    )


def _in_front(mean: Floats, d: float) -> Floats:
    """Chance that evidence N(mean, d) is positive; a tie counts half."""
    if d > 0:
        return np.asarray(ndtr(mean / math.sqrt(d)), dtype=np.float64)
    return np.asarray(0.5 * (1 + np.sign(mean)), dtype=np.float64)


def _effects(road: Road) -> tuple[Floats, Floats]:
    """Points and weights of the believed lift, the part that is not zero; split at zero for the kink."""
    belief = road.belief
    low, high = belief.mean - REACH * belief.sd, belief.mean + REACH * belief.sd
    inner = [0.0] if low < 0 < high else []
    edges = np.array([low, *inner, high])
    half = np.diff(edges)[:, None] / 2
    lifts = (edges[:-1, None] + half * (LEGENDRE + 1)).ravel()
    density = np.exp(-0.5 * ((lifts - belief.mean) / belief.sd) ** 2)
    weights = density / (belief.sd * math.sqrt(2 * math.pi)) * (half * LEGENDRE_WEIGHTS).ravel()
    return lifts, belief.weight * weights
