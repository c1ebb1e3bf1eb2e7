"""Rates: converters over visitors. Tests of two rates at one look.

Called by ``compare`` (the pooled z drives the decision rule) and by the expert panel. Never tests the
relative lift with a delta-method error: that calls far too often (it stays here for comparison only).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike
from scipy import special

from lib.stats.intervals import K95, floats
from lib.stats.results import Floats


def two_sided_p(z: ArrayLike) -> Floats:
    """Two-sided normal p-value, accurate far out.

    >>> f"{float(two_sided_p(8.5)):.4e}"  # 2*pnorm(-8.5) in R
    '1.8959e-17'
    """
    return 2 * special.ndtr(-np.abs(np.asarray(z, dtype=np.float64)))


def pooled_z(
    x_c: ArrayLike, n_c: ArrayLike, x_t: ArrayLike, n_t: ArrayLike
) -> tuple[Floats, Floats]:
    """Pooled z and the two-sided p-value of two rates with the pooled variance; NaN when that is zero.

    ``z = (p_t - p_c)/sqrt(pb(1-pb)/h)``, ``h = n_c n_t/(n_c+n_t)``. Source: Pearson 1900.

    >>> z, p = pooled_z(392, 8000, 455, 8050)  # statsmodels proportions_ztest
    >>> round(float(z), 6), round(float(p), 6)
    (2.131044, 0.033086)
    """
    x_c, n_c, x_t, n_t = floats(x_c, n_c, x_t, n_t)
    with np.errstate(all="ignore"):
        h = n_c * n_t / (n_c + n_t)
        pooled = (x_c + x_t) / (n_c + n_t)
        variance = pooled * (1 - pooled)
        z = (x_t / n_t - x_c / n_c) * np.sqrt(h / variance)
    z = np.where((variance > 0) & np.isfinite(z), z, np.nan)
    return z, two_sided_p(z)


def unpooled_difference(
    x_c: ArrayLike, n_c: ArrayLike, x_t: ArrayLike, n_t: ArrayLike, k: ArrayLike = K95
) -> tuple[Floats, Floats, Floats, Floats]:
    """Difference of two rates with each arm's own variance p(1-p)/n: difference, low, high, p-value.

    NaN when the variance is zero. Source: Wald's interval, any textbook.

    >>> d, low, high, p = unpooled_difference(392, 8000, 455, 8050)  # spotify-confidence ZTest
    >>> round(float(low), 6), round(float(high), 6), round(float(p), 6)
    (0.000606, 0.014437, 0.033024)
    """
    x_c, n_c, x_t, n_t, k = floats(x_c, n_c, x_t, n_t, k)
    with np.errstate(all="ignore"):
        p_c, p_t = x_c / n_c, x_t / n_t
        v_c, v_t = p_c * (1 - p_c) / n_c, p_t * (1 - p_t) / n_t
        known = v_c + v_t > 0
        d = np.where(known, p_t - p_c, np.nan)
        se = np.sqrt(np.where(known, v_c + v_t, np.nan))
        return d, d - k * se, d + k * se, two_sided_p(d / se)
