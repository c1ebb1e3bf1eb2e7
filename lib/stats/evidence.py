"""From z and clocks to evidence: the always-valid p, its running minimum, Holm, the line, the call.

Called by ``watch`` for one experiment and by the benches for thousands at once: lanes are (experiments,
treatments). Never looks at a clock or a count; the caller says which looks count.
"""

from __future__ import annotations

import copy
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lib.stats.boundary import RULE, Rule, mixture_line, mixture_log_e
from lib.stats.compare import Compared
from lib.stats.multiple import holm
from lib.stats.results import Floats
from lib.stats.spending import Spending

Bools = NDArray[np.bool_]
Hours = tuple[Floats, Bools]
HOUR_S = 3600.0
LADDER = (0.5, 0.1, 5e-3, 1e-4, 1e-6, 1e-10)


def ladder(
    alpha: float, treatments: int, rule: Rule = RULE, between: Sequence[float] = LADDER
) -> Floats:
    """Plan alphas for which the line is kept: a fixed ladder and every step of Holm, falling."""
    own = {rule.plan_share * alpha / k for k in range(1, treatments + 1)}
    return np.array(sorted({*between, *own}, reverse=True))


def plan_p(z: Floats, lines: Floats, levels: Floats) -> Floats:
    """The smallest plan alpha whose line ``|z|`` reaches; log alpha is linear in z² between the lines.

    Args:
        z: shape (...).
        lines: critical values, shape (..., L), rising.
        levels: their alphas, falling.

    Returns:
        1 below the first line; the last alpha beyond the last.

    Between |z| = 2 (alpha 0.1) and 3 (0.01), at z² = 6.5 half way from 4 to 9, by hand: sqrt(0.1 x 0.01):

    >>> p = plan_p(np.array([6.5**0.5]), np.array([[2.0, 3.0]]), np.array([0.1, 0.01]))
    >>> round(float(p[0]), 6)
    0.031623
    """
    size = np.abs(z)[..., None]
    reached = (size >= lines).sum(axis=-1)
    below = np.clip(reached - 1, 0, len(levels) - 1)
    above = np.clip(reached, 0, len(levels) - 1)
    low = np.take_along_axis(lines, below[..., None], -1)[..., 0]
    high = np.take_along_axis(lines, above[..., None], -1)[..., 0]
    logs = np.log(levels)
    with np.errstate(all="ignore"):
        part = (z**2 - low**2) / (high**2 - low**2)
        p = np.exp(
            logs[below] + np.where(np.isfinite(part), part, 0.0) * (logs[above] - logs[below])
        )
    return np.where(reached == 0, 1.0, np.where(reached == len(levels), levels[-1], p))


@dataclass(frozen=True, slots=True, kw_only=True)
class Looks:
    """What ``Evidence`` is fed: arrays (T, B, M), but ``is_step`` (T,), the first rows of their hours.

    ``counts``: the look enters the minimum and may call. ``s`` is the spending time, ``u`` the visitors clock.
    """

    z: Floats
    information: Floats
    u: Floats
    s: Floats
    counts: Bools
    is_step: Bools
    hour: Floats | None = None  # (T,) clock hour of each row; None: rows in every hour


def looks_of(
    compared: Compared, clocks: tuple[Floats, Floats], healthy: Bools, hours: Hours, rule: Rule
) -> Looks:
    """Decide which looks count (section 9: neither ``no_data`` nor ``srm`` nor ``too_early``).

    Args:
        compared: shape (T, M) for one experiment or (T, B, M) for many.
        clocks: visitors clock u and spending time s, same shape; NaN without a plan.
        healthy: no sample ratio alarm and no data error, one for all treatments, (T,) or (T, B).
        hours: of the rows, see ``hours_of``.
        rule: constants of the decision rule.
    """
    u, s = clocks
    known = (compared.n_c > 0) & (compared.n_t > 0) & np.isfinite(compared.z)
    ready = compared.sane & compared.enough & (s >= rule.start)
    counts = np.asarray(known & ready & healthy[..., None])
    s = np.where(s >= rule.full, 1.0, s)
    z, information = compared.z, compared.information
    if z.ndim == 2:
        z, information, u, s = (a[:, None] for a in (z, information, u, s))
        counts = counts[:, None]
    hour, is_step = hours
    return Looks(z=z, information=information, u=u, s=s, counts=counts, is_step=is_step, hour=hour)


def clocks_of(
    h: Floats, elapsed_days: Floats, n_per_arm: Floats, days: float
) -> tuple[Floats, Floats]:
    """Visitors clock ``u = h/h*`` and spending time ``min(u, elapsed/days)``; NaN for an empty plan.

    ``h`` has the treatments last and moments first; ``elapsed_days`` is (T,).
    """
    with np.errstate(all="ignore"):
        h_plan = n_per_arm[0] * n_per_arm[1:] / (n_per_arm[0] + n_per_arm[1:])
        u = np.where(h_plan > 0, h / h_plan, np.nan)
    calendar = np.maximum(elapsed_days, 0.0) / days
    return u, np.minimum(u, calendar.reshape(-1, *[1] * (h.ndim - 1)))


def hours_of(as_of: Floats, last_at: float = -np.inf) -> Hours:
    """Clock hour of each row and whether it is the first of it, (T,); ``last_at``: the row before."""
    hours = np.floor(np.concatenate([[last_at], as_of]) / HOUR_S)
    return hours[1:], np.asarray(hours[1:] > hours[:-1])


@dataclass(frozen=True, slots=True, kw_only=True)
class Course:
    """What ``Evidence`` answers, arrays (T, B, M); NaN where there is no number yet."""

    information: Floats
    z_crit: Floats
    p_now: Floats
    p_always: Floats
    evidence: Floats
    is_minimum: Bools  # a new minimum of the always-valid p


class Evidence:
    """The running state of one batch of experiments.

    ``p_now = min(1, p_plan/0.95, p_reserve/0.05)``: the plan part spends ``0.95 alpha s^1.2`` on observed
    information (Lan & DeMets 1983), the reserve is a normal mixture that never expires (Robbins 1970); their
    errors add up to alpha. The always-valid p is the running minimum, evidence is one minus its Holm.

    A single look half way through the plan; the line for 0.95 x 5 % x 0.5^1.2 spent at once is
    ``norm.isf(0.0475 * 0.5**1.2 / 2)`` = 2.3139 in scipy:

    >>> one = np.ones((1, 1, 1))
    >>> looks = Looks(z=2.4 * one, information=one, u=0.5 * one, s=0.5 * one, counts=one > 0,
    ...     is_step=np.array([True]))
    >>> course = Evidence((1, 1)).extend(looks)
    >>> round(float(course.z_crit[0, 0, 0]), 2), bool(course.evidence[0, 0, 0] > 0.95)
    (2.31, True)

    Args:
        shape: (experiments, treatments).
        alpha: error allowed per experiment, all treatments together.
        rule: constants of the decision rule.
        between: further alphas, for p-values beside the steps of Holm; calls do not depend on them.
    """

    def __init__(
        self,
        shape: tuple[int, int],
        alpha: float = 0.05,
        rule: Rule = RULE,
        between: Sequence[float] = LADDER,
    ) -> None:
        self.alpha = alpha
        self.rule = rule
        self.treatments = max(shape[1], 1)
        self.levels = ladder(self.alpha, self.treatments, rule, between)
        own = rule.plan_share * self.alpha / self.treatments
        self.decisive = int(np.flatnonzero(self.levels == own)[0])
        self.spending = Spending(shape, self.levels, rule)
        self.information = np.zeros(shape)
        self.hours_seen = 0
        self.p_always = np.full(shape, np.nan)

    def copy(self) -> Evidence:
        """An independent state."""
        twin = copy.copy(self)
        twin.spending = self.spending.copy()
        twin.information = self.information.copy()
        twin.p_always = self.p_always.copy()
        return twin

    def extend(self, looks: Looks) -> Course:
        """Feed looks in order and answer what was known at each of them."""
        lines, segment, information = self._walk(looks)
        lane_lines = lines[segment]
        p_plan = plan_p(looks.z, lane_lines, self.levels)
        rho = self.rule.rho
        with np.errstate(all="ignore"):
            log_e = mixture_log_e(looks.z, np.nan_to_num(looks.u), rho)
            p_reserve = np.exp(-np.maximum(log_e, 0.0))
            shares = p_plan / self.rule.plan_share, p_reserve / self.rule.reserve_share
            p_now = np.minimum(1.0, np.minimum(*shares))
        p_now = np.where(looks.counts & np.isfinite(looks.z), p_now, np.nan)
        reserve = self.rule.reserve_share * self.alpha / self.treatments
        z_crit = np.minimum(
            lane_lines[..., self.decisive], mixture_line(np.nan_to_num(looks.u), reserve, rho)
        )
        p_always, is_minimum = self._run_minimum(p_now)
        seen = np.isfinite(p_always)
        evidence = 1 - holm(np.where(seen, p_always, 1.0))
        return Course(
            information=information,
            z_crit=np.where(np.isfinite(looks.u) & np.isfinite(z_crit), z_crit, np.nan),
            p_now=p_now,
            p_always=p_always,
            evidence=np.where(seen, evidence, np.nan),
            is_minimum=is_minimum,
        )

    def _walk(self, looks: Looks) -> tuple[Floats, NDArray[np.intp], Floats]:
        """Offer every first row of an hour to the recursion: lines (S, B, M, L) and which holds when.

        Information is a running maximum over those rows, so that rows thinned away leave no trace.
        """
        seen = np.where(looks.counts & (looks.information > 0), looks.information, 0.0)
        stepped = np.where(looks.is_step[:, None, None], seen, 0.0)
        base = np.maximum.accumulate(np.concatenate([self.information[None], stepped]))
        information = np.maximum(base[:-1], seen)
        self.information = base[-1]
        usable = looks.counts & (looks.s >= self.rule.start) & (information > 0)
        with np.errstate(divide="ignore"):
            log_information = np.log(information)
        self.spending.close()
        starts, lines = [0], [self.spending.line.copy()]
        highest = np.where(usable, log_information, -np.inf).max(axis=(1, 2), initial=-np.inf)
        ending = np.asarray((usable & (looks.s >= 1)).any(axis=(1, 2)))
        waits_for = self.spending.waits_for()
        seen_before = self.hours_seen + np.cumsum(looks.is_step) - looks.is_step
        self.hours_seen += int(looks.is_step.sum())
        hour = np.zeros(len(looks.z)) if looks.hour is None else looks.hour
        for t in np.flatnonzero(looks.is_step & usable.any(axis=(1, 2))).tolist():
            if highest[t] < waits_for and not ending[t]:
                continue
            at = float(hour[t]), float(seen_before[t])
            if self.spending.step(log_information[t], looks.s[t], usable[t], at):
                waits_for = self.spending.waits_for()
                starts.append(t)
                lines.append(self.spending.line.copy())
                if self.spending.close():
                    starts.append(t + 1)
                    lines.append(self.spending.line.copy())
        moments = np.arange(len(looks.z))
        segment = np.searchsorted(np.array(starts), moments, side="right") - 1
        return np.array(lines), segment, information

    def _run_minimum(self, p_now: Floats) -> tuple[Floats, Bools]:
        """Running minimum over the looks that count, carried on from before; NaN before the first."""
        start = np.where(np.isnan(self.p_always), np.inf, self.p_always)
        stacked = np.concatenate([start[None], np.where(np.isnan(p_now), np.inf, p_now)])
        lowest = np.minimum.accumulate(stacked, axis=0)
        is_minimum = lowest[1:] < lowest[:-1]
        self.p_always = np.where(np.isfinite(lowest[-1]), lowest[-1], np.nan)
        return np.where(np.isfinite(lowest[1:]), lowest[1:], np.nan), is_minimum
