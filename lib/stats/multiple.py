"""Several treatments or metrics at once: Holm, Bonferroni, Benjamini-Hochberg, Dunnett.

Called by ``watch`` (Holm over the treatments) and by the planning side. All adjust along the last axis.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike
from scipy import integrate, optimize, special

from lib.stats.results import Floats


def holm(p_values: ArrayLike) -> Floats:
    """Adjusted p-values, step down: the smallest times K, the next times K-1, ..., never falling.

    Valid at every moment when the p-values are running minima of always-valid ones. Source: Holm 1979.

    >>> holm([0.02, 0.03, 0.5]).tolist()  # statsmodels multipletests(method="holm")
    [0.06, 0.06, 0.5]
    """
    p = np.asarray(p_values, dtype=np.float64)
    order = np.argsort(p, axis=-1)
    factors = np.arange(p.shape[-1], 0, -1)
    steps = np.maximum.accumulate(np.take_along_axis(p, order, -1) * factors, axis=-1)
    adjusted = np.empty_like(p)
    np.put_along_axis(adjusted, order, np.minimum(steps, 1.0), -1)
    return adjusted


def bonferroni(p_values: ArrayLike) -> Floats:
    """Adjusted p-values: each times their number.

    >>> bonferroni([0.02, 0.03, 0.5]).tolist()  # statsmodels multipletests(method="bonferroni")
    [0.06, 0.09, 1.0]
    """
    p = np.asarray(p_values, dtype=np.float64)
    return np.asarray(np.minimum(p * p.shape[-1], 1.0))


def benjamini_hochberg(p_values: ArrayLike) -> Floats:
    """Adjusted p-values that control the false discovery rate. Source: Benjamini & Hochberg 1995.

    >>> benjamini_hochberg([0.02, 0.03, 0.5]).tolist()  # statsmodels multipletests(method="fdr_bh")
    [0.045, 0.045, 0.5]
    """
    p = np.asarray(p_values, dtype=np.float64)
    order = np.argsort(p, axis=-1)[..., ::-1]
    n = p.shape[-1]
    factors = n / np.arange(n, 0, -1)
    steps = np.minimum.accumulate(np.take_along_axis(p, order, -1) * factors, axis=-1)
    adjusted = np.empty_like(p)
    np.put_along_axis(adjusted, order, np.minimum(steps, 1.0), -1)
    return adjusted


def dunnett_critical(treatments: int, alpha: float = 0.05) -> float:
    """Two-sided critical value for several treatments sharing one control of equal size.

    Solves ``P(max |Z_i| > k) = alpha`` for equicorrelated (1/2) normals. Source: Dunnett 1955.

    >>> round(dunnett_critical(2, 0.1), 6)  # scipy integrate.quad and brentq
    1.916271
    """

    def miss(k: float) -> float:
        root = np.sqrt(2.0)

        def inner(x: float) -> float:
            inside = special.ndtr(root * k - x) - special.ndtr(-root * k - x)
            return float(np.exp(-x * x / 2) / np.sqrt(2 * np.pi) * inside**treatments)

        return 1 - float(integrate.quad(inner, -9, 9, epsabs=1e-13, limit=200)[0]) - alpha

    return float(optimize.brentq(miss, 0.0, 10.0, xtol=1e-12))
