"""When something is announced: the transition table, poll by poll."""

from dataclasses import replace
from datetime import timedelta

import pytest

from lib.alerts.rules import STEADY
from lib.experiments.model import AlertKind, MetricRole, Status
from lib.stats.results import State, Verdict
from tests.builders import NOW, a_view, an_experiment, views_by_state
from tests.unit.alerts.desk import Watcher, a_call, doubted, taken_back, with_primary


@pytest.fixture(scope="module")
def views():
    return views_by_state()


@pytest.fixture
def won(views):
    return views["ready_winner"]


@pytest.fixture
def watcher():
    return Watcher()


def kinds(events):
    return [e.kind for e in events]


def test_none_to_proven_tells_after_three_polls(watcher, views, won):
    """The line crossed, floors met, week full: told at the third poll in a row, not before."""
    assert watcher.see(views["ahead"], 5) == []
    assert watcher.see(won, STEADY - 1) == []
    (event,) = watcher.see(won)
    assert event.kind is AlertKind.PROVEN_BETTER
    assert (event.treatment_key, event.call) == ("blue", won.primary.verdict.call)


def test_the_same_stays_silent(watcher, won):
    """What was told is never told again, however often it is read."""
    assert len(watcher.see(won, 50)) == 1


def test_a_flicker_starts_the_count_anew(watcher, views, won):
    """Two polls, gone, two polls: not three in a row, nothing told."""
    watcher.see(won, 2)
    watcher.see(views["ahead"])
    assert watcher.see(won, 2) == []


def test_a_proven_loser_is_worse(watcher, views):
    """The direction is the metric's goal, not the sign."""
    assert kinds(watcher.see(views["ready_loser"], 3)) == [AlertKind.PROVEN_WORSE]
    assert kinds(Watcher().see(views["goal_down_winner"], 3)) == [AlertKind.PROVEN_BETTER]
    assert kinds(Watcher().see(views["goal_down_loser"], 3)) == [AlertKind.PROVEN_WORSE]


@pytest.mark.parametrize(
    "name",
    [
        "significant_wait_for_week",
        "ahead",
        "too_close",
        "too_early",
        "waiting",
        "not_started",
        "control_ahead",
        "no_plan",
        "paused",
        "legacy",
        "blocked_metric",
    ],
)
def test_not_ready_is_not_told(watcher, views, name):
    """A crossed line without its week, a lead, a tie, too little data: nothing."""
    assert watcher.see(views[name], 5) == []


def test_a_fading_lift_does_not_withdraw(watcher, views, won):
    """A call is sticky: the lift shrinks, the verdict stays, nothing is taken back."""
    watcher.see(won, 3)
    faded = a_view(counts=((30_000, 3_000), (30_000, 3_060)), recorded=won.primary.calls)
    assert faded.primary.verdict.is_ready
    assert faded.primary.estimates[0].progress < 1
    assert watcher.see(faded, 5) == []


def test_corrected_data_withdraw(watcher, won):
    """The statistics took the call back: told once, naming what it takes back and why."""
    (told,) = watcher.see(won, 3)
    (event,) = watcher.see(taken_back(won), 6)
    assert (event.kind, event.because) == (AlertKind.WITHDRAWN, "counts_shrank")
    assert event.takes_back == told.key
    assert event.call.withdrawn_at == NOW


@pytest.mark.parametrize(
    "check", ["split", "counts_shrank", "exceeds_exposures", "no_control", "jump"]
)
def test_a_failed_check_withdraws(watcher, won, check):
    """Health fails after a call was told: withdrawn with the check's name."""
    watcher.see(won, 3)
    events = watcher.see(doubted(won, check), 6)
    withdrawn = [e for e in events if e.kind is AlertKind.WITHDRAWN]
    assert [e.because for e in withdrawn] == [check]


def test_silence_does_not_withdraw(watcher, won):
    """No newer data is an alert of its own; the evidence of the old ones still holds."""
    watcher.see(won, 3)
    assert kinds(watcher.see(doubted(won, "data_stopped"), 6)) == [AlertKind.DATA_STOPPED]


def test_half_written_data_do_not_withdraw(watcher, won):
    """A doubt of two polls is not three."""
    watcher.see(won, 3)
    assert watcher.see(doubted(won, "counts_shrank"), 2) == []
    assert watcher.see(won, 5) == []


def test_nothing_told_nothing_withdrawn(watcher, won):
    """What nobody was told is taken back in silence, once, so that the store can mark it."""
    assert watcher.see(taken_back(won), 6) == []
    assert [(e.kind, e.takes_back) for e in watcher.silent] == [(AlertKind.WITHDRAWN, "")]


def test_a_doubt_nobody_heard_of_is_no_event(watcher, won):
    """A failed check before anything was told withdraws nothing."""
    assert AlertKind.WITHDRAWN not in kinds(watcher.see(doubted(won, "jump"), 6))
    assert watcher.silent == []


def test_a_new_call_after_a_withdrawal_is_a_new_event(watcher, won):
    """Proven again by later data: another crossing, another key, told again."""
    watcher.see(won, 3)
    back = taken_back(won)
    watcher.see(back, 3)
    later = a_call(as_of=NOW + timedelta(days=1))
    verdict = replace(won.primary.verdict, call=later)
    again = with_primary(won, calls=(*back.primary.calls, later), verdict=verdict)
    (event,) = watcher.see(again, 6)
    assert (event.kind, event.call, event.is_again) == (AlertKind.PROVEN_BETTER, later, False)


def test_a_check_that_is_clean_again_restores_the_call(watcher, won):
    """Withdrawn for now, then clean: told once more as the same call; and so on, each step once."""
    said = []
    for _ in range(3):
        said += watcher.see(won, 5)
        said += watcher.see(doubted(won, "counts_shrank"), 5)
    assert kinds(said) == [AlertKind.PROVEN_BETTER, AlertKind.WITHDRAWN] * 3
    assert len({e.key for e in said}) == 6
    assert [e.is_again for e in said if e.kind is AlertKind.PROVEN_BETTER] == [False, True, True]
    back = [e.takes_back for e in said if e.kind is AlertKind.WITHDRAWN]
    assert back == [e.key for e in said if e.kind is AlertKind.PROVEN_BETTER]


def test_a_missing_metric_is_silent(watcher, views, won):
    """The metric goes and comes back: nothing is withdrawn, nothing repeated."""
    watcher.see(won, 3)
    gone = replace(won, analyses=())
    assert watcher.see(gone, 5) == []
    assert watcher.see(won, 5) == []


def test_a_restart_in_between_repeats_nothing(watcher, won):
    """A new process with the same store: silent about the old, able to withdraw it."""
    watcher.see(won, 3)
    again = watcher.restarted()
    assert again.see(won, 5) == []
    assert kinds(again.restarted().see(taken_back(won), 3)) == [AlertKind.WITHDRAWN]


def test_a_restart_while_counting_only_delays(watcher, won):
    """The memory of polls is lost with the process; the third poll of the new one tells."""
    watcher.see(won, 2)
    again = watcher.restarted()
    assert again.see(won, 2) == []
    assert len(again.see(won)) == 1


def test_two_processes_make_the_same_key(won):
    """Whoever sees the event names it the same, so that the store keeps one."""
    (one,), (two,) = Watcher().see(won, 3), Watcher().see(won, 3)
    assert one.key == two.key


def test_each_arm_is_told(watcher, views):
    """Three arms, two calls: one message each."""
    won = views["three_arms"]
    loser = a_call(treatment_key="green", direction=-1, lift=-0.1, low=-0.2, high=-0.01)
    both = with_primary(won, calls=(*won.primary.calls, loser))
    events = watcher.see(both, 5)
    told = {(e.kind, e.treatment_key) for e in events}
    assert (AlertKind.PROVEN_BETTER, "blue") in told
    assert (AlertKind.PROVEN_WORSE, "green") in told
    assert len(events) == 2


def test_a_harmed_guardrail_is_told_beside_the_winner(watcher, views):
    """The winner and the harm, each once."""
    events = watcher.see(views["guardrail_fails"], 6)
    assert kinds(events) == [AlertKind.PROVEN_BETTER, AlertKind.GUARDRAIL]
    assert (events[1].metric_id, events[1].treatment_key) == ("m-refund", "blue")


def test_harm_does_not_wait_for_a_winner(watcher, views):
    """A guardrail is harmed while the primary is open: told; on doubtful data: not."""
    view = with_primary(views["guardrail_fails"], verdict=Verdict(state=State.TOO_CLOSE), calls=())
    assert kinds(watcher.see(view, 3)) == [AlertKind.GUARDRAIL]
    assert AlertKind.GUARDRAIL not in kinds(Watcher().see(doubted(view, "jump"), 5))


def test_harm_is_taken_back_too(watcher, views):
    """The guardrail's call is withdrawn after it was told."""
    view = views["guardrail_fails"]
    guard = next(a for a in view.analyses if a.metric.role is MetricRole.GUARDRAIL)
    call = a_call(metric_id="m-refund")
    view = replace(view, analyses=(view.primary, replace(guard, calls=(call,))))
    watcher.see(view, 3)
    off = replace(call, withdrawn_at=NOW, withdrawn_because="counts_shrank")
    view = replace(view, analyses=(view.primary, replace(guard, calls=(off,))))
    (event,) = [e for e in watcher.see(view, 5) if e.kind is AlertKind.WITHDRAWN]
    assert event.metric_id == "m-refund"


def test_a_split_that_is_off_is_told_once(watcher, views):
    """Split off: once, however long it stays."""
    assert kinds(watcher.see(views["under_suspicion"], 20)) == [AlertKind.SPLIT_OFF]


def test_each_stop_of_the_data_is_told_once(watcher, views):
    """Silence is told once; data that come back and stop again are a new stop."""
    stopped = views["data_stopped"]
    assert kinds(watcher.see(stopped, 20)) == [AlertKind.DATA_STOPPED]
    watcher.see(views["ahead"], 3)
    newer = replace(stopped.primary.snapshot, as_of=NOW + timedelta(days=3))
    again = with_primary(stopped, snapshot=newer)
    assert kinds(watcher.see(again, 20)) == [AlertKind.DATA_STOPPED]


def test_nobody_ever_came(watcher, views):
    """Two days without a visitor are told; the first hours are not."""
    assert kinds(watcher.see(views["nothing_arrives"], 5)) == [AlertKind.DATA_STOPPED]


@pytest.mark.parametrize(
    ("name", "kind"),
    [("planned_end_no_call", AlertKind.PLANNED_END), ("unlikely", AlertKind.UNLIKELY)],
)
def test_ends_are_told_once(watcher, views, name, kind):
    """The plan is over, or it will probably not decide: once, even if it flickers."""
    assert kinds(watcher.see(views[name], 5)) == [kind]
    watcher.see(views["ahead"], 2)
    assert watcher.see(views[name], 5) == []


def test_a_reset_experiment_is_another_one(watcher, views):
    """The same id with a new start may reach its planned end again."""
    view = views["planned_end_no_call"]
    watcher.see(view, 3)
    later = replace(view.experiment, started_at=NOW + timedelta(days=30))
    assert len(watcher.see(replace(view, experiment=later), 3)) == 1


def test_what_ended_long_ago_is_history(watcher, views):
    """First sight of a finished winner tells nothing; one that ended within the day is told."""
    won = views["stopped_winner"]
    assert won.primary.verdict.is_ready
    old = with_primary(won, ended_at=NOW - timedelta(days=2))
    assert watcher.see(old, 5) == []
    fresh = with_primary(won, ended_at=NOW - timedelta(hours=20))
    assert kinds(watcher.see(fresh, 5)) == [AlertKind.PROVEN_BETTER]


def test_a_finished_winner_can_still_be_withdrawn(watcher, won):
    """Told while it ran, corrected after its end: withdrawn however late."""
    watcher.see(won, 3)
    late = with_primary(taken_back(won), ended_at=NOW - timedelta(days=9))
    assert kinds(watcher.see(late, 3)) == [AlertKind.WITHDRAWN]


def test_stopped_before_the_week_is_not_told(watcher, views):
    """The line crossed on day 4 and the experiment ended on day 5: no full week, no message."""
    assert watcher.see(views["stopped_early"], 5) == []


def test_a_paused_flag_is_no_silence(watcher):
    """Paused on purpose: no newer data are no news."""
    paused = a_view(an_experiment(status=Status.PAUSED), as_of=NOW - timedelta(days=3))
    assert watcher.see(paused, 5) == []
