"""One treatment against the baseline at one moment: an estimate, or the reason why there is none.

Called by ``analyse`` for every treatment. The line, the p-values and the evidence come from the watch;
belief, losses and single-look figures are added here for show and trigger nothing.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from lib.experiments.model import Experiment, Metric, MetricKind, Plan, Snapshot
from lib.stats.bayes import exact_rates, needs_exact, posterior
from lib.stats.compare import MIN_CONVERTERS, MIN_USERS, MIN_VISITORS, Compared
from lib.stats.multiple import holm
from lib.stats.plan import ALPHA, DEFAULT_MDE
from lib.stats.results import Blocked, BlockedBecause, Comparison, Estimate, Interval, Trace
from lib.stats.road import belief_at


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """What a comparison is made of: row 0 of ``compared`` and the newest row of ``trace``."""

    experiment: Experiment
    metric: Metric
    snapshot: Snapshot
    plan: Plan | None
    compared: Compared
    trace: Trace


def compare_arm(moment: Moment, place: int) -> Comparison:
    """The comparison of the treatment at ``place`` (0: the first treatment)."""
    reason = _blocked(moment, place)
    if reason is not None:
        return Blocked(
            treatment_key=moment.experiment.treatments[place].key,
            control_key=moment.experiment.variants[0].key,
            reason=reason[0],
            unblocked_by=reason[1],
        )
    return _estimate(moment, place)


def _blocked(moment: Moment, place: int) -> tuple[BlockedBecause, str] | None:
    """Why there is no number, and what would bring one; the first reason that fits."""
    control = moment.snapshot.of(moment.experiment.variants[0].key)
    treatment = moment.snapshot.of(moment.experiment.treatments[place].key)
    if moment.metric.kind is MetricKind.LEGACY:
        return BlockedBecause.UNSUPPORTED, "recreating the metric with PostHog's new engine"
    if control is None or treatment is None or control.n + treatment.n == 0:
        return BlockedBecause.NO_DATA, "the first visitors"
    if control.n == 0 or treatment.n == 0:
        return BlockedBecause.EMPTY_ARM, "the first visitor in the empty arm"
    if not moment.compared.sane[0, place]:
        return BlockedBecause.DATA_ERROR, "totals that do not contradict themselves"
    return _too_little(moment, place)


def _too_little(moment: Moment, place: int) -> tuple[BlockedBecause, str] | None:
    compared = moment.compared
    n = float(min(compared.n_c[0, place], compared.n_t[0, place]))
    is_rate = compared.x_c is not None
    needed = MIN_VISITORS if is_rate else MIN_USERS
    if n < needed:
        return BlockedBecause.TOO_FEW, f"{needed} visitors in each arm"
    information = float(compared.information[0, place])
    if not information > 0:
        return BlockedBecause.ZERO_VARIANCE, "values that differ between visitors"
    if not compared.enough[0, place]:
        what = f"{MIN_CONVERTERS} converters and {MIN_CONVERTERS} others over both arms"
        return BlockedBecause.TOO_FEW, what if is_rate else "values that differ within each arm"
    if moment.plan is None:
        return BlockedBecause.TOO_FEW, "a first full day of visitors, from which the plan is made"
    if not (np.isfinite(moment.trace.z[-1, place]) and np.isfinite(moment.trace.z_crit[-1, place])):
        return BlockedBecause.TOO_FEW, "a little more of the planned time and visitors"
    return None


def _estimate(moment: Moment, place: int) -> Estimate:
    compared, trace = moment.compared, moment.trace
    z, line = float(trace.z[-1, place]), float(trace.z_crit[-1, place])
    p_now, p_always = _one(trace.p_now[-1, place]), _one(trace.p_always[-1, place])
    low, high = (float(end[0, place]) for end in compared.absolute(trace.z_crit[-1:]))
    alpha = moment.plan.alpha if moment.plan else ALPHA
    base = float(compared.control_value[0, place])
    lift = float(trace.lift[-1, place])
    belief = belief_at(compared, place, moment.plan.mde if moment.plan else DEFAULT_MDE)
    chance, loss_ship, loss_keep = chances(compared, place)
    return Estimate(
        treatment_key=moment.experiment.treatments[place].key,
        control_key=moment.experiment.variants[0].key,
        control_value=base,
        treatment_value=float(compared.treatment_value[0, place]),
        difference=float(compared.difference[0, place]),
        difference_interval=Interval(low=low, high=high, level=1 - alpha),
        lift=lift if np.isfinite(lift) else None,
        interval=_interval(trace.low[-1, place], trace.high[-1, place], 1 - alpha),
        single_look=_interval(trace.single_low[-1, place], trace.single_high[-1, place], 0.95),
        z=z,
        z_crit=line,
        progress=abs(z) / line,
        evidence=float(np.nan_to_num(trace.evidence[-1, place])),
        evidence_now=float(
            1 - holm(np.where(np.isnan(trace.p_now[-1]), 1.0, trace.p_now[-1]))[place]
        ),
        p_always=p_always,
        p_now=p_now,
        p_value=_one(compared.p_value[0, place]),
        chance_to_win=chance,
        loss_ship=loss_ship,
        loss_keep=loss_keep,
        likely_lift=belief.expected if belief else None,
        likely_interval=belief.interval(1 - alpha) if belief else None,
        chance_wrong=belief.chance_wrong if belief else 1.0,
        variance_reduction=_reduction(compared, place),
    )


def chances(compared: Compared, place: int) -> tuple[float, float, float]:
    """Chance to win and the expected lifts lost by shipping and by keeping, under a flat prior.

    Exact for rates with few converters. Without a lift (a baseline that cannot be told from zero) the
    losses are in units of the value.
    """
    at = (0, place)
    base, lift = float(compared.control_value[at]), float(compared.lift[at])
    if compared.x_c is not None and compared.x_t is not None:
        counts = tuple(
            float(x[at]) for x in (compared.x_c, compared.n_c, compared.x_t, compared.n_t)
        )
        exact = exact_rates(*counts) if needs_exact(*counts) else None
        if exact is not None:
            scale = base if base > 0 else 1.0
            return exact[0], max(exact[1], 0.0) / scale, max(exact[2], 0.0) / scale
    v_c, v_t = float(compared.variance_c[at]), float(compared.variance_t[at])
    variance, middle = v_c + v_t, float(compared.difference[at])
    if np.isfinite(lift):
        variance, middle = (v_t + (1 + lift) ** 2 * v_c) / base**2, lift
    found = posterior(middle, variance)
    return (
        float(found.chance_to_win),
        max(float(found.loss_ship), 0.0),
        max(float(found.loss_keep), 0.0),
    )


def _reduction(compared: Compared, place: int) -> float:
    saved = compared.variance_reduction
    return 0.0 if saved is None else max(0.0, float(saved[0, place]))


def _one(p: float) -> float:
    """A p-value; 1 while there is none."""
    return float(p) if np.isfinite(p) else 1.0


def _interval(low: float, high: float, level: float) -> Interval | None:
    """None when an end is unknown; an infinite end stays."""
    if np.isnan(low) or np.isnan(high):
        return None
    return Interval(low=float(low), high=float(high), level=level)
