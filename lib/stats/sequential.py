"""Other evidence that holds at every look: confidence sequences, mixtures, conversions only.

Called by the expert panel, by alarms for rare events and by benches that compare; the decision rule itself
is in ``evidence``. E-values are answered as logs; ``p = min(1, 1/E)``.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike
from scipy import special

from lib.stats.intervals import floats
from lib.stats.results import Floats


def confidence_sequence(
    estimate: ArrayLike, error: ArrayLike, n: ArrayLike, tuned_at: float, alpha: float = 0.05
) -> tuple[Floats, Floats, Floats]:
    """Asymptotic confidence sequence: low, high and the always-valid p of "no difference".

    With ``rho² = (-2 log alpha + log(1 - 2 log alpha))/N*``: half width
    ``error sqrt((2 (n rho² + 1)/(n rho²)) log(sqrt(n rho² + 1)/alpha))`` and
    ``log E = 0.5 T² n rho²/(n rho² + 1) - 0.5 log(n rho² + 1)``, T = estimate/error.
    Source: Waudby-Smith et al. 2024, equations 14 and 155.

    >>> low, high, p = confidence_sequence(0.15350488, 0.077376012, 16050, 5000)  # gbstats Sequential...
    >>> round(float(low), 5), round(float(high), 5), round(float(p), 5)
    (-0.08663, 0.39364, 0.77456)
    """
    estimate, error, n = floats(estimate, error, n)
    two_log = -2 * np.log(alpha)
    nr = n * (two_log + np.log1p(two_log)) / tuned_at
    with np.errstate(all="ignore"):
        half = error * np.sqrt(2 * (nr + 1) / nr * (0.5 * np.log1p(nr) - np.log(alpha)))
        log_e = 0.5 * (estimate / error) ** 2 * nr / (nr + 1) - 0.5 * np.log1p(nr)
        return estimate - half, estimate + half, np.exp(-np.maximum(log_e, 0.0))


def t_mixture_log_e(T: ArrayLike, df: ArrayLike, n: ArrayLike, g: float) -> Floats:
    """Log evidence of a t statistic, for means from small samples.

    ``0.5 log r + 0.5 (df+1)[log1p(T²/df) - log1p(r T²/df)]``, r = g/(g+n).
    Source: Lindon, Ham, Tingley & Bojinov 2022.

    >>> round(float(t_mixture_log_e(2.6, 498, 500, 60.0)), 6)  # avinf log_G_t
    1.884604
    """
    T, df, n = floats(T, df, n)
    with np.errstate(all="ignore"):
        r = g / (g + n)
        gain = np.log1p(T**2 / df) - np.log1p(r * T**2 / df)
        return np.asarray(0.5 * np.log(r) + 0.5 * (df + 1) * gain)


def t_mixture_line(df: ArrayLike, n: ArrayLike, g: float, alpha: float = 0.05) -> Floats:
    """The |T| at which ``t_mixture_log_e`` reaches 1/alpha; infinite when no T does.

    >>> round(float(t_mixture_line(498, 500, 60.0)), 5)  # avinf t_radius
    3.04767
    """
    df, n = floats(df, n)
    with np.errstate(all="ignore"):
        r = g / (g + n)
        growth = np.expm1((-2 * np.log(alpha) - np.log(r)) / (df + 1))
        room = 1 - r * (1 + growth)
        return np.where(room > 0, np.sqrt(df * growth / room), np.inf)


def conversions_log_e(
    x_c: ArrayLike, x_t: ArrayLike, share: float = 0.5, concentration: float = 30.0
) -> Floats:
    """Log evidence from the arm of each conversion alone: exact at any count, delay or drift of the rate.

    ``betaln(x_t + k pi, x_c + k (1-pi)) - betaln(k pi, k (1-pi)) - x_t log pi - x_c log(1-pi)`` with pi the
    planned share of the treatment. It reads a mismatch of the split as an effect.
    Source: Lindon & Malek 2022.

    >>> round(float(conversions_log_e(392, 455)), 6)  # savvi Multinomial, log by scipy betaln
    0.571665
    """
    x_c, x_t = floats(x_c, x_t)
    k, pi = concentration, share
    fit = special.betaln(x_t + k * pi, x_c + k * (1 - pi)) - special.betaln(k * pi, k * (1 - pi))
    return np.asarray(fit - x_t * np.log(pi) - x_c * np.log1p(-pi))
