"""The road ahead of one treatment: where its evidence stands, the line before it, the chance to reach it.

Called by ``forecast`` and ``whatif`` only. Units of statistics 8: ``W = Z sqrt(u)`` moves on the visitors
clock u like a Brownian motion whose drift is ``unit`` times the true lift. Everything is closed form.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import log_ndtr, ndtr

from lib.experiments.model import Variant
from lib.stats.belief import Belief, believe
from lib.stats.boundary import RULE, Rule, mixture_line, table_line
from lib.stats.compare import Compared, compare
from lib.stats.results import Analysis, Estimate, Floats
from lib.stats.series import series_of
from lib.stats.verdict import standing_calls

NODES, WEIGHTS = np.polynomial.hermite_e.hermegauss(21)
WEIGHTS = WEIGHTS / WEIGHTS.sum()
ANCHOR = 0.3  # the straight line meets the curved one here and at the far end (statistics 8.3)
FINE = 4000


@dataclass(frozen=True, slots=True, kw_only=True)
class Road:
    """One treatment today and how its clocks go on.

    Args:
        treatment_key: the arm.
        w: evidence ``Z sqrt(u)`` now.
        u: visitors clock now.
        e: calendar clock now, of the data.
        unit: drift per unit of lift.
        belief: about the true lift, now.
        alpha: two-sided error this treatment may spend.
        days: planned duration.
        n: visitors now, (control, treatment).
        rate: visitors a day, (control, treatment).
        h_star: planned ``N_c N_t / (N_c + N_t)``.
        called: +1 or -1 when it is called already, in the direction of the call; else 0.
    """

    treatment_key: str
    w: float
    u: float
    e: float
    unit: float
    belief: Belief
    alpha: float
    days: float
    n: tuple[float, float]
    rate: tuple[float, float]
    h_star: float
    called: int = 0

    def clock(self, days: Floats) -> Floats:
        """The visitors clock after ``days`` more days."""
        control, treatment = (n + r * days for n, r in zip(self.n, self.rate, strict=True))
        return control * treatment / (control + treatment) / self.h_star

    @property
    def full_on(self) -> float:
        """Days until both clocks are full, from then on only the reserve can call; 0: they are."""
        (c, t), (rc, rt) = self.n, self.rate
        constant = c * t - self.h_star * (c + t)
        if constant >= 0:
            by_visitors = 0.0
        elif rc * rt <= 0:
            by_visitors = math.inf
        else:
            half = (c * rt + t * rc - self.h_star * (rc + rt)) / (2 * rc * rt)
            by_visitors = -half + math.sqrt(half**2 - constant / (rc * rt))
        return max(by_visitors, (1 - self.e) * self.days, 0.0)

    def line(self, days: Floats, *, is_open: bool) -> Floats:
        """The line in units of W after ``days`` more days; ``is_open``: the plan part can still call."""
        u = self.clock(days)
        line = mixture_line(u, RULE.reserve_share * self.alpha, RULE.rho)
        if is_open:
            s = np.minimum(u, self.e + days / self.days)
            line = np.minimum(line, table_line(np.minimum(s, 1), RULE.plan_share * self.alpha))
        return np.asarray(line * np.sqrt(u), dtype=np.float64)


@dataclass(frozen=True, slots=True, kw_only=True)
class Stretch:
    """A straight line over part of the road: ``height + slope t`` for t in (0, d); shapes broadcast."""

    d: Floats
    height: Floats
    slope: Floats

    def crossed(self, w: Floats, drifts: Floats) -> tuple[Floats, Floats]:
        """Chance to reach the upper and the lower line from ``w`` with each drift."""
        up = _crossing(drifts, self.slope, self.height - w, self.d)
        down = _crossing(-drifts, self.slope, self.height + w, self.d)
        total = np.maximum(up + down, 1.0)
        return up / total, down / total

    def kept(self, w: Floats, x: Floats) -> Floats:
        """Chance that a path from ``w`` to ``x`` met neither line (the two taken as independent)."""
        end = self.height + self.slope * self.d
        upper = 2 * np.maximum(self.height - w, 0) * np.maximum(end - x, 0) / self.d
        lower = 2 * np.maximum(self.height + w, 0) * np.maximum(end + x, 0) / self.d
        return np.asarray(np.expm1(-upper) * np.expm1(-lower), dtype=np.float64)


def passage(road: Road, days: Floats) -> tuple[Floats, Floats]:
    """Chance to cross the line upwards and downwards within ``days`` (rising, > 0) more days.

    Beyond the day on which the plan part ends the paths that met no line until then go on to the
    reserve. Source: statistics 8.3; straight-line boundary of Siegmund 1985, eq. 3.15.
    """
    if road.called:
        sure = np.ones(days.shape)
        return (sure, 0 * sure) if road.called > 0 else (0 * sure, sure)
    full_on = road.full_on
    drifts, weights = _drifts(road)
    on = np.minimum(days, full_on) if full_on > 0 else days
    first = _stretch(road, 0.0, on, is_open=full_on > 0)
    up, down = first.crossed(np.array(road.w), drifts)
    late = (days > full_on) & (full_on > 0)
    if late.any():
        more = _overtime(road, full_on, days[late], drifts)
        up[late], down[late] = up[late] + more[0], down[late] + more[1]
    moves = (road.clock(days) - road.u > 1e-12)[:, None]
    above, below = _mean(up, weights, moves), _mean(down, weights, moves)
    total = np.maximum(above + below, 1.0)
    return above / total, below / total


def _stretch(road: Road, begin: float, days: Floats, *, is_open: bool) -> Stretch:
    """The straight line from day ``begin`` to each of ``days``, through the true one at 0.3 and the end."""
    d = np.maximum(road.clock(days) - road.clock(np.array(begin)), 1e-12)
    far = road.line(days, is_open=is_open)
    near = road.line(begin + ANCHOR * (days - begin), is_open=is_open)
    slope = (far - near) / ((1 - ANCHOR) * d)
    return Stretch(d=d[:, None], height=(far - slope * d)[:, None], slope=slope[:, None])


def _overtime(road: Road, full_on: float, days: Floats, drifts: Floats) -> tuple[Floats, Floats]:
    """Chance to meet no line until the plan part ends and the reserve after it, (days, drifts)."""
    first = _stretch(road, 0.0, np.array([full_on]), is_open=True)
    second = _stretch(road, full_on, days, is_open=False)
    d = float(first.d[0, 0])
    x = road.w + drifts * d + math.sqrt(d) * NODES[:, None]  # (points, drifts)
    kept = first.kept(np.array(road.w), x) * WEIGHTS[:, None]
    wide = Stretch(d=second.d[:, None], height=second.height[:, None], slope=second.slope[:, None])
    up, down = wide.crossed(x, drifts)
    return (kept * up).sum(axis=1), (kept * down).sum(axis=1)


def called_by(
    u: float,
    theta: float,
    alpha: float,
    rule: Rule = RULE,
    line_at: Callable[[Floats, float], Floats] = table_line,
) -> float:
    """Chance to be called by the clock u (0..1) from the start, for a drift ``theta`` (statistics 8.2).

    ``F(u) = integral_0^u alpha_H k s^(k-1) cosh(theta b(s)) exp(-theta² s / 2) ds``, k the exponent: the
    error spent at s, weighed by the likelihood ratio at the line ``b(s) = z(s) sqrt(s)``.
    """
    x = (np.arange(FINE) + 0.5) / FINE
    s = u * x**2
    line = line_at(s, rule.plan_share * alpha) * np.sqrt(s)
    # cosh(theta b) exp(-theta² s / 2) in logs: either factor alone may overflow
    pull = abs(theta) * line
    ratio = np.exp(pull - theta**2 * s / 2) * (1 + np.exp(-2 * pull)) / 2
    density = rule.exponent * s ** (rule.exponent - 1) * ratio
    spent = rule.plan_share * alpha * np.sum(density * 2 * u * x / FINE)
    # the table is flat before its first share, which loses huge drifts; beyond the line at u is called
    beyond = ndtr(abs(theta) * math.sqrt(u) - line_at(np.array([u]), rule.plan_share * alpha)[0])
    return float(np.clip(max(spent, beyond), 0.0, 1.0))


def miss_by_design(road: Road, mde: float) -> float:
    """Chance that a true lift of ``mde`` would not have been called by now."""
    s = min(road.u, road.e, 1.0)
    if s <= 0:
        return 1.0
    return 1 - called_by(s, abs(road.unit) * mde * math.sqrt(road.u / s), road.alpha)


def compared_now(analysis: Analysis) -> Compared:
    """The comparison of the analysis' own snapshot, treatments in order, one row."""
    arms = [
        Variant(key=a.variant_key, name=a.variant_key, share=a.planned_share) for a in analysis.arms
    ]
    return compare(analysis.metric.kind, series_of([analysis.snapshot], arms))


def roads_of(
    analysis: Analysis,
    n_per_day: float,
    *,
    mde: float | None = None,
    alpha: float | None = None,
) -> tuple[Road, ...]:
    """The road of every treatment that has numbers.

    The error is shared by the treatments still open, as Holm's steps do.

    Args:
        analysis: with a plan and clocks.
        n_per_day: visitors a day over all arms; they arrive in the planned shares.
        mde: another smallest lift worth detecting; None: the plan's.
        alpha: another threshold; None: the plan's.
    """
    plan, clocks = analysis.plan, analysis.clocks
    if plan is None or clocks is None or not analysis.estimates:
        return ()
    called = {call.treatment_key: call.direction for call in standing_calls(analysis.calls)}
    n_open = max(1, len(analysis.comparisons) - len(called))
    now = compared_now(analysis)
    shares = _shares(analysis)
    roads = []
    for place, estimate in enumerate(analysis.comparisons, start=1):
        if not isinstance(estimate, Estimate):
            continue
        belief = belief_at(now, place - 1, plan.mde if mde is None else mde)
        u = clocks.u[place - 1]
        if belief is None or u <= 0:
            continue
        planned = (plan.n_per_arm[0], plan.n_per_arm[place])
        roads.append(
            Road(
                treatment_key=estimate.treatment_key,
                w=estimate.z * math.sqrt(u),
                u=u,
                e=clocks.e,
                unit=float(now.control_value[0, place - 1] / _error(now, place - 1)) / math.sqrt(u),
                belief=belief,
                alpha=(plan.alpha if alpha is None else alpha) / n_open,
                days=plan.days,
                n=(float(now.n_c[0, place - 1]), float(now.n_t[0, place - 1])),
                rate=(n_per_day * shares[0], n_per_day * shares[place]),
                h_star=planned[0] * planned[1] / sum(planned),
                called=called.get(estimate.treatment_key, 0),
            )
        )
    return tuple(roads)


def belief_at(compared: Compared, place: int, mde: float) -> Belief | None:
    """The belief about one treatment's lift; None while a lift has no meaning."""
    base, error = float(compared.control_value[0, place]), _error(compared, place)
    if not (
        error > 0 and math.isfinite(error) and math.isfinite(compared.lift[0, place]) and mde > 0
    ):
        return None
    scaled = error / base
    return believe(float(compared.difference[0, place]) / base, scaled * scaled, mde)


def _error(compared: Compared, place: int) -> float:
    """Standard error of the difference that the decision rule uses: pooled for rates."""
    h, information = float(compared.h[0, place]), float(compared.information[0, place])
    return math.sqrt(information) / h if h > 0 and information > 0 else math.nan


def _shares(analysis: Analysis) -> list[float]:
    total = sum(arm.planned_share for arm in analysis.arms)
    if total <= 0:
        return [1 / len(analysis.arms)] * len(analysis.arms)
    return [arm.planned_share / total for arm in analysis.arms]


def _mean(chance: Floats, weights: Floats, moves: NDArray[np.bool_]) -> Floats:
    found: Floats = np.where(moves, chance, 0.0) @ weights
    return np.asarray(np.maximum.accumulate(np.clip(found, 0.0, 1.0)), dtype=np.float64)


def _drifts(road: Road) -> tuple[Floats, Floats]:
    """Points and weights of the belief about the drift: Gauss-Hermite for an effect, 0 for none."""
    mean, sd = road.belief.mean * road.unit, road.belief.sd * abs(road.unit)
    weight = road.belief.weight
    return np.append(mean + sd * NODES, 0.0), np.append(weight * WEIGHTS, 1 - weight)


def _crossing(drift: Floats, slope: Floats, gap: Floats, d: Floats) -> Floats:
    """Chance that a Brownian motion with drift reaches ``gap + slope t`` before time ``d``."""
    root, pull = np.sqrt(d), drift - slope
    direct = ndtr((pull * d - gap) / root)
    mirrored = np.exp(np.minimum(2 * pull * gap + log_ndtr((-gap - pull * d) / root), 0.0))
    return np.asarray(np.where(gap <= 0, 1.0, np.minimum(direct + mirrored, 1.0)), dtype=np.float64)
