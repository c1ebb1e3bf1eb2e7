"""Laws of the verdict: names and directions do not matter to the test, only to the words."""

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lib.experiments.model import Goal
from lib.stats.results import State
from lib.stats.road import passage, roads_of
from tests.builders import a_metric, a_view, an_experiment

FEW = settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
RATES = st.floats(0.03, 0.6)
LIFTS = st.floats(-0.25, 0.25)
VISITORS = st.integers(2_000, 30_000)


def view(n, rate, lift, goal=Goal.UP, *, swapped=False):
    control, treatment = (n, round(n * rate)), (n, round(n * rate * (1 + lift)))
    counts = (treatment, control) if swapped else (control, treatment)
    return a_view(an_experiment(metrics=(a_metric(goal=goal),)), counts, rows=27)


@FEW
@given(VISITORS, RATES, LIFTS)
def test_swapping_the_arms_flips_the_sign(n, rate, lift):
    """The same evidence for the other side; the intervals are each other's reciprocal."""
    one, other = (view(n, rate, lift, swapped=s).primary for s in (False, True))
    a, b = one.comparisons[0], other.comparisons[0]
    assert a.z == pytest.approx(-b.z)
    assert a.evidence == pytest.approx(b.evidence, abs=1e-9)
    assert (1 + a.interval.low) * (1 + b.interval.high) == pytest.approx(1, rel=1e-6)
    assert (a.chance_to_win - 0.5) * (b.chance_to_win - 0.5) <= 1e-12
    turned = {State.READY_WINNER: State.READY_LOSER, State.READY_LOSER: State.READY_WINNER}
    # below the line +15 % and its mirror -13 % are not equally likely to be called, so only calls must agree
    assert other.verdict.is_ready is one.verdict.is_ready
    if one.verdict.is_ready:
        assert other.verdict.state is turned[one.verdict.state]


@FEW
@given(VISITORS, RATES, LIFTS)
def test_the_goal_turns_words_only(n, rate, lift):
    """With goal down every figure of the comparison stays; the favoured side turns round."""
    up, down = (view(n, rate, lift, goal).primary for goal in (Goal.UP, Goal.DOWN))
    assert up.comparisons == down.comparisons
    assert up.calls == down.calls
    if up.verdict.favours_treatment is not None and down.verdict.favours_treatment is not None:
        assert up.verdict.favours_treatment is not down.verdict.favours_treatment


@FEW
@given(VISITORS, RATES, LIFTS, st.integers(1, 20))
def test_chances_add_up(n, rate, lift, days):
    """Better, worse and open are one; more traffic never makes a call by the same day less likely."""
    seen = view(n, rate, lift)
    per_day = seen.forecast.n_per_day
    slow, fast = (roads_of(seen.primary, per_day * k)[0] for k in (1, 3))
    chances = [
        sum(float(x[0]) for x in passage(road, np.array([float(days)]))) for road in (slow, fast)
    ]
    assert 0 <= chances[0] <= chances[1] + 0.02
    outlook = seen.forecast.outlooks[0]
    assert outlook.chance == pytest.approx(outlook.chance_winner + outlook.chance_loser)


@FEW
@given(VISITORS, RATES, LIFTS)
def test_ready_only_with_a_call_and_a_full_week(n, rate, lift):
    """On day 5 of the same numbers nothing is ready, however strong."""
    seen = view(n, rate, lift)
    if seen.primary.verdict.state in {State.READY_WINNER, State.READY_LOSER}:
        assert seen.primary.verdict.call in seen.primary.calls
    counts = ((n, round(n * rate)), (n, round(n * rate * (1 + lift))))
    young = a_view(an_experiment(days=5.0), counts, rows=15).primary
    assert not young.verdict.is_ready


@FEW
@given(VISITORS, RATES)
def test_a_tie_has_no_leader(n, rate):
    """Equal arms: no leader, whatever the level."""
    tied = an_experiment(days=4.0)
    same = (n, round(n * rate))
    assert a_view(tied, (same, same), rows=12).primary.verdict.treatment_key is None
