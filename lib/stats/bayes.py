"""Bayesian quantities: chance to win and expected loss, under a normal and under exact Beta posteriors.

Called by ``analyse`` and the expert panel. Information only: nothing here ever triggers a call, and under a
flat prior it would call most effect-free experiments if it did.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy import special

from lib.stats.intervals import K95, floats
from lib.stats.results import Floats

FEW = 100  # converters or non-converters below which the exact posterior is used
ROOT_2_PI = np.sqrt(2 * np.pi)
DRAWS = 20_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Posterior:
    """Of the relative lift: mean, sd, 95 % interval, chance that it is positive, expected losses.

    ``loss_ship``: expected lift lost by shipping the treatment when it is worse; ``loss_keep``: by keeping
    the control when the treatment is better.
    """

    mean: Floats
    sd: Floats
    low: Floats
    high: Floats
    chance_to_win: Floats
    loss_ship: Floats
    loss_keep: Floats


def lift_variance(  # noqa: PLR0917 - two arms of three moments, control first
    m_c: ArrayLike, s2_c: ArrayLike, n_c: ArrayLike, m_t: ArrayLike, s2_t: ArrayLike, n_t: ArrayLike
) -> tuple[Floats, Floats]:
    """Relative lift and its delta-method variance; NaN without a control mean or variance in an arm.

    ``v = s2_t/(n_t m_c²) + m_t² s2_c/(n_c m_c⁴)``. Source: Deng et al. 2018.

    >>> lift, v = lift_variance(0.1, 0.09, 1000, 0.11, 0.0979, 1000)  # by hand 0.00979 + 0.01089
    >>> round(float(lift), 4), round(float(v), 6)
    (0.1, 0.02068)
    """
    m_c, s2_c, n_c, m_t, s2_t, n_t = floats(m_c, s2_c, n_c, m_t, s2_t, n_t)
    with np.errstate(all="ignore"):
        known = (m_c != 0) & (s2_c > 0) & (s2_t > 0) & (n_c > 0) & (n_t > 0)
        variance = s2_t / (n_t * m_c**2) + m_t**2 * s2_c / (n_c * m_c**4)
        lift = m_t / m_c - 1
    return np.where(known, lift, np.nan), np.where(known, variance, np.nan)


def posterior(
    lift: ArrayLike, variance: ArrayLike, prior_sd: float = np.inf, prior_mean: float = 0.0
) -> Posterior:
    """Normal posterior of the relative lift; a flat prior by default.

    ``V = 1/(1/v + 1/sd0²)``, ``M = V (L/v + mean0/sd0²)``, u = M/sqrt V, chance = Phi(u),
    ``loss_ship = sqrt V phi(u) - M Phi(-u)``, ``loss_keep = sqrt V phi(u) + M Phi(u)``.
    Source: Stucchio 2015; conjugate normal, any textbook.

    >>> p = posterior(0.1535048802, 0.0773760120**2)  # gbstats EffectBayesianABTest, improper prior
    >>> round(float(p.chance_to_win), 6), round(float(p.loss_ship), 8)
    (0.976366, 0.0006859)
    """
    lift, variance = floats(lift, variance)
    weight = 1 / prior_sd**2
    with np.errstate(all="ignore"):
        V = 1 / (1 / variance + weight)
        M = V * (lift / variance + prior_mean * weight)
        sd = np.sqrt(V)
        u = M / sd
        density = sd * np.exp(-u * u / 2) / ROOT_2_PI
        return Posterior(
            mean=M,
            sd=sd,
            low=M - K95 * sd,
            high=M + K95 * sd,
            chance_to_win=special.ndtr(u),
            loss_ship=density - M * special.ndtr(-u),
            loss_keep=density + M * special.ndtr(u),
        )


def exact_rates(
    x_c: float,
    n_c: float,
    x_t: float,
    n_t: float,
    *,
    prior: tuple[float, float] = (1.0, 1.0),
    chance_within_sd: float = np.inf,
) -> tuple[float, float, float] | None:
    """Chance that the treatment's rate is higher, and both losses in absolute points, by quadrature.

    Beta posteriors ``Beta(a + x, b + n - x)``: chance = ∫ pdf_t cdf_c, loss_ship = ∫ cdf_t (1 - cdf_c),
    loss_keep = ∫ cdf_c (1 - cdf_t). None without visitors in an arm. ``chance_within_sd`` cuts the first
    integral off at so many sd from the treatment's mean, for comparison with figures made that way.

    Source: Evan Miller 2010 for the chance; losses by exchanging the order of integration.

    >>> chance, ship, keep = exact_rates(6, 52, 11, 49)  # scipy integrate.quad of stats.beta
    >>> round(chance, 6), round(ship, 7), round(keep, 6)
    (0.924597, 0.0025279, 0.108192)
    """
    if not (n_c > 0 and n_t > 0 and 0 <= x_c <= n_c and 0 <= x_t <= n_t):
        return None
    a_c, b_c = prior[0] + x_c, prior[1] + n_c - x_c
    a_t, b_t = prior[0] + x_t, prior[1] + n_t - x_t
    x, weight = _nodes(a_c, b_c, a_t, b_t)
    cdf_c, cdf_t = special.betainc(a_c, b_c, x), special.betainc(a_t, b_t, x)
    sf_c, sf_t = special.betaincc(a_c, b_c, x), special.betaincc(a_t, b_t, x)
    log_pdf = (a_t - 1) * np.log(x) + (b_t - 1) * np.log1p(-x) - special.betaln(a_t, b_t)
    # huge counts cost digits in log_pdf; its mass, known to be 1, gives them back
    pdf = np.exp(log_pdf - log_pdf.max()) * weight
    mean = a_t / (a_t + b_t)
    sd = np.sqrt(mean * (1 - mean) / (a_t + b_t + 1))
    near = np.abs(x - mean) <= chance_within_sd * sd
    chance = float((pdf * cdf_c * near).sum() / pdf.sum())
    return chance, float((weight * cdf_t * sf_c).sum()), float((weight * cdf_c * sf_t).sum())


def _nodes(a_c: float, b_c: float, a_t: float, b_t: float) -> tuple[Floats, Floats]:
    """Gauss-Legendre nodes and weights over the places where either posterior has mass."""
    ends = [0.0, 1.0]
    for a, b in ((a_c, b_c), (a_t, b_t)):
        middle = a / (a + b)
        sd = np.sqrt(middle * (1 - middle) / (a + b + 1))
        ends += [float(np.clip(middle + k * sd, 0, 1)) for k in np.linspace(-14, 14, 57)]
    edges = np.unique(ends)
    node, weight = special.roots_legendre(16)
    half, middle_of = np.diff(edges) / 2, (edges[1:] + edges[:-1]) / 2
    x = (middle_of[:, None] + half[:, None] * node).ravel()
    return np.clip(x, 1e-300, 1 - 1e-16), (half[:, None] * weight).ravel()


def needs_exact(x_c: float, n_c: float, x_t: float, n_t: float) -> bool:
    """Whether any arm has too few converters or others for the normal posterior.

    >>> needs_exact(99, 5000, 400, 5000), needs_exact(100, 5000, 400, 5000)
    (True, False)
    """
    return min(x_c, n_c - x_c, x_t, n_t - x_t) < FEW


def posthog_chance(  # noqa: PLR0917 - two arms of three moments, control first
    m_c: ArrayLike, s2_c: ArrayLike, n_c: ArrayLike, m_t: ArrayLike, s2_t: ArrayLike, n_t: ArrayLike
) -> tuple[Posterior, Floats]:
    """PostHog's current Bayesian figures and its flag (1.0: significant), for comparison only.

    A flat prior on the relative lift; significant when the chance to win is above 95 % or below 5 %.

    >>> p, flag = posthog_chance(0.049, 0.046599, 8000, 455 / 8050, 0.05332703, 8050)  # PostHog run_test
    >>> round(float(p.chance_to_win), 4), float(flag)
    (0.9764, 1.0)
    """
    lift, variance = lift_variance(m_c, s2_c, n_c, m_t, s2_t, n_t)
    p = posterior(lift, variance)
    flag = np.where((p.chance_to_win > 0.95) | (p.chance_to_win < 0.05), 1.0, 0.0)
    return p, np.where(np.isnan(p.chance_to_win), np.nan, flag)


def best_chance(values: ArrayLike, errors: ArrayLike, seed: int = 7) -> Floats:
    """Chance of each arm to have the highest value, by 20,000 normal draws with a fixed seed; display only.

    >>> best_chance([0.10, 0.10], [0.01, 0.01]).round(1).tolist()  # by symmetry
    [0.5, 0.5]
    """
    values, errors = floats(values, errors)
    known = np.isfinite(values) & np.isfinite(errors)
    noise = np.random.default_rng(seed).standard_normal((DRAWS, len(values)))
    drawn = np.where(known, np.nan_to_num(values) + np.nan_to_num(errors) * noise, -np.inf)
    share = np.bincount(drawn.argmax(axis=1), minlength=len(values)) / DRAWS
    return np.where(known, share, np.nan)
