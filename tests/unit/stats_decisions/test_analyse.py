"""Promises of ``analyse``: the figures of one comparison, blocked arms, clocks, goals, recorded calls."""

from dataclasses import replace

import numpy as np
import pytest
from scipy import stats

from lib.experiments.model import MetricKind, MetricRole, Variant
from lib.stats.analyse import analyse
from lib.stats.belief import believe
from lib.stats.plan import make_plan
from lib.stats.results import Blocked, BlockedBecause, Estimate
from lib.stats.series import series_of
from lib.stats.watch import Watch
from tests.builders import (
    NOW,
    a_history,
    a_metric,
    a_snapshot,
    a_view,
    an_experiment,
    views_by_state,
)


def primary(name):
    return views_by_state()[name].primary


def test_single_look_figures():
    """1,900 and 2,010 of 19,000: statsmodels 0.15 proportions_ztest gives z = 1.8587, p = 0.063067."""
    estimate = a_view().primary.comparisons[0]
    pooled = 3_910 / 38_000
    z = (110 / 19_000) / np.sqrt(pooled * (1 - pooled) * 2 / 19_000)
    assert estimate.z == pytest.approx(z)
    assert estimate.p_value == pytest.approx(2 * stats.norm.sf(z))
    assert estimate.lift == pytest.approx(2_010 / 1_900 - 1)
    assert estimate.difference == pytest.approx(110 / 19_000)
    assert estimate.progress == pytest.approx(abs(z) / estimate.z_crit)


def test_chance_to_win_and_losses():
    """Flat prior on the relative lift, by scipy; the two losses differ by the lift."""
    estimate = a_view().primary.comparisons[0]
    p, q, n = 0.1, 2_010 / 19_000, 19_000
    error = np.sqrt(q * (1 - q) / n / p**2 + q**2 * p * (1 - p) / n / p**4)
    belief = stats.norm(estimate.lift, error)
    assert estimate.chance_to_win == pytest.approx(belief.sf(0))
    assert estimate.loss_ship == pytest.approx(-belief.expect(lambda x: x, ub=0), rel=1e-4)
    assert estimate.loss_keep - estimate.loss_ship == pytest.approx(estimate.lift)


def test_few_converters_use_exact_posteriors():
    """30 and 45 of 500: the chance by 400,000 draws of both Beta posteriors."""
    experiment = an_experiment(days=3)
    estimate = a_view(experiment, ((500, 30), (500, 45))).primary.comparisons[0]
    rng = np.random.default_rng(5)
    control, treatment = rng.beta(31, 471, 400_000), rng.beta(46, 456, 400_000)
    assert estimate.chance_to_win == pytest.approx((treatment > control).mean(), abs=0.003)
    lost = np.maximum(control - treatment, 0).mean() / 0.06
    assert estimate.loss_ship == pytest.approx(lost, rel=0.05)


def test_likely_lift_is_the_posterior_mean():
    """Half no effect, half N(0, 10 %): w m, by the densities of scipy's normals."""
    estimate = a_view().primary.comparisons[0]
    error = estimate.difference / estimate.z / 0.1
    seen, none = (stats.norm.pdf(estimate.lift, 0, sd) for sd in (np.hypot(error, 0.1), error))
    weight = seen / (seen + none)
    mean = estimate.lift / error**2 / (1 / error**2 + 1 / 0.1**2)
    assert estimate.likely_lift == pytest.approx(weight * mean)
    sd = (1 / error**2 + 1 / 0.1**2) ** -0.5
    wrong = 1 - weight + weight * stats.norm.cdf(0, mean, sd)
    assert estimate.chance_wrong == pytest.approx(wrong)
    assert estimate.likely_interval.low <= estimate.likely_lift <= estimate.likely_interval.high


def test_likely_interval_holds_what_it_says():
    """Mass of the mixture below each end by scipy: 2.5 % and 97.5 %, or the atom in between."""
    belief = believe(0.12, 0.04**2, 0.1)
    ends = belief.interval(0.95)
    high = 1 - belief.weight + belief.weight * stats.norm.cdf(ends.high, belief.mean, belief.sd)
    assert high == pytest.approx(0.975, abs=1e-6)
    assert (
        ends.low == 0.0
    )  # the 5 % that believe in no effect lie at zero, the 2.5 % point among them


def test_test_and_interval_agree():
    """The always-valid interval leaves zero out exactly when |z| passes the line."""
    for name, view in views_by_state().items():
        for analysis in view.analyses:
            for e in analysis.estimates:
                if e.interval is not None:
                    outside = e.interval.low > 0 or e.interval.high < 0
                    assert outside is (e.progress > 1), name


@pytest.mark.parametrize(
    ("counts", "kind", "reason"),
    [
        (((0, 0), (0, 0)), MetricKind.FUNNEL, BlockedBecause.NO_DATA),
        (((500, 50), (0, 0)), MetricKind.FUNNEL, BlockedBecause.EMPTY_ARM),
        (((500, 50), (99, 9)), MetricKind.FUNNEL, BlockedBecause.TOO_FEW),
        (((500, 9), (500, 10)), MetricKind.FUNNEL, BlockedBecause.TOO_FEW),
        (((500, 491), (500, 490)), MetricKind.FUNNEL, BlockedBecause.TOO_FEW),
        (((500, 0), (500, 0)), MetricKind.FUNNEL, BlockedBecause.ZERO_VARIANCE),
        (((500, 0), (500, 0)), MetricKind.MEAN, BlockedBecause.ZERO_VARIANCE),
        (((49, 100), (500, 1000)), MetricKind.MEAN, BlockedBecause.TOO_FEW),
        (((500, 100), (500, 120)), MetricKind.LEGACY, BlockedBecause.UNSUPPORTED),
    ],
)
def test_blocked_with_a_reason(counts, kind, reason):
    """No number where there is none, and words for what would bring one."""
    experiment = an_experiment(metrics=(a_metric(kind=kind),))
    comparison = a_view(experiment, counts).primary.comparisons[0]
    assert isinstance(comparison, Blocked)
    assert comparison.reason is reason
    assert comparison.unblocked_by


def test_one_arm_blocked_leaves_the_others():
    """A third arm that nobody saw yet, planned as a trickle, does not hide the second."""
    shares = (0.495, 0.495, 0.01)
    arms = tuple(
        Variant(key=k, name=k, share=s)
        for k, s in zip(("control", "blue", "green"), shares, strict=True)
    )
    view = a_view(an_experiment(arms=3, variants=arms), ((2_000, 200), (2_000, 230), (0, 0)))
    first, second = view.primary.comparisons
    assert isinstance(first, Estimate)
    assert second.reason is BlockedBecause.EMPTY_ARM


def test_clocks():
    """Day 9 of 14 with 19,000 of 30,000 visitors an arm: e = 9/14, u = 19/30, s the smaller one."""
    clocks = a_view().primary.clocks
    assert (clocks.days, clocks.e) == (pytest.approx(9), pytest.approx(9 / 14))
    assert clocks.u == (pytest.approx(19 / 30),)
    assert clocks.s == pytest.approx(19 / 30)


def test_calendar_stops_with_the_experiment():
    """A stopped experiment stays where it ended."""
    view = views_by_state()["ended"]
    assert view.primary.clocks.days == pytest.approx(14)
    assert view.primary.ended_at == view.experiment.ended_at


def test_arms_as_read():
    """Rates, shares and funnel steps of each arm; unknown is None, never zero."""
    control, blue = a_view().primary.arms
    assert (control.n, control.value, control.share) == (19_000, 0.1, 0.5)
    assert blue.steps == (1.0, pytest.approx(10_505 / 19_000), pytest.approx(2_010 / 19_000))
    empty = primary("waiting").arms[0]
    assert (empty.value, empty.share, empty.steps) == (None, None, ())


def test_ratio_value_is_sum_over_sum():
    """11,400 clicks in 38,000 sessions: 0.3."""
    assert primary("ratio_metric").arms[0].value == pytest.approx(0.3)


def test_balance():
    """19,000 against 20,400: chi-square by scipy, off, and the arm that has too many is named."""
    balance = primary("under_suspicion").balance
    assert balance.is_off
    assert balance.worst_key in {"control", "blue"}
    assert balance.p_value == pytest.approx(stats.chisquare([19_000, 20_400]).pvalue)


def test_best_of_all():
    """The chances of all arms add up to one and follow the goal."""
    best = primary("five_arms").best_chance
    assert sum(best) == pytest.approx(1)
    assert max(best) == best[1]
    assert primary("waiting").best_chance == ()


def test_evidence_is_holm_adjusted():
    """Three arms: the evidence of the called arm is one minus twice its p."""
    estimate = primary("three_arms_open").comparisons[0]
    assert estimate.evidence == pytest.approx(max(0.0, 1 - 2 * estimate.p_always))


def test_a_watch_that_did_not_see_the_snapshot_is_left_alone():
    """A newer snapshot than the watch was fed: analysed through a copy, the watch keeps its state."""
    experiment = an_experiment()
    past = a_history(experiment, ((18_000, 1_800), (18_000, 1_900)), as_of=NOW.replace(hour=0))
    series = series_of(past, experiment.variants)
    plan = make_plan(experiment, series, NOW)
    watch = Watch(experiment, experiment.metrics[0], plan)
    watch.extend(series)
    newer = a_snapshot(experiment, ((19_000, 1_900), (19_000, 2_010)))
    analysis = analyse(
        experiment=experiment,
        metric=experiment.metrics[0],
        plan=plan,
        watch=watch,
        snapshot=newer,
        server_now=NOW,
    )
    assert analysis.comparisons[0].lift == pytest.approx(2_010 / 1_900 - 1)
    assert watch.trace.as_of[-1] == past[-1].as_of.timestamp()


def test_secondary_metrics_get_their_own_verdict():
    """An exploratory metric is analysed the same way; a guardrail's harm is not mixed into it."""
    view = views_by_state()["blocked_metric"]
    assert [a.metric.role for a in view.analyses[1:]] == [MetricRole.SECONDARY] * 2
    assert view.analyses[1].comparisons[0].reason is BlockedBecause.ZERO_VARIANCE
    assert view.analyses[2].verdict.suspicion == "unsupported"


def test_baseline_mean_near_zero_shows_the_difference_only():
    """A mean that cannot be told from zero: no relative lift, the difference stands."""
    metric = a_metric(kind=MetricKind.MEAN)
    experiment = an_experiment(metrics=(metric,))
    past = a_history(experiment, ((5_000, 5_000), (5_000, 5_100)))
    wide = [
        replace(
            s, totals=tuple(replace(t, total=t.total / 1e4, total_sq=t.n * 9.0) for t in s.totals)
        )
        for s in past
    ]
    estimate = a_view(experiment, history=wide).primary.comparisons[0]
    assert (estimate.lift, estimate.interval, estimate.likely_lift) == (None, None, None)
    assert (
        estimate.difference_interval.low < estimate.difference < estimate.difference_interval.high
    )
