"""PostHog's own reported figures: chance to win, intervals, p-values, and when it withholds them.

Called by results. This is what PostHog would print, for the expert panel; it is no part of the
product's own statistics and shares no code with them.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist

from lib.demo.trial import Sums

NORMAL = NormalDist()
MIN_PEOPLE = 50
MIN_CONVERTED = 5
MANY = 1e5  # degrees of freedom from which Student's t is as good as normal


@dataclass(frozen=True, slots=True)
class Relative:
    """The relative lift of an arm over the baseline, its standard error and degrees of freedom."""

    lift: float
    error: float
    freedom: float


def failures(arm: Sums, kind: str, *, is_baseline: bool) -> list[str]:
    """Return PostHog's words for why it gives no statistics for this arm."""
    found = []
    if arm.n < MIN_PEOPLE:
        found.append("not-enough-exposures")
    if kind in {"funnel", "retention"} and arm.total < MIN_CONVERTED:
        found.append("not-enough-metric-data")
    if is_baseline and arm.total == 0:
        found.append("baseline-mean-is-zero")
    return found


def relative(baseline: Sums, arm: Sums, kind: str) -> Relative | None:
    """Return the lift by the delta method; None where it has no error."""
    (mean_c, var_c), (mean_t, var_t) = _moments(baseline, kind), _moments(arm, kind)
    if mean_c == 0 or baseline.n < 2 or arm.n < 2:
        return None
    own_t, own_c = var_t / arm.n, var_c / baseline.n
    variance = own_t / mean_c**2 + own_c * mean_t**2 / mean_c**4
    if variance <= 0:
        return None
    freedom = (own_t + own_c) ** 2 / (own_t**2 / (arm.n - 1) + own_c**2 / (baseline.n - 1))
    return Relative(mean_t / mean_c - 1, math.sqrt(variance), freedom)


def _moments(arm: Sums, kind: str) -> tuple[float, float]:
    """Return the arm's value and the variance of one person's part in it."""
    n = max(arm.n, 1)
    if kind in {"ratio", "retention"}:
        return _ratio_moments(arm)
    mean = arm.total / n
    if kind == "funnel":
        return mean, mean * (1 - mean)
    return mean, max(0.0, (arm.total_sq - arm.total**2 / n) / max(n - 1, 1))


def _ratio_moments(arm: Sums) -> tuple[float, float]:
    n, base = max(arm.n, 1), arm.base or 0.0
    if base == 0:
        return 0.0, 0.0
    mean_m, mean_d = arm.total / n, base / n
    spare = max(n - 1, 1)
    var_m = (arm.total_sq - arm.total**2 / n) / spare
    var_d = ((arm.base_sq or 0.0) - base**2 / n) / spare
    both = ((arm.cross or 0.0) - arm.total * base / n) / spare
    variance = var_m / mean_d**2 - 2 * mean_m * both / mean_d**3 + mean_m**2 * var_d / mean_d**4
    return mean_m / mean_d, max(0.0, variance)


def bayesian(found: Relative | None, level: float = 0.95) -> dict[str, object]:
    """Return the Bayesian fields under a flat prior."""
    if found is None:
        return {"chance_to_win": None, "credible_interval": None, "significant": None}
    chance = NORMAL.cdf(found.lift / found.error)
    reach = NORMAL.inv_cdf(0.5 + level / 2) * found.error
    return {
        "chance_to_win": chance,
        "credible_interval": [found.lift - reach, found.lift + reach],
        "significant": chance > level or chance < 1 - level,
    }


def frequentist(found: Relative | None, alpha: float = 0.05) -> dict[str, object]:
    """Return the fields of Welch's test at a fixed horizon."""
    if found is None:
        return {"significant": None, "p_value": None, "confidence_interval": None}
    p_value = t_two_sided(found.lift / found.error, found.freedom)
    reach = t_quantile(1 - alpha / 2, found.freedom) * found.error
    return {
        "significant": p_value < alpha,
        "p_value": p_value,
        "confidence_interval": [found.lift - reach, found.lift + reach],
    }


def t_two_sided(t: float, freedom: float) -> float:
    """Return P(|T| >= |t|) for Student's t; near the normal by Wallace's scaling."""
    if freedom > MANY:
        z = abs(t) * (1 - 1 / (4 * freedom)) / math.sqrt(1 + t * t / (2 * freedom))
        return math.erfc(z / math.sqrt(2))
    return _beta(freedom / 2, 0.5, freedom / (freedom + t * t))


def t_quantile(chance: float, freedom: float) -> float:
    """Return the upper quantile of Student's t, for 0.5 < chance < 1.

    Source: Abramowitz and Stegun 26.7.5 from 200 degrees of freedom on, bisection below.
    """
    if freedom >= 200:
        z = NORMAL.inv_cdf(chance)
        return (
            z
            + (z**3 + z) / (4 * freedom)
            + (5 * z**5 + 16 * z**3 + 3 * z) / (96 * freedom**2)
            + (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / (384 * freedom**3)
        )
    low, high = 0.0, 1000.0
    for _ in range(80):
        middle = (low + high) / 2
        if 1 - t_two_sided(middle, freedom) / 2 < chance:
            low = middle
        else:
            high = middle
    return (low + high) / 2


def _beta(a: float, b: float, x: float) -> float:
    """Return the regularised incomplete beta function. Source: Lentz's continued fraction."""
    if x <= 0 or x >= 1:
        return min(1.0, max(0.0, x))
    front = math.exp(
        math.lgamma(a + b) - math.lgamma(a) - math.lgamma(b) + a * math.log(x) + b * math.log1p(-x)
    )
    if x < (a + 1) / (a + b + 2):
        return front * _fraction(a, b, x) / a
    return 1 - front * _fraction(b, a, 1 - x) / b


def _fraction(a: float, b: float, x: float) -> float:
    c, d = 1.0, 1 / _away(1 - (a + b) * x / (a + 1))
    h = d
    for m in range(1, 500):
        even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m))
        d, c = 1 / _away(1 + even * d), _away(1 + even / c)
        h *= d * c
        odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1))
        d, c = 1 / _away(1 + odd * d), _away(1 + odd / c)
        h *= d * c
        if abs(d * c - 1) < 1e-14:
            break
    return h


def _away(x: float) -> float:
    """Keep a denominator away from zero."""
    return x if abs(x) > 1e-300 else 1e-300


def mismatch_p(observed: Sequence[float], expected: Sequence[float]) -> float:
    """Return the chi-square p-value of a split; k - 1 degrees of freedom."""
    statistic = sum((o - e) ** 2 / e for o, e in zip(observed, expected, strict=True) if e > 0)
    return _gamma_upper((len(observed) - 1) / 2, statistic / 2)


def _gamma_upper(a: float, x: float) -> float:
    """Return Q(a, x) for a a multiple of one half, by upward recurrence from erfc or exp."""
    if x <= 0:
        return 1.0
    start, value = (0.5, math.erfc(math.sqrt(x))) if a % 1 else (1.0, math.exp(-x))
    while start < a - 1e-9:
        value += math.exp(start * math.log(x) - x - math.lgamma(start + 1))
        start += 1
    return min(1.0, value)
