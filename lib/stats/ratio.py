"""Ratio and retention metrics: a sum over a sum, both per visitor. Value and variance inside one arm.

Called by ``compare``. After this a ratio is treated as a mean. The delta method is used inside one arm
only, never for the relative lift.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from lib.stats.intervals import floats
from lib.stats.mean import variance_of
from lib.stats.results import Floats


def ratio_of(  # noqa: PLR0917 - the six sums in the order of Series
    n: ArrayLike,
    total: ArrayLike,
    total_sq: ArrayLike,
    base_total: ArrayLike,
    base_total_sq: ArrayLike,
    cross_total: ArrayLike,
) -> tuple[Floats, Floats]:
    """Ratio R = S_a/S_d of one arm and its variance per visitor; NaN without a denominator.

    ``s2_R = (s2_a - 2 R cov_ad + R² s2_d)/mean_d²``, cov_ad = (C - S_a S_d/n)/(n-1).
    Source: Deng, Knoblich & Lu 2018, section 2.2.

    >>> R, s2 = ratio_of(3000, 4500, 12500, 7500, 27500, 16200)  # by hand: 0.6, (1.9173-1.9806+1.0503)/6.25
    >>> round(float(R), 3), round(float(s2), 3)
    (0.6, 0.158)
    """
    n, a, aa, d, dd, ad = floats(n, total, total_sq, base_total, base_total_sq, cross_total)
    with np.errstate(all="ignore"):
        R = a / d
        covariance = (ad - a * (d / n)) / (n - 1)
        variance = variance_of(n, a, aa) - 2 * R * covariance + R**2 * variance_of(n, d, dd)
        scale = variance_of(n, a, aa) + R**2 * variance_of(n, d, dd)
        variance = np.where(np.abs(variance) <= 1e-12 * scale, 0.0, variance)
        s2 = variance / (d / n) ** 2
        known = (n > 1) & (d > 0) & (s2 >= 0)
    return np.where(d > 0, R, np.nan), np.where(known, s2, np.nan)
