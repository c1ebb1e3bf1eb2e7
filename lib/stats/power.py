"""Power and size of a single look, and the chance of an end point given today; textbook planning.

Called by planning, by the expert panel and by tests. The dashboard's own forecast is in ``forecast``; these
are the yardsticks it is measured against.
"""

from __future__ import annotations

import numpy as np
from scipy import optimize, special

from lib.stats.intervals import critical_value
from lib.stats.sequential import confidence_sequence


def two_sided_power(distance: float, k: float) -> float:
    """Chance that |Z| exceeds k when Z is N(distance, 1).

    >>> round(two_sided_power(2.801585, 1.959964), 6)  # statsmodels NormalIndPower at 80 %
    0.800001
    """
    return float(special.ndtr(distance - k) + special.ndtr(-distance - k))


def fixed_power(baseline: float, lift: float, n_per_arm: float, alpha: float = 0.05) -> float:
    """Power of one look at two rates, unpooled variances, both directions counted.

    >>> round(fixed_power(0.04, 0.05, 77150.37437529014), 6)  # statsmodels NormalIndPower().power
    0.508439
    """
    q = baseline * (1 + lift)
    error = np.sqrt((baseline * (1 - baseline) + q * (1 - q)) / n_per_arm)
    return two_sided_power(abs(q - baseline) / error, float(critical_value(alpha)))


def fixed_size(baseline: float, lift: float, alpha: float = 0.05, power: float = 0.8) -> float:
    """Visitors per arm for which ``fixed_power`` is ``power``; lift must not be 0.

    >>> round(fixed_size(0.04, 0.05))  # statsmodels zt_ind_solve_power
    154301
    """
    low = 1.0
    high = 2.0
    while fixed_power(baseline, lift, high, alpha) < power:
        low, high = high, high * 4
    gap = lambda n: fixed_power(baseline, lift, n, alpha) - power  # noqa: E731 - one line, used once
    return float(optimize.brentq(gap, low, high, xtol=1e-9 * high))


def end_point_chance(w: float, u: float, u_end: float, prior_sd: float, line: float) -> float:
    """Chance that |Z| is beyond ``line`` at u_end, given W = Z sqrt(u) now and a N(0, prior_sd²) drift.

    The drift's posterior is N(m, V), m = W/(u + 1/sd²), V = 1/(u + 1/sd²); W at the end is
    N(W + m d, d + V d²), d = u_end - u. Source: Spiegelhalter, Freedman & Blackburn 1986.

    >>> round(end_point_chance(1.0, 0.4, 1.0, 2.0, 2.48), 6)  # scipy integrate.quad over the drift
    0.302087
    """
    precision = u + 1 / prior_sd**2
    d = u_end - u
    middle, spread = w + w / precision * d, np.sqrt(d + d * d / precision)
    reach = line * np.sqrt(u_end)
    return float(special.ndtr((middle - reach) / spread) + special.ndtr((-middle - reach) / spread))


def more_visitors_for_power(
    n: float,
    error: float,
    lift: float,
    *,
    power: float = 0.8,
    alpha: float = 0.05,
    tuned_at: float | None = None,
) -> tuple[float, float]:
    """Visitors still needed over both arms for a lift to be found with ``power``, and the power now.

    Args:
        n: visitors so far over both arms.
        error: standard error of the relative lift so far; it falls with the root of the visitors.
        lift: the lift that should be found.
        power: wanted chance to find it.
        alpha: two-sided error.
        tuned_at: for a confidence sequence tuned at this size; None for a single look.

    >>> more, now = more_visitors_for_power(16050, 0.07737601200432016, 0.05)  # gbstats MidExperimentPower
    >>> round(more, -2), round(now, 5)
    (285600.0, 0.09904)
    """

    def power_at(total: float) -> float:
        now = error * np.sqrt(n / total)
        k = float(critical_value(alpha))
        if tuned_at is not None:
            _, high, _ = confidence_sequence(0.0, 1.0, total, tuned_at, alpha)
            k = float(high)
        return two_sided_power(lift / now, k)

    if power_at(n) >= power:
        return 0.0, power_at(n)
    high = 2 * n
    while power_at(high) < power:
        high *= 2
    total = optimize.brentq(lambda size: power_at(size) - power, n, high, xtol=1e-6 * high)
    return float(total) - n, power_at(n)
