"""A comparison is a function from two arms' totals to numbers; one method a metric kind, all vectorised.

Called by ``watch`` and ``analyse``. Shapes broadcast: (moments, treatments) for a page, (moments,
experiments, treatments) for a bench. Bad or missing totals give NaN here, never an exception; whether a
number may be shown is decided by the gates, not here.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lib.experiments.model import MetricKind
from lib.stats.cuped import merge, moments_of
from lib.stats.intervals import K95, fieller, newcombe, score_lift
from lib.stats.mean import quick_t_to_z, quick_z_to_t, variance_of, welch, welch_difference
from lib.stats.proportion import pooled_z
from lib.stats.ratio import ratio_of
from lib.stats.results import Floats, Series

Bools = NDArray[np.bool_]
MIN_VISITORS = 100  # per arm, rates
MIN_CONVERTERS = 20  # converters, and non-converters, over both arms
MIN_USERS = 50  # per arm, means and ratios


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    """Treatments against the control at one look; every array has the same shape.

    ``variance_c``, ``variance_t`` are variances of the arms' values; ``information`` is the variance of the
    accumulated difference; ``h = n_c n_t/(n_c + n_t)``. ``enough``: the floors of section 9 are met;
    ``sane``: the totals do not contradict themselves. ``x_*`` are converters, None unless a rate.
    """

    n_c: Floats
    n_t: Floats
    control_value: Floats
    treatment_value: Floats
    variance_c: Floats
    variance_t: Floats
    difference: Floats
    lift: Floats
    z: Floats
    p_value: Floats
    df: Floats
    h: Floats
    information: Floats
    enough: Bools
    sane: Bools
    x_c: Floats | None = None
    x_t: Floats | None = None
    adjusted: Bools | None = None  # where CUPED was used
    variance_reduction: Floats | None = None

    def relative(self, k: Floats | float = K95) -> tuple[Floats, Floats]:
        """Interval of the relative lift at critical value ``k``; it excludes 0 exactly when |z| > k."""
        if self.x_c is None or self.x_t is None:
            return self._fieller(k)
        low, high = score_lift(self.x_c, self.n_c, self.x_t, self.n_t, k)
        if self.adjusted is None or not self.adjusted.any():
            return low, high
        low_a, high_a = self._fieller(k)
        return np.where(self.adjusted, low_a, low), np.where(self.adjusted, high_a, high)

    def absolute(self, k: Floats | float = K95) -> tuple[Floats, Floats]:
        """Interval of the difference: Newcombe for rates, Welch for the rest."""
        low, high = welch_difference(self.difference, self.variance_c + self.variance_t, self.df, k)
        if self.x_c is None or self.x_t is None:
            return low, high
        low_n, high_n = newcombe(self.x_c, self.n_c, self.x_t, self.n_t, k)
        if self.adjusted is None:
            return low_n, high_n
        return np.where(self.adjusted, low, low_n), np.where(self.adjusted, high, high_n)

    def _fieller(self, k: Floats | float) -> tuple[Floats, Floats]:
        """Relative lift of means; none where the control is not above zero."""
        m_c = np.where(self.control_value > 0, self.control_value, np.nan)
        k_T = quick_z_to_t(k, self.df)
        with np.errstate(all="ignore"):
            m_t = m_c + self.difference
        return fieller(m_c, self.variance_c, m_t, self.variance_t, k_T)


@dataclass(frozen=True, slots=True, kw_only=True)
class Arms:
    """Totals of arms as arrays, see ``Series`` for the fields."""

    n: Floats
    total: Floats
    total_sq: Floats
    base_total: Floats | None = None
    base_total_sq: Floats | None = None
    cross_total: Floats | None = None
    covariate_total: Floats | None = None
    covariate_total_sq: Floats | None = None
    covariate_cross: Floats | None = None


FIELDS = tuple(Arms.__slots__)


def arms_of(series: Series, start: int, stop: int | None) -> Arms:
    """Some columns of a series, e.g. ``arms_of(series, 0, 1)`` the control."""
    values: dict[str, Any] = {}
    for name in FIELDS:
        sums = getattr(series, name)
        values[name] = None if sums is None else sums[..., start:stop]
    return Arms(**values)


def compare_rates(control: Arms, treatment: Arms) -> Compared:
    """Rates: pooled z, score and Newcombe intervals.

    >>> one = lambda n, x: Arms(n=np.array([n]), total=np.array([x]), total_sq=np.array([x]))
    >>> c = compare_rates(one(8000.0, 392.0), one(8050.0, 455.0))  # statsmodels proportions_ztest
    >>> round(float(c.z[0]), 6), round(float(c.lift[0]), 6)
    (2.131044, 0.153505)
    """
    n_c, n_t, x_c, x_t = np.broadcast_arrays(control.n, treatment.n, control.total, treatment.total)
    z, p_value = pooled_z(x_c, n_c, x_t, n_t)
    with np.errstate(all="ignore"):
        p_c, p_t = x_c / n_c, x_t / n_t
        h = n_c * n_t / (n_c + n_t)
        pooled = (x_c + x_t) / (n_c + n_t)
        others = n_c + n_t - x_c - x_t
        enough = (n_c >= MIN_VISITORS) & (n_t >= MIN_VISITORS)
        enough &= (x_c + x_t >= MIN_CONVERTERS) & (others >= MIN_CONVERTERS)
        return Compared(
            n_c=n_c,
            n_t=n_t,
            control_value=np.where(n_c > 0, p_c, np.nan),
            treatment_value=np.where(n_t > 0, p_t, np.nan),
            variance_c=p_c * (1 - p_c) / n_c,
            variance_t=p_t * (1 - p_t) / n_t,
            difference=p_t - p_c,
            lift=np.where(p_c > 0, p_t / p_c - 1, np.nan),
            z=z,
            p_value=p_value,
            df=np.full(z.shape, np.inf),
            h=h,
            information=h * pooled * (1 - pooled),
            enough=enough,
            sane=(x_c <= n_c) & (x_t <= n_t) & (x_c >= 0) & (x_t >= 0),
            x_c=x_c,
            x_t=x_t,
        )


def compare_means(control: Arms, treatment: Arms) -> Compared:
    """Means per visitor: Welch's T as a z, Fieller and Welch intervals.

    >>> one = lambda n, s, q: Arms(n=np.array([n]), total=np.array([s]), total_sq=np.array([q]))
    >>> c = compare_means(one(5000.0, 26011.0, 580112.5), one(5043.0, 27990.2, 630100.4))
    >>> round(float(c.p_value[0]), 5)  # scipy ttest_ind_from_stats
    0.06835
    """
    with np.errstate(all="ignore"):
        m_c, m_t = control.total / control.n, treatment.total / treatment.n
    s2_c = variance_of(control.n, control.total, control.total_sq)
    s2_t = variance_of(treatment.n, treatment.total, treatment.total_sq)
    return from_moments(control.n, m_c, s2_c, treatment.n, m_t, s2_t)


def compare_ratios(control: Arms, treatment: Arms) -> Compared:
    """Ratios of sums, e.g. clicks per session: the delta method inside each arm, then as means.

    >>> def arm(*sums):
    ...     return Arms(**{name: np.array([float(v)]) for name, v in zip(FIELDS, sums)})
    >>> c = compare_ratios(arm(3000, 4500, 12500, 7500, 27500, 16200),
    ...                    arm(3050, 4800, 13600, 7600, 27900, 17100))
    >>> round(float(c.p_value[0]), 6)  # gbstats TwoSidedTTest(RatioStatistic, absolute)
    0.002258
    """
    R_c, s2_c = _ratio(control)
    R_t, s2_t = _ratio(treatment)
    return from_moments(control.n, R_c, s2_c, treatment.n, R_t, s2_t)


def from_moments(  # noqa: PLR0917 - two arms of three moments, control first
    n_c: Floats, m_c: Floats, s2_c: Floats, n_t: Floats, m_t: Floats, s2_t: Floats
) -> Compared:
    """A comparison from each arm's size, value and variance per visitor."""
    n_c, m_c, s2_c, n_t, m_t, s2_t = np.broadcast_arrays(n_c, m_c, s2_c, n_t, m_t, s2_t)
    T, df, p_value = welch(m_c, s2_c, n_c, m_t, s2_t, n_t)
    with np.errstate(all="ignore"):
        v_c, v_t = s2_c / n_c, s2_t / n_t
        h = n_c * n_t / (n_c + n_t)
        told_from_zero = (m_c > 0) & (m_c**2 > K95**2 * v_c)
        return Compared(
            n_c=n_c,
            n_t=n_t,
            control_value=np.where(n_c > 0, m_c, np.nan),
            treatment_value=np.where(n_t > 0, m_t, np.nan),
            variance_c=v_c,
            variance_t=v_t,
            difference=m_t - m_c,
            lift=np.where(told_from_zero, m_t / m_c - 1, np.nan),
            z=quick_t_to_z(T, df),
            p_value=p_value,
            df=df,
            h=h,
            information=h**2 * (v_c + v_t),
            enough=(n_c >= MIN_USERS) & (n_t >= MIN_USERS) & (s2_c > 0) & (s2_t > 0),
            sane=~((n_c > 1) & np.isnan(s2_c)) & ~((n_t > 1) & np.isnan(s2_t)),
        )


def _ratio(arm: Arms) -> tuple[Floats, Floats]:
    """Value and variance of a ratio; NaN when the source did not send its denominator."""
    sums = (arm.base_total, arm.base_total_sq, arm.cross_total)
    d, dd, ad = (np.full(arm.n.shape, np.nan) if s is None else s for s in sums)
    return ratio_of(arm.n, arm.total, arm.total_sq, d, dd, ad)


METHODS: dict[MetricKind, Callable[[Arms, Arms], Compared]] = {
    MetricKind.FUNNEL: compare_rates,
    MetricKind.MEAN: compare_means,
    MetricKind.RATIO: compare_ratios,
    MetricKind.RETENTION: compare_ratios,
    MetricKind.LEGACY: compare_means,
}


def compare(kind: MetricKind, series: Series, theta: Floats | None = None) -> Compared:
    """Every treatment of a series against its control (column 0).

    ``theta`` (T,) is CUPED's factor at each row; None or all zero: as counted.
    """
    with np.errstate(all="ignore"):  # odd totals become NaN
        return _compare(kind, series, theta)


def _compare(kind: MetricKind, series: Series, theta: Floats | None) -> Compared:
    """Plain, or adjusted where theta is not zero."""
    plain = METHODS[kind](arms_of(series, 0, 1), arms_of(series, 1, None))
    if theta is None or not theta.any() or kind not in {MetricKind.FUNNEL, MetricKind.MEAN}:
        return plain
    mean, s2 = moments_of(series, theta, is_rate=kind is MetricKind.FUNNEL)
    n = series.n
    adjusted = from_moments(n[:, :1], mean[:, :1], s2[:, :1], n[:, 1:], mean[:, 1:], s2[:, 1:])
    lift = adjusted.difference / plain.control_value
    known = np.isfinite(plain.lift) & np.isfinite(lift)
    return merge(plain, replace(adjusted, lift=np.where(known, lift, np.nan)), theta)
