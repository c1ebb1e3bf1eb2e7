"""The line that has to be crossed: tuning, the reserve that never expires, and the table for steady traffic.

Called by ``spending`` and ``evidence`` (live) and by planning and forecasting (table). Clocks: u is the
share of the planned visitors (``h/h*``), s the spending time ``min(u, calendar)``.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from lib.stats.intervals import floats
from lib.stats.results import Floats
from lib.stats.table import TABLE, TABLE_ALPHA, TABLE_U


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """The constants of the decision rule; chosen once by simulation, never after an outcome.

    Args:
        plan_share: part of alpha spent along the plan; the rest is the reserve.
        reserve_share: part of alpha of the reserve.
        exponent: error spent by spending time s is ``plan_share alpha s^exponent``.
        shift: continuous watching between steps, Siegmund 1985 (0.5826), less what holding the line saves.
        start: nothing is called before this spending time.
        full: from this spending time on the plan counts as over (a split is never exact).
        reserve_tuned_at: alpha for which the reserve is tightest at the planned end.
    """

    plan_share: float = 0.95
    reserve_share: float = 0.05
    exponent: float = 1.2
    shift: float = 0.5
    start: float = 0.0025
    full: float = 0.995
    reserve_tuned_at: float = 0.005

    @property
    def rho(self) -> float:
        """Variance of the reserve's mixing drift, tuned to u = 1."""
        return mixture_rho(1.0, self.reserve_tuned_at)


RULE = Rule()


def mixture_rho(tuned_at: float, alpha: float) -> float:
    """Find the rho for which the mixture's line is lowest at u = ``tuned_at``.

    ``tuned_at/(2 log(1/alpha) + log(1 + 2 log(1/alpha)))``. Source: Howard et al. 2021, equation 3.7.

    >>> round(mixture_rho(1.0, 0.005), 5)  # statistics.md 5.3
    0.07664
    """
    two_log = 2 * np.log(1 / alpha)
    return float(tuned_at / (two_log + np.log1p(two_log)))


def mixture_log_e(z: ArrayLike, u: ArrayLike, rho: float) -> Floats:
    """Log evidence of the normal mixture, ``0.5 log(rho/(u+rho)) + 0.5 z² u/(u+rho)``; 0 at u = 0.

    Source: Robbins 1970; Johari et al. 2022.

    >>> round(float(mixture_log_e(0.0, 1.0, 0.07664)), 4)  # confseq normal_log_mixture
    -1.3212
    """
    z, u = floats(z, u)
    with np.errstate(all="ignore"):
        return 0.5 * np.log(rho / (u + rho)) + 0.5 * z**2 * (u / (u + rho))


def mixture_line(u: ArrayLike, alpha: ArrayLike, rho: float) -> Floats:
    """Critical |z| of the normal mixture at u; infinite at u = 0.

    ``sqrt((u+rho)/u (2 log(1/alpha) + log((u+rho)/rho)))``. Source: Howard et al. 2021.

    >>> round(float(mixture_line(1.0, 0.005, 0.07664)), 3)  # confseq normal_mixture_bound
    3.775
    """
    u, alpha = floats(u, alpha)
    with np.errstate(all="ignore"):
        square = (u + rho) / u * (2 * np.log(1 / alpha) + np.log((u + rho) / rho))
        return np.where(u > 0, np.sqrt(square), np.inf)


def table_line(u: ArrayLike, alpha: ArrayLike) -> Floats:
    """Critical |z| of the plan part at planned share ``u`` for plan alpha, steady traffic.

    Between the entries z is linear in log u and z² linear in log alpha; outside the nearest entry stands.

    >>> round(float(table_line(1.0, 0.0475)), 2)  # recursion with 4,000 steps and 1,600 cells
    2.5
    """
    u, alpha = floats(u, alpha)
    log_u = np.log(np.clip(u, TABLE_U[0], 1.0))
    log_a = -np.log(np.clip(alpha, TABLE_ALPHA[-1], TABLE_ALPHA[0]))
    logs_u, logs_a = np.log(TABLE_U), -np.log(TABLE_ALPHA)
    i = np.clip(np.searchsorted(logs_u, log_u, side="right") - 1, 0, len(logs_u) - 2)
    j = np.clip(np.searchsorted(logs_a, log_a, side="right") - 1, 0, len(logs_a) - 2)
    part_u = (log_u - logs_u[i]) / (logs_u[i + 1] - logs_u[i])
    part_a = (log_a - logs_a[j]) / (logs_a[j + 1] - logs_a[j])
    ends = [(TABLE[i, k] + part_u * (TABLE[i + 1, k] - TABLE[i, k])) ** 2 for k in (j, j + 1)]
    return np.asarray(np.sqrt(ends[0] + part_a * (ends[1] - ends[0])))
