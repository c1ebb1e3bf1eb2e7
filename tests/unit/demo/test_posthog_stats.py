"""PostHog's own figures, against answers of PostHog's statistics module for the same counts."""

import math

import pytest
from scipy import stats

from lib.demo import posthog_stats
from lib.demo.trial import Sums


def funnel(key, n, converted):
    return Sums(key=key, n=n, total=converted, total_sq=converted)


def test_frequentist_funnel():
    """The recorded answer for 1224/10198 against 1331/10240, fixed horizon."""
    found = posthog_stats.relative(
        funnel("control", 10198, 1224), funnel("test", 10240, 1331), "funnel"
    )
    told = posthog_stats.frequentist(found)
    assert told["p_value"] == pytest.approx(0.038685713995313176, rel=1e-9)
    assert told["confidence_interval"] == pytest.approx(
        [0.00431583230409556, 0.16160054075554492], rel=1e-7
    )
    assert told["significant"] is True


def test_bayesian_mean():
    """The recorded answer for a revenue metric under a flat prior."""
    control = Sums(key="control", n=10198, total=520098.0, total_sq=58700120.75)
    test = Sums(key="test", n=10240, total=541720.5, total_sq=61204400.25)
    told = posthog_stats.bayesian(posthog_stats.relative(control, test, "mean"))
    assert told["chance_to_win"] == pytest.approx(0.9911495576301894, rel=1e-9)
    assert told["credible_interval"] == pytest.approx(
        [0.0064772476781394354, 0.06812638283656655], rel=1e-7
    )
    assert told["significant"] is True


def test_bayesian_ratio():
    """The recorded answer for refunds per order, whose goal is a decrease."""
    control = Sums(
        key="control",
        n=10198,
        total=455.0,
        total_sq=503.0,
        base=6980.0,
        base_sq=10790.0,
        cross=571.0,
    )
    test = Sums(
        key="test", n=10240, total=402.0, total_sq=446.0, base=7120.0, base_sq=11080.0, cross=520.0
    )
    told = posthog_stats.bayesian(posthog_stats.relative(control, test, "ratio"))
    assert told["chance_to_win"] == pytest.approx(0.01368643649309695, rel=1e-9)
    assert told["credible_interval"] == pytest.approx(
        [-0.25277448130371916, -0.014937581913961773], rel=1e-7
    )


@pytest.mark.parametrize(
    ("arm", "kind", "is_baseline", "expected"),
    [
        (funnel("a", 41, 38), "mean", False, ["not-enough-exposures"]),
        (funnel("a", 500, 4), "funnel", False, ["not-enough-metric-data"]),
        (funnel("a", 500, 4), "mean", False, []),
        (funnel("a", 500, 0), "mean", True, ["baseline-mean-is-zero"]),
        (funnel("a", 0, 0), "funnel", False, ["not-enough-exposures", "not-enough-metric-data"]),
    ],
)
def test_why_there_are_no_figures(arm, kind, is_baseline, expected):
    """Below 50 people, below 5 conversions, or with a baseline of zero."""
    assert posthog_stats.failures(arm, kind, is_baseline=is_baseline) == expected


def test_without_spread_there_is_no_error():
    """Arms where everybody or nobody converts have no relative error."""
    assert posthog_stats.relative(funnel("a", 100, 100), funnel("b", 100, 100), "funnel") is None
    assert posthog_stats.relative(funnel("a", 100, 0), funnel("b", 100, 10), "funnel") is None
    assert set(posthog_stats.bayesian(None).values()) == {None}


@pytest.mark.parametrize("freedom", [1.5, 7.0, 98.0, 240.0, 20_436.2, 2e5, 6e7])
@pytest.mark.parametrize("t", [0.0, 0.3, -1.96, 4.0, 12.0])
def test_students_t_agrees_with_scipy(t, freedom):
    """Tail and quantile, from very few to very many degrees of freedom."""
    expected = 2 * stats.t.sf(abs(t), freedom)
    assert posthog_stats.t_two_sided(t, freedom) == pytest.approx(expected, rel=1e-6, abs=1e-14)
    assert posthog_stats.t_quantile(0.975, freedom) == pytest.approx(
        stats.t.ppf(0.975, freedom), rel=1e-6
    )


@pytest.mark.parametrize("k", [2, 3, 4, 5])
def test_mismatch_agrees_with_scipy(k):
    """The chi-square test of a split for two to five arms."""
    observed = [1000 + 37 * i for i in range(k)]
    expected = [sum(observed) / k] * k
    p_value = stats.chisquare(observed, expected).pvalue
    assert posthog_stats.mismatch_p(observed, expected) == pytest.approx(p_value, rel=1e-9)
    assert math.isclose(posthog_stats.mismatch_p(expected, expected), 1.0)
