"""CUPED: pre-exposure sums take noise out of a metric before it is compared.

Called by ``compare``. Only when the source sends covariate sums; theta is frozen once a day, at the first
row of a UTC day, so that a history thinned later gives the same figures. Never changes what was counted.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from lib.stats.mean import variance_of
from lib.stats.results import Floats, Series

if TYPE_CHECKING:
    from lib.stats.compare import Compared

DAY_S = 86400.0
WORTH = 0.01  # a smaller reduction is not worth the change


def has_covariate(series: Series) -> bool:
    """Whether covariate sums came along."""
    sums = (series.covariate_total, series.covariate_total_sq, series.covariate_cross)
    return all(s is not None for s in sums)


def pooled_theta(  # noqa: PLR0917 - the six sums in the order of Series
    n: Floats, total: Floats, total_sq: Floats, pre: Floats, pre_sq: Floats, cross: Floats
) -> tuple[Floats, Floats]:
    """Pooled theta = pooled cov(Y, X)/pooled var(X) and the share of variance it removes; arms along the last axis.

    Zero when the covariate hardly varies. Pooled: over all visitors of all arms.
    Source: Deng, Xu, Kohavi & Walker 2013, section 3.1.

    >>> one = np.array
    >>> theta, share = pooled_theta(one([3000.0, 3010]), one([150.0, 176]), one([150.0, 176]),
    ...     one([2900.0, 2950]), one([15800.0, 16000]), one([310.0, 352]))  # gbstats compute_theta
    >>> round(float(theta), 9), float(share) < 0.02
    (0.013203183, True)
    """
    size, y, yy = (np.nansum(v, axis=-1) for v in (n, total, total_sq))
    x, xx, xy = (np.nansum(v, axis=-1) for v in (pre, pre_sq, cross))
    with np.errstate(all="ignore"):
        cov, var, y_var = xy - y * (x / size), xx - x * (x / size), yy - y * (y / size)
        theta = np.where(var > 1e-12 * xx, cov / var, 0.0)
        share = np.where(y_var > 0, theta * cov / y_var, 0.0)
    return theta, np.nan_to_num(share)


def frozen_theta(
    series: Series, carried: tuple[float, float]
) -> tuple[Floats, tuple[float, float]]:
    """Give theta of each row: the one at the first row of its day, 0 where CUPED is not worth it.

    Args:
        series: the rows.
        carried: (UTC day number, theta) of the row before the first; day -1 when there was none.

    Returns:
        theta (T,) and what to carry on.
    """
    if not len(series) or not has_covariate(series):
        return np.zeros(len(series)), carried
    sums = [series.n, series.total, series.total_sq, series.covariate_total]
    sums += [series.covariate_total_sq, series.covariate_cross]
    theta, share = pooled_theta(*[np.asarray(s) for s in sums])
    theta = np.where(np.isfinite(theta) & (share >= WORTH), theta, 0.0)
    days = np.floor(series.as_of / DAY_S)
    first = np.concatenate([[days[0] != carried[0]], np.diff(days) != 0])
    source = np.maximum.accumulate(np.where(first, np.arange(len(days)), -1))
    frozen = np.where(source >= 0, theta[source], carried[1])
    return frozen, (float(days[-1]), float(frozen[-1]))


def adjusted_moments(
    n: Floats, sums: tuple[Floats, ...], theta: Floats, *, is_rate: bool = False
) -> tuple[Floats, Floats, Floats]:
    """Mean and variance of Y - theta X per visitor, and the mean of X.

    ``sums``: total, total_sq, covariate_total, covariate_total_sq, covariate_cross. Variance
    ``s2_Y + theta² s2_X - 2 theta cov``; of a rate ``s2_Y = p (1 - p)``. Source: Deng et al. 2013, equation 2.
    """
    y, yy, x, xx, xy = sums
    with np.errstate(all="ignore"):
        cov = (xy - y * (x / n)) / (n - 1)
        s2_y = y / n * (1 - y / n) if is_rate else variance_of(n, y, yy)
        s2 = s2_y + theta**2 * variance_of(n, x, xx) - 2 * theta * cov
        return y / n - theta * x / n, np.maximum(s2, 0.0), x / n


def moments_of(series: Series, theta: Floats, *, is_rate: bool) -> tuple[Floats, Floats]:
    """Adjusted mean (minus theta times X) and variance of every arm, shape (T, K)."""
    sums = [series.total, series.total_sq, series.covariate_total]
    sums += [series.covariate_total_sq, series.covariate_cross]
    arrays = tuple(np.asarray(s) for s in sums)
    mean, s2, _ = adjusted_moments(series.n, arrays, theta[:, None], is_rate=is_rate)
    return mean, s2


def merge(plain: Compared, adjusted: Compared, theta: Floats) -> Compared:
    """Rows where theta is not zero from ``adjusted``, the others from ``plain``."""
    use = np.broadcast_to(theta[:, None] != 0, plain.z.shape)
    names = ("variance_c", "variance_t", "difference", "lift", "z", "p_value", "df", "information")
    merged = {n: np.where(use, getattr(adjusted, n), getattr(plain, n)) for n in names}
    with np.errstate(all="ignore"):
        was, now = plain.variance_c + plain.variance_t, merged["variance_c"] + merged["variance_t"]
        saved = np.where(use & (was > 0), 1 - now / was, 0.0)
    return replace(plain, **merged, adjusted=use, variance_reduction=saved)
