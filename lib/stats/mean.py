"""Means per visitor: sums and sums of squares. Welch's test, its conversion to z, variances from sums.

Called by ``compare`` and by the expert panel. The converted z is what the decision rule sees: T taken as z
would double the false calls of small samples.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike
from scipy import special

from lib.stats.intervals import K95, floats
from lib.stats.results import Floats


def variance_of(n: ArrayLike, total: ArrayLike, total_sq: ArrayLike) -> Floats:
    """Sample variance from sums; NaN below two visitors or when the squares contradict the sum.

    ``s² = (Q - S m)/(n - 1)``; a deficit below 1e-12 Q is rounding and counts as zero.

    >>> float(variance_of(5, 15, 55))  # numpy.var([1, 2, 3, 4, 5], ddof=1)
    2.5
    """
    n, total, total_sq = floats(n, total, total_sq)
    with np.errstate(all="ignore"):
        spread = total_sq - total * (total / n)
        rounding = np.abs(spread) <= 1e-12 * np.abs(total_sq)
        spread = np.where(rounding, 0.0, spread)
        return np.where((n > 1) & (spread >= 0), spread / (n - 1), np.nan)


def welch(  # noqa: PLR0917 - two arms of three moments, control first
    m_c: ArrayLike, s2_c: ArrayLike, n_c: ArrayLike, m_t: ArrayLike, s2_t: ArrayLike, n_t: ArrayLike
) -> tuple[Floats, Floats, Floats]:
    """T, degrees of freedom and the two-sided p-value of two means with unequal variances.

    ``T = (m_t - m_c)/sqrt(a + b)``, a = s2_t/n_t, b = s2_c/n_c, df = (a+b)²/(a²/(n_t-1) + b²/(n_c-1)).
    NaN when the variance is zero. Source: Welch 1947.

    >>> T, df, p = welch(5.2022, 88.97613, 5000, 5.55030731, 94.1623, 5043)  # ttest_ind_from_stats
    >>> round(float(df), 1), round(float(p), 4)
    (10037.1, 0.0683)
    """
    m_c, s2_c, n_c, m_t, s2_t, n_t = floats(m_c, s2_c, n_c, m_t, s2_t, n_t)
    with np.errstate(all="ignore"):
        a, b = s2_t / n_t, s2_c / n_c
        known = (a + b > 0) & (n_c > 1) & (n_t > 1)
        T = np.where(known, (m_t - m_c) / np.sqrt(a + b), np.nan)
        df = (a + b) ** 2 / (a**2 / (n_t - 1) + b**2 / (n_c - 1))
        df = np.where(known, df, np.nan)
        return T, df, 2 * special.stdtr(df, -np.abs(T))


def welch_absolute(  # noqa: PLR0917 - two arms of three moments, control first
    m_c: ArrayLike,
    s2_c: ArrayLike,
    n_c: ArrayLike,
    m_t: ArrayLike,
    s2_t: ArrayLike,
    n_t: ArrayLike,
    alpha: float = 0.05,
) -> tuple[Floats, Floats, Floats, Floats, Floats]:
    """Difference of two means by Welch: difference, error, low, high, p; NaN unless both arms vary.

    >>> out = welch_absolute(0.049, 0.046599, 8000, 455 / 8050, 0.053327036, 8050)  # gbstats, absolute
    >>> [round(float(v), 6) for v in out]
    [0.007522, 0.003528, 0.000606, 0.014438, 0.033039]
    """
    m_c, s2_c, n_c, m_t, s2_t, n_t = floats(m_c, s2_c, n_c, m_t, s2_t, n_t)
    _, df, p = welch(m_c, s2_c, n_c, m_t, s2_t, n_t)
    with np.errstate(all="ignore"):
        known = (s2_c > 0) & (s2_t > 0)
        error = np.sqrt(np.where(known, s2_t / n_t + s2_c / n_c, np.nan))
        d = np.where(known, m_t - m_c, np.nan)
        half = special.stdtrit(df, 1 - alpha / 2) * error
    return d, error, d - half, d + half, np.where(known, p, np.nan)


def welch_lift(  # noqa: PLR0917 - two arms of three sums and k, in the order of all functions here
    m_c: ArrayLike,
    s2_c: ArrayLike,
    n_c: ArrayLike,
    m_t: ArrayLike,
    s2_t: ArrayLike,
    n_t: ArrayLike,
    alpha: float = 0.05,
) -> tuple[Floats, Floats, Floats, Floats, Floats]:
    """Relative lift by the delta method, as many tools show it: lift, error, low, high, p-value.

    For comparison only; its error is far too small for losers and too large for winners. Source: Deng et
    al. 2018, with Welch-Satterthwaite df of the difference.

    >>> out = welch_lift(0.049, 0.046599, 8000, 455 / 8050, 0.053327036, 8050)  # gbstats, relative
    >>> [round(float(v), 4) for v in out]
    [0.1535, 0.0774, 0.0018, 0.3052, 0.0473]
    """
    m_c, s2_c, n_c, m_t, s2_t, n_t = floats(m_c, s2_c, n_c, m_t, s2_t, n_t)
    _, df, _ = welch(m_c, s2_c, n_c, m_t, s2_t, n_t)
    with np.errstate(all="ignore"):
        known = (s2_c > 0) & (s2_t > 0) & (m_c != 0)
        variance = s2_t / (n_t * m_c**2) + m_t**2 * s2_c / (n_c * m_c**4)
        lift = np.where(known, (m_t - m_c) / m_c, np.nan)
        error = np.sqrt(np.where(known, variance, np.nan))
        half = special.stdtrit(df, 1 - alpha / 2) * error
        p = 2 * special.stdtr(df, -np.abs(lift / error))
    return lift, error, lift - half, lift + half, p


def t_to_z(T: ArrayLike, df: ArrayLike) -> Floats:
    """The z with the same two-sided tail as T; exact while the tail is representable, then Wallace's.

    ``z = sign(T) Phi^-1(P(t > |T|))``.

    >>> round(float(t_to_z(2.6, 10)), 6)  # scipy norm.isf(t.sf(2.6, 10))
    2.21893
    """
    T, df = floats(T, df)
    with np.errstate(all="ignore"):
        tail = special.stdtr(df, -np.abs(T))
        exact = np.sign(T) * -special.ndtri(tail)
        return np.where(tail > 1e-290, exact, quick_t_to_z(T, df))


def quick_t_to_z(T: ArrayLike, df: ArrayLike) -> Floats:
    """The z of T by a closed form that can be turned round, good to 0.2 % from 4 degrees of freedom.

    ``z = sign(T) (8 df + 1)/(8 df + 3) sqrt(df log(1 + T²/df))``. Source: Wallace 1959.

    >>> round(float(quick_t_to_z(2.6, 50)), 3)  # scipy norm.isf(t.sf(2.6, 50)) = 2.5056
    2.506
    """
    T, df = floats(T, df)
    with np.errstate(all="ignore"):
        return np.sign(T) * (8 * df + 1) / (8 * df + 3) * np.sqrt(df * np.log1p(T**2 / df))


def quick_z_to_t(z: ArrayLike, df: ArrayLike) -> Floats:
    """The T whose ``quick_t_to_z`` is ``z``.

    >>> round(float(quick_z_to_t(quick_t_to_z(2.6, 12), 12)), 9)
    2.6
    """
    z, df = floats(z, df)
    with np.errstate(all="ignore"):
        scaled = z * (8 * df + 3) / (8 * df + 1)
        return np.sign(z) * np.sqrt(df * np.expm1(scaled**2 / df))


def welch_difference(
    difference: ArrayLike, variance: ArrayLike, df: ArrayLike, k: ArrayLike = K95
) -> tuple[Floats, Floats]:
    """Welch interval of a difference of means whose test passes the converted z at ``k``.

    >>> low, high = welch_difference(1.0, 0.04, 30, 1.959964)  # qt(0.975, 30) = 2.0423
    >>> round(float(low), 2), round(float(high), 2)
    (0.59, 1.41)
    """
    difference, variance, df, k = floats(difference, variance, df, k)
    with np.errstate(all="ignore"):
        half = quick_z_to_t(k, df) * np.sqrt(variance)
    return difference - half, difference + half
