"""Single methods against closed forms and hand calculations."""

from fractions import Fraction

import numpy as np
import pytest
from scipy import integrate, optimize, stats

from lib.experiments.model import MetricKind
from lib.stats import bayes, intervals, mean
from lib.stats.balance import log_e_balance
from lib.stats.boundary import RULE, Rule, table_line
from lib.stats.compare import compare
from lib.stats.cuped import frozen_theta
from lib.stats.evidence import Evidence, Looks, ladder, plan_p
from lib.stats.results import Series
from lib.stats.spending import Spending
from lib.stats.table import TABLE, TABLE_ALPHA, TABLE_U, computed_lines


def test_exact_chance():
    """Beta(1, 401) against Beta(10, 402): the chance is a product of ten fractions, to 1e-9."""
    exact = float(np.prod([Fraction(402 + i, 803 + i) for i in range(10)]))
    assert bayes.exact_rates(9, 410, 0, 400)[0] == pytest.approx(exact, rel=1e-9)


def test_losses_differ_by_the_means():
    """Keeping loses as much more than shipping as the treatment's mean rate is higher."""
    _, ship, keep = bayes.exact_rates(30, 1000, 45, 1100)
    assert keep - ship == pytest.approx(46 / 1102 - 31 / 1002, rel=1e-9)


def test_score_difference_is_even_handed():
    """Equal arms get an interval symmetric around zero, unlike the published slip."""
    low, high = intervals.score_difference(150, 2500, 150, 2500)
    assert low == pytest.approx(-high, rel=1e-9)
    low, high = intervals.score_difference(150, 2500, 150, 2500, as_statsmodels=True)
    assert abs(low + high) > 1e-6


@pytest.mark.parametrize("counts", [(0, 50, 7, 50), (7, 50, 0, 50), (50, 50, 40, 50), (3, 9, 9, 9)])
def test_score_ends_on_the_edge(counts):
    """No or only converters in an arm: an end is -1 or infinite, or solves the score equation."""
    x_c, _, x_t, _ = counts
    low, high = intervals.score_lift(*counts, 1.96)
    assert low == -1 if x_t == 0 else intervals.score_z(1 + low, *counts) == pytest.approx(1.96)
    assert (
        np.isinf(high) if x_c == 0 else intervals.score_z(1 + high, *counts) == pytest.approx(-1.96)
    )


def test_nothing_to_compare_gives_no_interval():
    """Nobody converted, or everybody: no interval, not a wide one."""
    assert np.isnan(intervals.score_lift(0, 50, 0, 50)).all()
    assert np.isnan(intervals.score_lift(50, 50, 50, 50)).all()


def test_fieller_at_the_line():
    """Fieller's end is where the test of that ratio is exactly at its critical value."""
    low, _ = intervals.fieller(10.0, 0.04, 11.0, 0.05, 1.96)
    f = 1 + float(low)
    assert (11 - f * 10) / np.sqrt(0.05 + f * f * 0.04) == pytest.approx(1.96)


def test_quick_conversion_is_close():
    """Wallace's closed form stays within 0.2 % of the exact conversion from 50 degrees of freedom."""
    T = np.linspace(0.5, 8, 40)
    for df in (50, 98, 500):
        exact = stats.norm.isf(stats.t.sf(T, df))
        np.testing.assert_allclose(mean.quick_t_to_z(T, df), exact, rtol=2e-3)


def test_table_is_what_the_recursion_gives():
    """Two columns of the table made again up to a tenth of the plan, with the constants of the rule."""
    columns, early = [4, 7], TABLE_U <= 0.1
    made = computed_lines(
        TABLE_U[early], TABLE_ALPHA[columns], exponent=RULE.exponent, shift=0.5826, start=RULE.start
    )
    np.testing.assert_allclose(made, TABLE[early][:, columns], atol=1e-3)


def steady(rule, alpha, hours=336):
    spending = Spending((1, 1), np.array([alpha]), rule)
    lines = []
    for k in range(1, hours + 1):
        u = np.full((1, 1), k / hours)
        spending.step(np.log(u), u, np.ones((1, 1), dtype=bool))
        lines.append(spending.line[0, 0, 0])
    return np.array(lines)


def test_live_recursion_agrees_with_the_table():
    """Under steady traffic the live line follows the table (held between steps, coarser steps)."""
    lines = steady(Rule(shift=0.5826), 0.0475)
    for k in (34, 84, 168, 252, 320):
        assert lines[k - 1] == pytest.approx(float(table_line(k / 336, 0.0475)), abs=0.05)


def test_published_lines():
    """With the constants of the specification: its line of 0.045 at 10, 30, 50, 90 % of the plan."""
    lines = steady(Rule(plan_share=0.9, exponent=1.5, shift=0.5826), 0.045)
    for u, z in ((0.1, 3.683), (0.3, 3.168), (0.5, 2.897), (0.9, 2.548)):
        assert lines[round(u * 336) - 1] == pytest.approx(z, abs=0.06)


def test_p_is_exact_on_the_line():
    """On the line of alpha the p-value is alpha; below the first line it is one."""
    levels = ladder(0.05, 3)
    lines = table_line(0.5, levels)
    np.testing.assert_allclose(
        plan_p(lines, np.broadcast_to(lines, (len(lines), len(lines))), levels), levels
    )
    assert plan_p(np.array([lines[0] - 0.01]), lines[None], levels)[0] == 1


def test_no_new_information_keeps_the_line():
    """Rows that bring no information neither spend error nor move the line."""
    u = np.concatenate([np.linspace(0.1, 0.5, 41), np.full(20, 0.5)])[:, None, None]
    s = np.linspace(0.1, 0.7, 61)[:, None, None]
    looks = Looks(z=u * 0, information=u, u=u, s=s, counts=u > 0, is_step=np.ones(61, dtype=bool))
    z_crit = Evidence((1, 1)).extend(looks).z_crit[:, 0, 0]
    assert (z_crit[41:] == z_crit[40]).all()


def test_balance_leaves_missing_arms_out():
    """An arm that was not sent does not count as empty."""
    both = log_e_balance([[500.0, 520.0, np.nan]], [0.4, 0.4, 0.2])
    assert both[0] == pytest.approx(float(log_e_balance([500.0, 520.0], [0.5, 0.5])))


def covariates(looks=60, seed=4):
    rng = np.random.default_rng(seed)
    size = 50 * looks
    x = rng.exponential(2.0, (size, 2))
    y = 0.8 * x + rng.normal(3.0, 1.0, (size, 2)) + [0.0, 0.15]
    at = np.arange(1, looks + 1) * 50 - 1
    sums = {
        "total": y,
        "total_sq": y * y,
        "covariate_total": x,
        "covariate_total_sq": x * x,
        "covariate_cross": x * y,
    }
    n = np.repeat((at + 1.0)[:, None], 2, axis=1)
    as_of = 1.7676e9 + np.arange(looks) * 7200.0
    return Series(as_of=as_of, n=n, **{k: np.cumsum(v, axis=0)[at] for k, v in sums.items()})


def test_cuped_takes_the_noise_out():
    """With var(0.8 X) = 2.56 of 3.56 explained the variance falls by 72 %, and z grows."""
    series = covariates()
    theta, _ = frozen_theta(series, (-1.0, 0.0))
    plain, adjusted = compare(MetricKind.MEAN, series), compare(MetricKind.MEAN, series, theta)
    assert adjusted.variance_reduction[-1, 0] == pytest.approx(0.72, abs=0.03)
    assert abs(adjusted.z[-1, 0]) > 1.5 * abs(plain.z[-1, 0])
    low, high = adjusted.relative()
    assert low[-1, 0] < adjusted.lift[-1, 0] < high[-1, 0]


def test_theta_is_frozen_for_the_day():
    """theta changes at the first row of a UTC day only, whether rows come together or one by one."""
    series = covariates()
    theta, _ = frozen_theta(series, (-1.0, 0.0))
    days = np.floor(series.as_of / 86400)
    changes = np.flatnonzero(np.diff(theta))
    assert len(changes)
    assert (np.diff(days)[changes] == 1).all()


def test_dunnett_by_integration():
    """Two treatments, one control: the critical value by a double check with scipy's own integration."""
    from lib.stats.multiple import dunnett_critical

    def inside(x, k):
        return (
            stats.norm.pdf(x)
            * (stats.norm.cdf(2**0.5 * k - x) - stats.norm.cdf(-(2**0.5) * k - x)) ** 2
        )

    def miss(k):
        return 1 - integrate.quad(inside, -8, 8, args=(k,))[0] - 0.05

    assert dunnett_critical(2) == pytest.approx(optimize.brentq(miss, 1, 4), rel=1e-6)
