"""The ladder: each rung has a built example, the order holds, calls are sticky."""

from dataclasses import replace
from datetime import timedelta

import pytest

from lib.experiments.model import Call, Goal, Plan, Status
from lib.stats.results import State
from lib.stats.verdict import LADDER, Circumstances, Suspicion, decide, standing_calls
from tests.builders import (
    DAY,
    NOW,
    a_guardrail,
    a_history,
    a_metric,
    a_snapshot,
    a_view,
    an_experiment,
    analysed,
    views_by_state,
)

RUNGS = [state.value for state in State]
WON = ((22_000, 2_200), (22_000, 2_500))


@pytest.mark.parametrize("state", [s for s in RUNGS if s != "not_started"])
def test_every_rung_has_an_example(state):
    """Totals run through the real statistics end on the rung they were built for."""
    assert views_by_state()[state].primary.verdict.state == state


def call(key="blue", direction=1, days_ago=2.0, withdrawn=None):
    return Call(
        experiment_id=7,
        metric_id="m-signup",
        treatment_key=key,
        as_of=NOW - days_ago * DAY,
        direction=direction,
        lift=0.1,
        low=0.02,
        high=0.2,
        evidence=0.96,
        withdrawn_at=withdrawn,
        withdrawn_because="split" if withdrawn else "",
    )


def everything_at_once():
    """Circumstances that fit every rung; taking them away from the top shows the order."""
    view = views_by_state()["ahead"]
    analysis = view.primary
    return Circumstances(
        experiment=replace(view.experiment, started_at=None, ended_at=None),
        metric=analysis.metric,
        server_now=NOW,
        plan=replace(analysis.plan, days=5.0),
        arms=tuple(replace(arm, n=0) for arm in analysis.arms),
        comparisons=(),
        clocks=replace(analysis.clocks, e=0.9),
        suspicion=Suspicion(kind="split", arm_key="blue"),
        calls=(call(days_ago=5, withdrawn=NOW - DAY),),
        harmed={"blue": ("m-refund",)},
        forecast=replace(view.forecast, chance=0.001),
    )


def test_the_order_of_the_ladder():
    """From circumstances that fit every rung, each next one shows when the one above is taken away."""
    analysis = views_by_state()["ahead"].primary
    c = everything_at_once()
    seen = [decide(c).state]
    steps = [
        {"experiment": replace(c.experiment, started_at=NOW - 6 * DAY)},  # has started
        {"arms": analysis.arms},  # visitors came
        {"suspicion": None},
        {"comparisons": analysis.comparisons},  # floors met
        {"calls": (call(),)},  # a call that holds
        {"plan": replace(c.plan, days=14.0), "server_now": NOW + 1.5 * DAY},  # the week is full
        {"harmed": {}},
        {"calls": (), "experiment": replace(c.experiment, started_at=NOW - 6 * DAY, ended_at=NOW)},
        {"experiment": replace(c.experiment, started_at=NOW - 6 * DAY)},  # goes on
        {"clocks": replace(c.clocks, e=1.2)},
        {"clocks": replace(c.clocks, e=0.5), "forecast": None},
        {"comparisons": tuple(replace(e, progress=0.2) for e in analysis.comparisons)},
    ]
    for step in steps:
        c = replace(c, **step)
        seen.append(decide(c).state)
    assert seen == [
        State.NOT_STARTED,
        State.NOTHING_ARRIVES,
        State.UNDER_SUSPICION,
        State.TOO_EARLY,
        State.WITHDRAWN,
        State.WAIT_FOR_WEEK,
        State.GUARDRAIL_FAILS,
        State.READY_WINNER,
        State.ENDED,
        State.UNLIKELY,
        State.PLANNED_END,
        State.AHEAD,
        State.TOO_CLOSE,
    ]
    assert len(LADDER) == 12


def test_a_faded_lift_does_not_take_a_call_back():
    """Called on day 5, the lift gone since: still proven, with the numbers of the call."""
    experiment = an_experiment(days=12)
    rise = a_history(experiment, ((10_000, 1_000), (10_000, 1_240)), as_of=NOW - 7 * DAY, rows=40)
    fade = a_snapshot(experiment, ((24_000, 2_600), (24_000, 2_640)))
    analysis, outlook, _ = analysed(experiment, [*rise, fade])
    assert analysis.comparisons[0].progress < 1
    assert analysis.verdict.state is State.READY_WINNER
    assert analysis.verdict.call.as_of < NOW - 7 * DAY
    assert outlook.chance == 1.0


def test_a_recorded_call_holds_after_a_restart():
    """The store knows a call the fresh watch did not find: it stands, with its recorded numbers."""
    experiment = an_experiment()
    kept = call(days_ago=3)
    view = a_view(experiment, ((19_000, 1_900), (19_000, 1_990)), recorded=[kept])
    assert view.primary.verdict.state is State.READY_WINNER
    assert view.primary.verdict.call == kept
    assert view.primary.calls == (kept,)


def test_calls_of_other_metrics_are_ignored():
    """A recorded call of another metric or experiment proves nothing here."""
    strange = (replace(call(), metric_id="other"), replace(call(), experiment_id=8))
    view = a_view(recorded=strange)
    assert view.primary.calls == ()


def test_recounted_visitors_withdraw_a_call():
    """Data corrected since the call and the line no longer passed: withdrawn, and it says why."""
    analysis = views_by_state()["withdrawn"].primary
    assert analysis.calls[0].withdrawn_because == "counts_shrank"
    assert analysis.verdict.call == analysis.calls[0]
    assert not analysis.verdict.is_ready


def test_a_handful_fewer_does_not_hide_a_fade():
    """Three merged persons and a lift that faded: the fade is no reason, so the call stands."""
    experiment = an_experiment(days=12)
    rise = a_history(experiment, ((10_000, 1_000), (10_000, 1_240)), as_of=NOW - 7 * DAY, rows=40)
    merged = a_snapshot(experiment, ((10_000, 1_000), (9_997, 1_240)), as_of=NOW - 6.9 * DAY)
    fade = a_snapshot(experiment, ((24_000, 2_600), (24_000, 2_640)))
    assert analysed(experiment, [*rise, merged, fade])[0].verdict.state is State.READY_WINNER


def test_recounted_visitors_leave_a_call_that_still_holds():
    """A correction that changes nothing about the evidence does not withdraw."""
    experiment = an_experiment()
    past = a_history(experiment, ((20_000, 2_000), (20_000, 2_300)), as_of=NOW - DAY, rows=48)
    fewer = a_snapshot(experiment, ((19_900, 1_990), (19_900, 2_290)), as_of=NOW - 0.9 * DAY)
    now = a_snapshot(experiment, WON)
    assert analysed(experiment, [*past, fewer, now])[0].verdict.state is State.READY_WINNER


def test_a_split_that_breaks_withdraws_a_call():
    """Called, then one arm floods: first of all the data are under suspicion, and the call is taken back."""
    experiment = an_experiment()
    past = a_history(experiment, ((20_000, 2_000), (20_000, 2_300)), as_of=NOW - DAY, rows=48)
    flooded = a_snapshot(experiment, ((21_000, 2_100), (26_000, 2_950)))
    analysis = analysed(experiment, [*past, flooded])[0]
    assert analysis.verdict.state is State.UNDER_SUSPICION
    assert analysis.verdict.suspicion == "split"
    assert analysis.calls[0].withdrawn_because == "split"


def test_a_new_call_supersedes_a_withdrawn_one():
    """Withdrawn once, crossed again later: proven again."""
    old = call(days_ago=6, withdrawn=NOW - 4 * DAY)
    assert standing_calls([old, call(days_ago=5)]) == ()
    fresh = call(days_ago=1)
    assert standing_calls([old, fresh]) == (fresh,)


def test_ready_when_the_week_is_full():
    """Crossed on day 4: ready exactly seven days after the start, on the server's clock."""
    waiting = views_by_state()["significant_wait_for_week"]
    started = waiting.experiment.started_at
    assert waiting.primary.verdict.ready_on == started + timedelta(days=7)


@pytest.mark.parametrize(
    ("days", "state"), [(6.99, State.WAIT_FOR_WEEK), (7.0, State.READY_WINNER)]
)
def test_the_week_to_the_minute(days, state):
    """A quarter of an hour before the week is full it still waits."""
    assert a_view(an_experiment(days=days), WON).primary.verdict.state is state


def test_a_plan_that_ends_inside_a_week_waits_for_its_end():
    """Planned for 10 days, over on day 11: the second week has to be full, day 14."""
    analysis = views_by_state()["ready_winner"].primary
    c = Circumstances(
        experiment=an_experiment(days=11),
        metric=analysis.metric,
        server_now=NOW,
        plan=Plan(experiment_id=7, mde=0.1, n_per_arm=(1, 1), days=10, frozen_at=NOW),
        arms=analysis.arms,
        comparisons=analysis.comparisons,
        clocks=analysis.clocks,
        calls=(call(),),
    )
    assert decide(c).state is State.WAIT_FOR_WEEK
    assert decide(c).ready_on == NOW + 3 * DAY
    assert decide(replace(c, server_now=NOW + 3 * DAY)).state is State.READY_WINNER


def test_ended_after_a_call_stays_proven():
    """Stopped with the week full: proven stays; stopped on day 4: ended, the call beside it."""
    views = views_by_state()
    assert views["stopped_winner"].primary.verdict.state is State.READY_WINNER
    early = views["stopped_early"].primary.verdict
    assert (early.state, early.call.treatment_key) == (State.ENDED, "blue")


def test_a_stopped_experiment_nobody_saw_has_ended():
    """ "Nothing arrives" speaks of running experiments."""
    stopped = an_experiment(days=3.0, status=Status.STOPPED, ended_at=NOW)
    assert a_view(stopped, ((0, 0), (0, 0)), rows=2).primary.verdict.state is State.ENDED


def test_goal_down_turns_the_words_not_the_test():
    """Fewer refunds win; z, evidence and interval are those of the same counts with goal up."""
    won, lost = (views_by_state()[f"goal_down_{end}"].primary for end in ("winner", "loser"))
    assert won.verdict.state is State.READY_WINNER
    assert won.verdict.favours_treatment
    assert lost.verdict.state is State.READY_LOSER
    same = a_view(counts=((22_000, 2_500), (22_000, 2_200))).primary
    assert same.verdict.state is State.READY_LOSER
    assert same.comparisons == won.comparisons
    assert won.best_chance[1] > 0.99
    assert same.best_chance[1] < 0.01


def test_a_guardrail_that_improves_does_not_fail():
    """Refunds clearly fall: no harm; refunds clearly rise: the verdict says decide with both in view."""
    guard = an_experiment(metrics=(a_metric(), a_guardrail()))
    better = a_view(guard, WON, more={"m-refund": ((22_000, 620), (22_000, 440))})
    assert better.primary.verdict.state is State.READY_WINNER
    worse = views_by_state()["guardrail_fails"].primary.verdict
    assert worse.failing_guardrails == ("m-refund",)
    assert worse.is_ready


def test_harm_is_one_sided_at_its_own_alpha():
    """p_now between alpha and twice alpha on the harmful side fails; on the good side it does not."""
    guard = views_by_state()["guardrails_fine"].analyses[1]
    estimate = guard.comparisons[0]
    from lib.stats.health import harmed_by

    for z, p_now, harmed in ((2.6, 0.09, True), (2.6, 0.11, False), (-2.6, 0.01, False)):
        seen = replace(guard, comparisons=(replace(estimate, z=z, p_now=p_now),))
        assert bool(harmed_by([seen])) is harmed
        up = replace(seen, metric=replace(seen.metric, goal=Goal.UP))
        assert (
            bool(harmed_by([replace(up, comparisons=(replace(estimate, z=-z, p_now=p_now),))]))
            is harmed
        )


def test_leaders():
    """The control can lead; a tie has no leader; of three arms the best one is spoken of."""
    views = views_by_state()
    behind = views["control_ahead"].primary.verdict
    assert (behind.treatment_key, behind.favours_treatment) == ("blue", False)
    assert views["too_close"].primary.verdict.treatment_key is None
    assert views["three_arms_open"].primary.verdict.treatment_key == "blue"
    three = an_experiment(arms=3)
    tied = a_view(three, ((9_000, 900), (9_000, 980), (9_000, 980))).primary
    assert tied.verdict.treatment_key is None


def test_the_best_of_several_winners_is_spoken_of():
    """Two treatments proven better: the one that is further ahead now."""
    three = an_experiment(arms=3)
    view = a_view(three, ((22_000, 2_200), (22_000, 2_560), (22_000, 2_640)))
    assert {c.treatment_key for c in view.primary.calls} == {"blue", "green"}
    assert view.primary.verdict.treatment_key == "green"


def test_unlikely_waits_for_day_three():
    """A chance below 2 % on day 2 is no reason to say so yet."""
    c = everything_at_once()
    analysis = views_by_state()["too_close"].primary
    c = replace(
        c,
        experiment=an_experiment(days=4),
        arms=analysis.arms,
        comparisons=analysis.comparisons,
        suspicion=None,
        calls=(),
        clocks=replace(analysis.clocks, days=2.9, e=0.2),
    )
    assert decide(c).state is State.TOO_CLOSE
    assert decide(replace(c, clocks=replace(c.clocks, days=3.0))).state is State.UNLIKELY
