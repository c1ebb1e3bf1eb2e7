"""Sample ratio mismatch: is the split what was planned? Once (chi-square), and at every look.

Called by ``watch`` (while the alarm stands nothing is called) and ``analyse``. The chi-square is for the
expert panel: watched continuously it would raise the alarm far too often.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike
from scipy import special

from lib.stats.results import Floats

ALARM = 0.01
CONCENTRATIONS = (100.0, 1000.0)


def chi_square(observed: ArrayLike, shares: ArrayLike) -> tuple[Floats, Floats]:
    """Chi-square of visitors against planned shares and its p-value, arms along the last axis.

    Source: Pearson 1900; df = arms - 1.

    >>> chi2, p = chi_square([30400, 29600], [0.5, 0.5])  # scipy stats.chisquare
    >>> round(float(chi2), 4), round(float(p), 7)
    (10.6667, 0.0010908)
    """
    n, w = np.asarray(observed, dtype=np.float64), np.asarray(shares, dtype=np.float64)
    w = w / w.sum(axis=-1, keepdims=True)
    with np.errstate(all="ignore"):
        expected = n.sum(axis=-1, keepdims=True) * w
        chi2 = ((n - expected) ** 2 / expected).sum(axis=-1)
    return chi2, special.chdtrc(n.shape[-1] - 1, chi2)


def log_e_split(observed: ArrayLike, shares: ArrayLike, concentration: float) -> Floats:
    """Log evidence against the planned split, valid at every look.

    ``lgamma(k) - lgamma(k+n) + sum[lgamma(k w_i + n_i) - lgamma(k w_i)] - sum n_i log w_i``.
    Source: Lindon & Malek 2022.

    >>> round(float(log_e_split([30000, 30000], [0.5, 0.5], 100.0)), 6)  # savvi Multinomial
    -3.201793
    """
    n, w = np.asarray(observed, dtype=np.float64), np.asarray(shares, dtype=np.float64)
    w = w / w.sum(axis=-1, keepdims=True)
    k = concentration
    total = n.sum(axis=-1)
    arms = special.gammaln(k * w + n) - special.gammaln(k * w) - n * np.log(w)
    return np.asarray(special.gammaln(k) - special.gammaln(k + total) + arms.sum(axis=-1))


def log_e_balance(observed: ArrayLike, shares: ArrayLike) -> Floats:
    """Average of the evidence at two concentrations, in logs; arms without a count or share are left out.

    >>> round(float(np.exp(log_e_balance([30000, 30000], [0.5, 0.5]))), 6)  # (0.040689 + 0.128005)/2
    0.084347
    """
    n, w = np.asarray(observed, dtype=np.float64), np.asarray(shares, dtype=np.float64)
    n, w = np.atleast_2d(n), np.broadcast_to(w, np.atleast_2d(n).shape)
    seen = np.isfinite(n) & (n >= 0) & (w > 0)
    if seen.all() and n.shape[-1] >= 2:
        return _mixed(n, w).reshape(np.asarray(observed).shape[:-1])
    log_e = np.zeros(n.shape[:-1])
    # arms that are missing differ from row to row only rarely: one pass a pattern
    patterns, which = np.unique(seen.reshape(-1, n.shape[-1]), axis=0, return_inverse=True)
    flat = log_e.reshape(-1)
    for i, arms in enumerate(patterns):
        rows = which.reshape(-1) == i
        if arms.sum() >= 2:
            n_seen = n.reshape(-1, n.shape[-1])[rows][:, arms]
            w_seen = w.reshape(-1, n.shape[-1])[rows][:, arms]
            flat[rows] = _mixed(n_seen, w_seen)
    return log_e.reshape(np.asarray(observed).shape[:-1])


def _mixed(n: Floats, w: Floats) -> Floats:
    """Log of the average evidence over the concentrations."""
    each = [log_e_split(n, w, k) for k in CONCENTRATIONS]
    return np.asarray(np.logaddexp(each[0], each[1]) - np.log(len(CONCENTRATIONS)))


def log_evidence_to_p(log_e: ArrayLike) -> Floats:
    """The always-valid p of log evidence: ``min(1, 1/E)``.

    >>> round(float(log_evidence_to_p(np.log(40.0))), 6)  # 1/40
    0.025
    """
    return np.exp(-np.maximum(np.asarray(log_e, dtype=np.float64), 0.0))
