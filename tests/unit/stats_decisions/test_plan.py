"""Promises of the plan: PostHog first, defaults from traffic, never from the difference."""

from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest

from lib.experiments.model import MetricKind, PlannedInPostHog, Variant
from lib.stats.plan import first_day_visitors, make_plan, planned_size
from lib.stats.series import series_of
from tests.builders import DAY, NOW, a_history, a_metric, a_snapshot, an_experiment

NOTHING = PlannedInPostHog()


def first(experiment, counts=((9_000, 450), (9_000, 450)), rows=54):
    return series_of(a_history(experiment, counts, rows=rows), experiment.variants)


@pytest.mark.parametrize(
    ("rate", "mde", "total"),
    # statistics.md 13.3, column "fixed-horizon visitors"
    [(0.05, 0.10, 62_461), (0.05, 0.20, 16_310), (0.30, 0.10, 7_519), (0.005, 0.05, 2_561_231)],
)
def test_size_of_a_single_look(rate, mde, total):
    """The published sizes come out to the visitor."""
    assert round(planned_size(rate, None, mde)) == total


def test_size_of_a_mean():
    """Equal variances: 4 (z_a + z_b)² s² / d², by hand 4 * 7.8489 * 25 / 0.5² = 3139.55."""
    assert planned_size(5.0, 25.0, 0.1) == pytest.approx(3139.55, abs=0.01)


@pytest.mark.parametrize(
    "bad", [(0.0, None, 0.1), (0.05, None, 0.0), (5.0, 0.0, 0.1), (1e-300, 1.0, 0.1)]
)
def test_no_size_without_something_to_go_by(bad):
    """Nothing to detect, or nothing that varies: infinitely many visitors, no error."""
    assert planned_size(*bad) == np.inf


def test_posthogs_figures_come_first():
    """All three given: they are the plan, shared out by the planned split, days in whole weeks."""
    experiment = an_experiment(arms=3, planned=PlannedInPostHog(mde=0.2, n_total=9_000, days=10))
    plan = make_plan(experiment, None, NOW)
    assert (plan.mde, plan.days, plan.origin) == (0.2, 14.0, "posthog")
    assert plan.n_per_arm == pytest.approx((3_000, 3_000, 3_000))


def test_uneven_shares():
    """A 90/10 split plans 90 % of the visitors for the control."""
    variants = (Variant(key="control", name="c", share=0.9), Variant(key="t", name="t", share=0.1))
    plan = make_plan(an_experiment(variants=variants), None, NOW)
    assert plan.n_per_arm == pytest.approx((54_000, 6_000))


def test_defaults_wait_for_the_first_full_day():
    """Nothing planned: no plan after 20 hours, 14 times the first day's traffic after it."""
    young = an_experiment(days=20 / 24, planned=NOTHING)
    assert make_plan(young, first(young), NOW) is None
    grown = an_experiment(days=9, planned=NOTHING)
    plan = make_plan(grown, first(grown), NOW)
    assert (plan.mde, plan.days, plan.origin) == (0.1, 14.0, "default")
    assert sum(plan.n_per_arm) == pytest.approx(14 * 2_000, rel=0.01)


def test_first_day_between_two_rows():
    """Daily points at 0.5 and 1.5 days with 600 and 2,000 visitors: 1,300 at 24 hours, by hand."""
    experiment = an_experiment(days=1.5)
    rows = [
        a_snapshot(experiment, ((300, 1), (300, 1)), as_of=NOW - DAY),
        a_snapshot(experiment, ((1_000, 1), (1_000, 1))),
    ]
    series = series_of(rows, experiment.variants)
    assert first_day_visitors(series, experiment.started_at) == pytest.approx(1_300)


def test_only_an_effect_size_is_known():
    """5 % rate, +10 %: 1.2 * 62,461 = 74,953 visitors; at 8,000 a day 9.4 days, so two whole weeks."""
    experiment = an_experiment(planned=PlannedInPostHog(mde=0.1))
    plan = make_plan(experiment, first(experiment, ((36_000, 1_800), (36_000, 1_800))), NOW)
    assert plan.days == 14
    assert sum(plan.n_per_arm) == pytest.approx(14 * 8_000, rel=0.001)


def test_several_treatments_need_more():
    """Three arms share alpha and have smaller arms, so the same traffic takes more weeks."""
    two = an_experiment(planned=PlannedInPostHog(mde=0.1))
    three = an_experiment(arms=3, planned=PlannedInPostHog(mde=0.1))
    counts = ((9_000, 450), (9_000, 450))
    short = make_plan(two, first(two, counts), NOW)
    long = make_plan(three, first(three, (*counts, (9_000, 450))), NOW)
    # 74,953 at 2,000 a day: 37.5 days, six weeks. Three arms: alpha 0.025 gives factor
    # (2.2414 + 0.8416)² / 7.8489 = 1.211, split 1.5: 136,150 at 3,000 a day: 45.4 days, seven weeks.
    assert (short.days, long.days) == (42, 49)


def test_never_longer_than_twelve_weeks_by_itself():
    """A tiny effect at little traffic: twelve weeks and what they bring, not years."""
    experiment = an_experiment(planned=PlannedInPostHog(mde=0.001))
    plan = make_plan(experiment, first(experiment), NOW)
    assert plan.days == 84
    assert sum(plan.n_per_arm) == pytest.approx(84 * 2_000, rel=0.01)


@pytest.mark.parametrize("n", [0, -5, 10, float("nan"), 10**15])
@pytest.mark.parametrize("days", [0, -1, float("inf"), 1e6])
@pytest.mark.parametrize("mde", [0, -0.1, float("nan"), 1e9])
def test_absurd_figures_count_as_absent(n, days, mde):
    """Zero, negative, endless: as if nothing had been planned."""
    experiment = an_experiment(planned=PlannedInPostHog(mde=mde, n_total=n, days=days))
    plan = make_plan(experiment, first(experiment), NOW)
    assert (plan.mde, plan.days, plan.origin) == (0.1, 14.0, "default")


def test_the_difference_does_not_matter():
    """Moving conversions from one arm to the other leaves the plan alone."""
    experiment = an_experiment(planned=PlannedInPostHog(mde=0.05))
    plans = [
        make_plan(experiment, first(experiment, counts), NOW)
        for counts in (((9_000, 450), (9_000, 450)), ((9_000, 300), (9_000, 600)))
    ]
    assert plans[0] == plans[1]


def test_means_use_their_variance():
    """Revenue 5 with exponential spread (s² = 25): 1.2 * 3,139.55 = 3,767 visitors, one week at 2,000."""
    revenue = a_metric(kind=MetricKind.MEAN)
    experiment = an_experiment(planned=PlannedInPostHog(mde=0.1), metrics=(revenue,))
    plan = make_plan(experiment, first(experiment, ((9_000, 45_000), (9_000, 45_000))), NOW)
    assert plan.days == 7


def test_before_the_start_there_is_none():
    """A draft has no traffic and no plan of its own."""
    draft = replace(an_experiment(planned=NOTHING), started_at=None)
    assert make_plan(draft, None, NOW + timedelta(days=1)) is None
