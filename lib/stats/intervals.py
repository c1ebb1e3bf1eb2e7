"""Intervals that agree with their tests: Wilson, Newcombe, score and Fieller, vectorised.

Called by ``compare`` and by tests. Every function broadcasts, takes a critical value ``k`` (1.96 for one
look, the current line of the decision rule for every look) and answers NaN where there is no interval.
An end may be infinite. Nothing here decides anything.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import special

from lib.stats.results import Floats

K95 = 1.959963984540054  # two-sided 95 %, one look
FAR = 60.0  # log ratios beyond this are taken as 0 or infinite
STEPS = 80
Bools = NDArray[np.bool_]


def floats(*values: ArrayLike) -> tuple[Floats, ...]:
    """The arguments as float arrays of one common shape."""
    return tuple(np.broadcast_arrays(*[np.asarray(v, dtype=np.float64) for v in values]))


def critical_value(alpha: ArrayLike) -> Floats:
    """Two-sided normal critical value of ``alpha``.

    >>> round(float(critical_value(0.05)), 6)  # qnorm(0.975) in R
    1.959964
    """
    return -special.ndtri(np.asarray(alpha, dtype=np.float64) / 2)


def wilson(x: ArrayLike, n: ArrayLike, k: ArrayLike = K95) -> tuple[Floats, Floats]:
    """Interval of one rate.

    ``(p + k²/2n ± k sqrt(p(1-p)/n + k²/4n²)) / (1 + k²/n)``. Source: Wilson 1927.

    >>> low, high = wilson(455, 8050)  # statsmodels proportion_confint(method="wilson")
    >>> round(float(low), 6), round(float(high), 6)
    (0.051685, 0.061781)
    """
    x, n, k = floats(x, n, k)
    with np.errstate(all="ignore"):
        p = np.where(n > 0, x / n, np.nan)
        middle = p + k**2 / (2 * n)
        half = k * np.sqrt(np.maximum(p * (1 - p), 0) / n + k**2 / (4 * n**2))
        scale = 1 + k**2 / n
        low, high = (middle - half) / scale, (middle + half) / scale
    return np.where(x <= 0, np.minimum(low, 0) * 0, low), np.where(x >= n, high * 0 + 1, high)


def newcombe(
    x_c: ArrayLike, n_c: ArrayLike, x_t: ArrayLike, n_t: ArrayLike, k: ArrayLike = K95
) -> tuple[Floats, Floats]:
    """Interval of the difference of two rates, treatment minus control, from two Wilson intervals.

    Source: Newcombe 1998, method 10.

    >>> low, high = newcombe(392, 8000, 455, 8050)  # statsmodels, method="newcomb"
    >>> round(float(low), 7), round(float(high), 6)
    (0.0006009, 0.014455)
    """
    x_c, n_c, x_t, n_t, k = floats(x_c, n_c, x_t, n_t, k)
    low_c, high_c = wilson(x_c, n_c, k)
    low_t, high_t = wilson(x_t, n_t, k)
    with np.errstate(all="ignore"):
        p_c, p_t = x_c / n_c, x_t / n_t
        low = p_t - p_c - np.hypot(p_t - low_t, high_c - p_c)
        high = p_t - p_c + np.hypot(high_t - p_t, p_c - low_c)
    return low, high


def score_z(
    ratio: ArrayLike, x_c: ArrayLike, n_c: ArrayLike, x_t: ArrayLike, n_t: ArrayLike
) -> Floats:
    """Score statistic of "treatment rate = ratio * control rate"; at 1 it is the pooled z.

    With f the ratio: ``A = (n_c+n_t) f, B = n_t f + x_t + n_c + x_c f, C = x_c + x_t``,
    ``q_c = 2C/(B + sqrt(B² - 4AC))``, ``z = (p_t - f p_c)/sqrt(f q_c(1-f q_c)/n_t + f² q_c(1-q_c)/n_c)``.
    Source: Koopman 1984; Miettinen & Nurminen 1985.

    >>> round(float(score_z(1.0, 392, 8000, 455, 8050)), 6)  # statsmodels proportions_ztest
    2.131044
    """
    f, x_c, n_c, x_t, n_t = floats(ratio, x_c, n_c, x_t, n_t)
    with np.errstate(all="ignore"):
        a = (n_c + n_t) * f
        b = n_t * f + x_t + n_c + x_c * f
        c = x_c + x_t
        q_c = 2 * c / (b + np.sqrt(np.maximum(b * b - 4 * a * c, 0)))
        q_t = f * q_c
        variance = q_t * np.maximum(1 - q_t, 0) / n_t + f * f * q_c * np.maximum(1 - q_c, 0) / n_c
        return (x_t / n_t - f * x_c / n_c) / np.sqrt(variance)


def score_lift(
    x_c: ArrayLike, n_c: ArrayLike, x_t: ArrayLike, n_t: ArrayLike, k: ArrayLike = K95
) -> tuple[Floats, Floats]:
    """Interval of the relative lift of a rate: every lift whose score statistic is within ±k.

    It excludes 0 exactly when the pooled z is beyond k. Without converters in the control there is no upper
    end, without converters in the treatment the lower end is -1.

    >>> low, high = score_lift(392, 8000, 455, 8050)  # statsmodels, method="score", compare="ratio"
    >>> round(float(low), 5), round(float(high), 5)
    (0.01151, 0.31548)
    """
    x_c, n_c, x_t, n_t, k = floats(x_c, n_c, x_t, n_t, k)
    known = (n_c > 0) & (n_t > 0) & (x_c + x_t > 0) & (x_c <= n_c) & (x_t <= n_t) & (k > 0)
    known = known & (x_c + x_t < n_c + n_t) & np.isfinite(k)
    args = (x_c, n_c, x_t, n_t)
    low = _score_end(args, np.where(known & (x_t > 0), k, np.nan), -1.0)
    high = _score_end(args, np.where(known & (x_c > 0), k, np.nan), 1.0)
    full = known & ((x_t == n_t) | (x_c == n_c))
    if full.any():
        low[full & (x_t > 0)] = _bisected(args, k, full & (x_t > 0), 1.0)
        high[full & (x_c > 0)] = _bisected(args, k, full & (x_c > 0), -1.0)
    low = np.where(known & (x_t == 0), -1.0, low)
    return low, np.where(known & (x_c == 0), np.inf, high)


def _bisected(args: tuple[Floats, ...], k: Floats, which: Bools, side: float) -> Floats:
    """The same ends by bisection on the log ratio, for arms in which everybody converted."""
    x_c, n_c, x_t, n_t = (v[which] for v in args)
    low, high = np.full(x_c.shape, -FAR), np.full(x_c.shape, FAR)
    for _ in range(STEPS):
        middle = (low + high) / 2
        above = score_z(np.exp(middle), x_c, n_c, x_t, n_t) > side * k[which]
        low, high = np.where(above, middle, low), np.where(above, high, middle)
    return np.asarray(np.expm1((low + high) / 2))


def _score_end(args: tuple[Floats, ...], k: Floats, side: float) -> Floats:
    """Lower (side -1) or upper (+1) end of ``score_lift``; NaN where k is.

    With A = (x_c - n_c q_c)/(1 - q_c) the restricted estimates are q_c = (x_c - A)/(n_c - A) and
    q_t = (x_t + A)/(n_t + A), and z² = k² becomes the cubic ``A² (a + b A) = k² (x_t + A)(x_c - A)``,
    a = (1-p_t) x_c + (1-p_c) x_t, b = p_t - p_c: one root on either side of 0. Source: Nam 1995.
    """
    x_c, n_c, x_t, n_t = args
    with np.errstate(all="ignore"):
        a = (1 - x_t / n_t) * x_c + (1 - x_c / n_c) * x_t
        b, kk = x_t / n_t - x_c / n_c, k * k
        # side * A is sought in (0, edge); the cubic without its third power starts the search
        edge, other = (x_c, x_t) if side > 0 else (x_t, x_c)
        slope = side * b
        half = kk * (edge - other) / (2 * (a + kk))
        A = half + np.sqrt(half**2 + kk * edge * other / (a + kk))
        low, high = np.zeros_like(A), edge + 0.0
        settled = np.isnan(A)
        for _ in range(STEPS):
            value = A * A * (a + slope * A) - kk * (other + A) * (edge - A)
            low, high = np.where(value < 0, A, low), np.where(value < 0, high, A)
            steep = A * (2 * a + 3 * slope * A) - kk * (edge - other - 2 * A)
            guess = A - value / steep
            near = np.abs(guess - A) <= 1e-7 * A  # Newton's next error is the square of this step
            inside = (guess > low) & (guess < high)
            guess = np.where(near | inside, guess, (low + high) / 2)
            A = np.where(settled, A, guess)  # each element for itself: the same alone or in a batch
            settled |= near
            if settled.all():
                break
        A = side * A
        return np.asarray((x_t + A) * (n_c - A) / ((n_t + A) * (x_c - A)) - 1)


def score_difference(
    x_c: ArrayLike,
    n_c: ArrayLike,
    x_t: ArrayLike,
    n_t: ArrayLike,
    k: ArrayLike = K95,
    *,
    as_statsmodels: bool = False,
) -> tuple[Floats, Floats]:
    """Interval of the difference of two rates by inverting the score test (no N/(N-1) factor).

    Source: Mee 1984; Miettinen & Nurminen 1985, restricted estimate by the cubic's trigonometric root.
    ``as_statsmodels`` repeats a slip of statsmodels 0.15, which has x_c where the cubic's linear term has
    n_c, so that published figures made with it can be compared; equal arms then give unequal ends.

    >>> low, high = score_difference(30, 100, 30, 100)  # scipy minimize_scalar for the restricted rate
    >>> round(float(low), 6), round(float(high), 6)
    (-0.126685, 0.126685)
    """
    x_c, n_c, x_t, n_t, k = floats(x_c, n_c, x_t, n_t, k)
    low, high = np.full(x_c.shape, np.nan), np.full(x_c.shape, np.nan)
    known = (n_c > 0) & (n_t > 0) & (x_c + x_t > 0) & (x_c + x_t < n_c + n_t)
    for side, ends in ((1.0, low), (-1.0, high)):
        a, b, c, d = (v[known] for v in (x_c, n_c, x_t, n_t))
        target = side * k[known]
        left, right = np.full(a.shape, -1.0), np.full(a.shape, 1.0)
        for _ in range(60):
            middle = (left + right) / 2
            above = _difference_z(middle, (a, b, c, d), as_statsmodels) > target
            left, right = np.where(above, middle, left), np.where(above, right, middle)
        ends[known] = (left + right) / 2
    return low, high


def _difference_z(delta: Floats, counts: tuple[Floats, ...], as_statsmodels: bool) -> Floats:
    """Score statistic of "treatment rate = control rate + delta"."""
    x_c, n_c, x_t, n_t = counts
    n, x = n_c + n_t, x_c + x_t
    with np.errstate(all="ignore"):
        # the restricted rate r of the control solves n r³ + c2 r² + c1 r + c0 = 0
        c2 = (n_t + 2 * n_c) * delta - n - x
        c1 = ((x_c if as_statsmodels else n_c) * delta - n - 2 * x_c) * delta + x
        c0 = x_c * delta * (1 - delta)
        q = c2**3 / (3 * n) ** 3 - c1 * c2 / (6 * n**2) + c0 / (2 * n)
        p = np.where(q >= 0, 1, -1) * np.sqrt(np.maximum(c2**2 / (3 * n) ** 2 - c1 / (3 * n), 0))
        angle = (np.pi + np.arccos(np.clip(np.where(p == 0, 0, q / p**3), -1, 1))) / 3
        r_c = np.clip(2 * p * np.cos(angle) - c2 / (3 * n), 0, 1)
        r_t = np.clip(r_c + delta, 0, 1)
        sd = np.sqrt(r_c * (1 - r_c) / n_c + r_t * (1 - r_t) / n_t)
        gap = x_t / n_t - x_c / n_c - delta
        return np.where(sd > 0, gap / sd, np.sign(gap) * np.inf)


def log_lift(
    x_c: ArrayLike, n_c: ArrayLike, x_t: ArrayLike, n_t: ArrayLike, k: ArrayLike = K95
) -> tuple[Floats, Floats]:
    """Interval of the relative lift on the log scale; none without converters in both arms.

    ``log ratio ± k sqrt(1/x_t - 1/n_t + 1/x_c - 1/n_c)``. Source: Katz et al. 1978.

    >>> low, high = log_lift(392, 8000, 455, 8050)  # statsmodels, method="log", compare="ratio"
    >>> round(float(low), 6), round(float(high), 6)
    (0.011397, 0.31558)
    """
    x_c, n_c, x_t, n_t, k = floats(x_c, n_c, x_t, n_t, k)
    with np.errstate(all="ignore"):
        known = (x_c > 0) & (x_t > 0)
        middle = np.log(x_t / n_t) - np.log(x_c / n_c)
        half = k * np.sqrt(1 / x_t - 1 / n_t + 1 / x_c - 1 / n_c)
        low = np.where(known, np.expm1(middle - half), np.nan)
        return low, np.where(known, np.expm1(middle + half), np.nan)


def fieller(
    m_c: ArrayLike, v_c: ArrayLike, m_t: ArrayLike, v_t: ArrayLike, k: ArrayLike = K95
) -> tuple[Floats, Floats]:
    """Interval of the relative lift of a mean; ``v_*`` are the variances of the means.

    With ``a = m_c² - k² v_c, b = m_c m_t, c = m_t² - k² v_t`` the ratio lies in ``(b ± sqrt(b² - ac))/a``.
    ``a <= 0``: the control mean cannot be told from zero and there is none (NaN). Source: Fieller 1954.

    >>> low, high = fieller(10.0, 0.04, 11.0, 0.05, 1.96)  # by hand: (110 ∓ 6.145868) / 99.846336 - 1
    >>> round(float(low), 4), round(float(high), 4)
    (0.0401, 0.1632)
    """
    m_c, v_c, m_t, v_t, k = floats(m_c, v_c, m_t, v_t, k)
    with np.errstate(all="ignore"):
        a = m_c**2 - k**2 * v_c
        b = m_c * m_t
        # b² - ac without cancellation: k² (m_c² v_t + m_t² v_c - k² v_c v_t)
        root = k * np.sqrt(np.maximum(m_c**2 * v_t + m_t**2 * v_c - k**2 * v_c * v_t, 0))
        known = (a > 0) & np.isfinite(root)
        low = np.where(known, (b - root) / a - 1, np.nan)
        return low, np.where(known, (b + root) / a - 1, np.nan)
