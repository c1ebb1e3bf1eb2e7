"""Promises of health checks, flags, requirements and the simulation of being fooled."""

from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest

from lib.experiments.model import Exposures, MetricKind, PlannedInPostHog, Status
from lib.stats.fooled import how_often_fooled
from lib.stats.health import recounted_since, shrunk_by
from lib.stats.results import State
from lib.stats.series import series_of
from tests.builders import (
    DAY,
    NOW,
    a_history,
    a_metric,
    a_snapshot,
    a_view,
    an_experiment,
    analysed,
    views_by_state,
)

HOUR = timedelta(hours=1)


def suspicion(history, experiment=None, **more):
    return analysed(experiment or an_experiment(), history, **more)[0].verdict.suspicion


def steady(counts=((18_000, 1_800), (18_000, 1_900)), ago=HOUR):
    return list(a_history(an_experiment(), counts, as_of=NOW - ago))


def test_counts_that_shrink_are_a_data_error():
    """400 visitors fewer than an hour ago: do not read the lift."""
    now = a_snapshot(an_experiment(), ((17_600, 1_760), (18_000, 1_900)))
    assert suspicion([*steady(), now]) == "counts_shrank"


def test_people_moved_to_multiple_are_not():
    """PostHog left 400 people out for seeing both arms and says so: no suspicion."""
    now = a_snapshot(an_experiment(), ((17_800, 1_780), (17_800, 1_880)), n_excluded=400)
    assert suspicion([*steady(), now]) == ""
    fewer = a_snapshot(an_experiment(), ((17_800, 1_780), (17_799, 1_880)), n_excluded=400)
    assert suspicion([*steady(), fewer]) == "counts_shrank"


def test_shrunk_by_how_many():
    """The loss beyond what was excluded, against the last hour; 0 without a past."""
    experiment = an_experiment()
    early = series_of(steady(), experiment.variants)
    now = a_snapshot(experiment, ((17_588, 1_700), (18_100, 1_900)))
    assert shrunk_by(experiment, now, early) == 412
    assert shrunk_by(experiment, now, None) == 0
    assert recounted_since(experiment, now, early, NOW - DAY) == 412
    assert recounted_since(experiment, now, early, NOW) == 0


def test_more_converters_than_visitors():
    """A funnel cannot convert more people than it saw."""
    broken = a_snapshot(an_experiment(), ((18_100, 1_810), (18_100, 18_200)))
    verdict = analysed(an_experiment(), [*steady(), broken])[0].verdict
    assert (verdict.suspicion, verdict.suspicion_key) == ("exceeds_exposures", "blue")


def test_more_visitors_than_exposures():
    """The metric counts 18,100 where PostHog exposed 15,000; exposures older than the data say nothing."""
    now = a_snapshot(an_experiment(), ((18_100, 1_810), (18_100, 1_900)))
    seen = Exposures(as_of=NOW, totals={"control": 18_100, "blue": 15_000}, daily={})
    assert suspicion([*steady(), now], exposures=seen) == "exceeds_exposures"
    assert suspicion([*steady(), now], exposures=replace(seen, as_of=NOW - HOUR)) == ""


def test_an_implausible_jump():
    """More visitors within an hour than in nine days before; spread over a day it is plausible."""
    now = a_snapshot(an_experiment(), ((60_000, 6_000), (60_000, 6_100)))
    assert suspicion([*steady(), now]) == "jump"
    assert suspicion([*steady(ago=DAY), now]) == ""


def test_silence():
    """Nothing new for over two days while running; a paused experiment may be silent."""
    assert suspicion(steady(ago=timedelta(days=2.1))) == "data_stopped"
    assert suspicion(steady(ago=timedelta(days=1.9))) == ""
    paused = an_experiment(status=Status.PAUSED)
    assert suspicion(steady(ago=timedelta(days=2.1)), paused) == ""


def test_why_not_yet_lists_everything_in_order():
    """One line each, met ones too, in the order of the page."""
    analysis = views_by_state()["guardrails_fine"].primary
    lines = {line.kind: line for line in analysis.why_not_yet}
    assert list(lines) == [
        "visitors",
        "conversions",
        "week",
        "split",
        "data",
        "evidence",
        "guardrails",
    ]
    assert (lines["visitors"].now, lines["visitors"].needed) == (19_000, 100)
    assert (lines["conversions"].now, lines["conversions"].needed) == (3_910, 20)
    assert (lines["week"].now, lines["week"].is_met) == (pytest.approx(9), True)
    assert (lines["guardrails"].now, lines["guardrails"].needed) == (1, 1)
    evidence = lines["evidence"]
    assert not evidence.is_met
    assert evidence.needed == 0.95
    assert 0 < evidence.chance_never < 1


def test_why_not_yet_says_when():
    """31 of 100 visitors in an arm after 72 minutes: 69 more at half of 1,420 a day; a week on the calendar."""
    view = views_by_state()["too_early"]
    lines = {line.kind: line for line in view.primary.why_not_yet}
    assert (lines["visitors"].arm_key, lines["visitors"].now) == ("blue", 31)
    assert lines["visitors"].days_low == pytest.approx(69 / 710, rel=0.01)
    assert lines["week"].expected_on == view.experiment.started_at + 7 * DAY
    assert not any(lines[kind].is_met for kind in ("visitors", "conversions", "week", "evidence"))


def test_why_not_yet_counts_the_scarcer_kind():
    """990 of 1,000 convert: the ten who do not, over both arms 20 less 1, are the scarce ones."""
    view = a_view(an_experiment(days=2), ((1_000, 990), (1_000, 991)))
    conversions = next(x for x in view.primary.why_not_yet if x.kind == "conversions")
    assert (conversions.now, conversions.is_met) == (19, False)


def test_everything_met_when_proven():
    """Nothing is missing under a proven verdict."""
    assert all(line.is_met for line in views_by_state()["ready_winner"].primary.why_not_yet)
    assert views_by_state()["not_started"].primary is None


def flags(history, experiment=None):
    found = analysed(experiment or an_experiment(), history)[0].flags
    return {flag.kind: flag for flag in found}


def test_novelty_that_wears_off():
    """+20 % in the first half, nothing in the second, 50,000 visitors an arm: flagged, and downwards."""
    experiment = an_experiment(planned=PlannedInPostHog(mde=0.1, n_total=155_000, days=14))
    first = a_history(
        experiment, ((25_000, 2_500), (25_000, 3_000)), as_of=NOW - 4.5 * DAY, rows=27
    )
    now = a_snapshot(experiment, ((50_000, 5_000), (50_000, 5_500)))
    flag = flags([*first, now], experiment)["novelty"]
    # (log 1.0 - log 1.2) / sqrt(3 * 0.9/2500 + 0.88/3000) = -0.18232 / 0.037059
    assert flag.value == pytest.approx(-4.92, abs=0.01)
    assert flag.arm_key == "blue"
    assert "novelty" not in flags(
        a_history(experiment, ((50_000, 5_000), (50_000, 5_500))), experiment
    )


def test_conversions_still_maturing():
    """No new visitors for a day, 8 % more converters: still maturing."""
    experiment = an_experiment(status=Status.EXPOSURE_FROZEN)
    yesterday = a_history(experiment, ((19_000, 1_800), (19_000, 1_900)), as_of=NOW - DAY)
    now = a_snapshot(experiment, ((19_000, 1_944), (19_000, 2_052)))
    assert flags([*yesterday, now], experiment)["maturing"].value == pytest.approx(0.08)
    grown = a_snapshot(experiment, ((21_000, 2_148), (21_000, 2_268)))
    assert "maturing" not in flags([*yesterday, grown], experiment)


def test_traffic_that_moves_the_end():
    """Day 9 with 10,000 of 60,000 visitors: 54 days instead of 14, that is +286 %."""
    slow = flags(a_history(an_experiment(), ((5_000, 500), (5_000, 510))))["traffic"]
    assert slow.value == pytest.approx(54 / 14 - 1, abs=0.01)
    assert "traffic" not in flags(a_history(an_experiment(), ((19_000, 1_900), (19_000, 1_950))))


def test_one_visitor_holds_a_large_part():
    """Sum 10,000 with squares 25 million: the largest value is at least 2,500, a quarter of the sum."""
    metric = a_metric(kind=MetricKind.MEAN)
    experiment = an_experiment(metrics=(metric,))
    past = a_history(experiment, ((5_000, 10_000), (5_000, 10_000)))
    wild = [
        replace(s, totals=(s.totals[0], replace(s.totals[1], total_sq=s.totals[1].total ** 2 / 4)))
        for s in past
    ]
    flag = flags(wild, experiment)["outliers"]
    assert (flag.arm_key, flag.value) == ("blue", pytest.approx(0.25))


def test_inconsistent_over_time():
    """First clearly +40 %, later clearly below the baseline: no lift fits both intervals."""
    experiment = an_experiment(planned=PlannedInPostHog(mde=0.1, n_total=155_000, days=14))
    first = a_history(experiment, ((20_000, 2_000), (20_000, 2_800)), as_of=NOW - 6 * DAY, rows=18)
    now = a_history(experiment, ((50_000, 5_000), (50_000, 4_900)), rows=54)[-6:]
    assert flags([*first, *now], experiment)["inconsistent"].value > 0
    assert "inconsistent" not in flags(
        a_history(experiment, ((50_000, 5_000), (50_000, 5_500))), experiment
    )


def test_fooled_like_the_published_table():
    """5 %, 10,000 visitors: at 2,000 looks plain 49.7 %, PostHog 59.4 %, ours at most 5 % (statistics.md 13.1)."""
    found = how_often_fooled(0.05, 5_000, 2_000, n_tests=400)
    spread = 3 * 0.025  # three standard errors at 400 tests
    assert found.plain == pytest.approx(0.497, abs=spread)
    assert found.posthog == pytest.approx(0.594, abs=spread)
    assert found.ours <= 0.05 + 3 * np.sqrt(0.05 * 0.95 / 400)


def test_fooled_is_the_same_every_time():
    """Same seed, same shares; another seed, another set of tests."""
    once, again = (how_often_fooled(0.1, 2_000, 200, seed=3, n_tests=50) for _ in range(2))
    assert (once.plain, once.posthog, once.ours) == (again.plain, again.posthog, again.ours)
    assert how_often_fooled(None, 2_000, 200, n_tests=50).n_looks == 200


@pytest.mark.parametrize("bad", [(-0.1, 100, 10), (1.5, 100, 10), (0.1, 0, 10), (0.1, 100, 0)])
def test_fooled_says_what_it_needs(bad):
    """A rate between 0 and 1, at least one visitor and look."""
    with pytest.raises(ValueError, match=r"between 0 and 1|at least one"):
        how_often_fooled(*bad)


def test_no_legacy_flags_or_calls():
    """PostHog's old engine: shown, never decided on."""
    analysis = views_by_state()["legacy"].primary
    assert (analysis.flags, analysis.calls) == ((), ())
    assert analysis.verdict.state is State.UNDER_SUSPICION
