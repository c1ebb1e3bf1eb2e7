"""The one verdict: the ladder of states, decided here and used by card, chat, alert, board and memo.

``analyse`` gathers the circumstances and calls ``decide``; nobody else decides, and nothing here
computes a statistic. Order matters: the first state that fits is the answer, health before lift.
A call is sticky: a lift that fades never takes it back, only corrected data or a failed check does.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import ceil

from lib.experiments.model import Call, Experiment, Goal, Metric, Plan, Status
from lib.stats.results import (
    ArmReading,
    BlockedBecause,
    Clocks,
    Comparison,
    Estimate,
    Forecast,
    State,
    Verdict,
)

WEEK = timedelta(days=7)
SILENCE = timedelta(hours=24)  # so long no visitor at all is still normal
UNLIKELY_CHANCE = 0.02
UNLIKELY_FROM_DAY = 3.0
# An interval straddles zero evenly when its shorter side is at least 3/5 of the longer one. With
# centre L and half width L / progress that is progress <= 1/4.
EVEN_PROGRESS = 0.25


@dataclass(frozen=True, slots=True, kw_only=True)
class Suspicion:
    """What is wrong with the data, and with which arm.

    ``kind``: split, counts_shrank, exceeds_exposures, no_control, data_stopped, jump, unsupported.
    """

    kind: str
    arm_key: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Circumstances:
    """All a verdict may depend on. ``calls``: recorded and newly found, withdrawn ones marked.

    ``harmed``: guardrail metric ids that show harm, by treatment key.
    """

    experiment: Experiment
    metric: Metric
    server_now: datetime
    plan: Plan | None = None
    arms: tuple[ArmReading, ...] = ()
    comparisons: tuple[Comparison, ...] = ()
    clocks: Clocks | None = None
    suspicion: Suspicion | None = None
    calls: tuple[Call, ...] = ()
    harmed: Mapping[str, tuple[str, ...]] | None = None
    forecast: Forecast | None = None

    @property
    def ended_at(self) -> datetime | None:
        """When the experiment ended; a stopped one without a date ends now."""
        if self.experiment.ended_at is not None:
            return self.experiment.ended_at if self.experiment.ended_at <= self.server_now else None
        return self.server_now if self.experiment.status is Status.STOPPED else None

    @property
    def run_time(self) -> timedelta:
        """Time since the start on the server's clock, up to the end."""
        started = self.experiment.started_at
        until = min(self.server_now, self.ended_at or self.server_now)
        return timedelta(0) if started is None else max(until - started, timedelta(0))

    @property
    def week_full_after(self) -> timedelta:
        """Time a call has to wait for: one week, or the running week when the plan ends inside one."""
        if self.plan is None or self.run_time < timedelta(days=self.plan.days):
            return WEEK
        return WEEK * max(1, ceil(self.plan.days / 7 - 1e-9))

    @property
    def is_week_full(self) -> bool:
        """Whether every weekday was seen equally often."""
        return self.run_time >= self.week_full_after

    @property
    def estimates(self) -> tuple[Estimate, ...]:
        """The comparisons that have numbers."""
        return tuple(c for c in self.comparisons if isinstance(c, Estimate))

    def favours(self, treatment_is_above: bool) -> bool:
        """Whether a treatment above (or below) the baseline is on the good side of the goal."""
        return treatment_is_above == (self.metric.goal is Goal.UP)


def decide(circumstances: Circumstances) -> Verdict:
    """The first rung that fits, top down (product notes B)."""
    for rung in LADDER:
        verdict = rung(circumstances)
        if verdict is not None:
            return verdict
    return Verdict(state=State.TOO_CLOSE)


def standing_calls(calls: Sequence[Call]) -> tuple[Call, ...]:
    """Calls that hold, the oldest of each treatment first."""
    holding = sorted((c for c in calls if c.withdrawn_at is None), key=lambda c: c.as_of)
    withdrawn = {c.treatment_key: c.withdrawn_at for c in calls if c.withdrawn_at is not None}
    return tuple(
        c
        for c in holding
        if (taken_back := withdrawn.get(c.treatment_key)) is None or c.as_of > taken_back
    )


def _not_started(c: Circumstances) -> Verdict | None:
    started = c.experiment.started_at
    if started is not None and started <= c.server_now and c.experiment.status is not Status.DRAFT:
        return None
    return Verdict(state=State.NOT_STARTED)


def _no_visitors(c: Circumstances) -> Verdict | None:
    if any(arm.n > 0 for arm in c.arms):
        return None
    if c.ended_at is not None:
        return Verdict(state=State.ENDED)
    waiting = c.run_time < SILENCE
    return Verdict(state=State.WAITING if waiting else State.NOTHING_ARRIVES)


def _suspicion(c: Circumstances) -> Verdict | None:
    if c.suspicion is None:
        return None
    return Verdict(
        state=State.UNDER_SUSPICION,
        suspicion=c.suspicion.kind,
        suspicion_key=c.suspicion.arm_key,
        call=_spoken_of(c),
    )


def _too_early(c: Circumstances) -> Verdict | None:
    return None if c.estimates else Verdict(state=State.TOO_EARLY)


def _withdrawn(c: Circumstances) -> Verdict | None:
    taken_back = [call for call in c.calls if call.withdrawn_at is not None]
    if not taken_back:
        return None
    last = max(taken_back, key=lambda call: call.withdrawn_at or call.as_of)
    since = last.withdrawn_at or last.as_of
    if any(call.as_of > since for call in standing_calls(c.calls)):
        return None
    return _about(c, State.WITHDRAWN, last)


def _wait_for_week(c: Circumstances) -> Verdict | None:
    call = _spoken_of(c)
    if call is None or c.is_week_full or c.ended_at is not None:
        return None
    started = c.experiment.started_at
    ready_on = None if started is None else started + c.week_full_after
    return _about(c, State.WAIT_FOR_WEEK, call, ready_on=ready_on)


def _guardrail_fails(c: Circumstances) -> Verdict | None:
    call = _spoken_of(c)
    failing = (c.harmed or {}).get(call.treatment_key, ()) if call else ()
    if call is None or not failing or not c.is_week_full:
        return None
    return _about(c, State.GUARDRAIL_FAILS, call, failing=failing)


def _proven(c: Circumstances) -> Verdict | None:
    call = _spoken_of(c)
    if call is None or not c.is_week_full:
        return None
    better = c.favours(call.direction > 0)
    return _about(c, State.READY_WINNER if better else State.READY_LOSER, call)


def _ended(c: Circumstances) -> Verdict | None:
    if c.ended_at is None:
        return None
    leaning = _leaning(c)
    call = _spoken_of(c)
    if call is not None:
        return _about(c, State.ENDED, call)
    return Verdict(
        state=State.ENDED,
        treatment_key=leaning.treatment_key if leaning else None,
        favours_treatment=c.favours(leaning.z > 0) if leaning else None,
    )


def _unlikely(c: Circumstances) -> Verdict | None:
    chance = None if c.forecast is None else c.forecast.chance
    if chance is None or c.clocks is None or chance >= UNLIKELY_CHANCE:
        return None
    if c.clocks.days < UNLIKELY_FROM_DAY or c.clocks.e >= 1:
        return None
    return Verdict(state=State.UNLIKELY)


def _planned_end(c: Circumstances) -> Verdict | None:
    if c.clocks is None or c.clocks.e < 1:
        return None
    return Verdict(state=State.PLANNED_END)


def _ahead(c: Circumstances) -> Verdict | None:
    leaning = _leaning(c)
    if leaning is None:
        return None
    return Verdict(
        state=State.AHEAD,
        treatment_key=leaning.treatment_key,
        favours_treatment=c.favours(leaning.z > 0),
    )


Rung = Callable[[Circumstances], Verdict | None]
LADDER: tuple[Rung, ...] = (
    _not_started,
    _no_visitors,
    _suspicion,
    _too_early,
    _withdrawn,
    _wait_for_week,
    _guardrail_fails,
    _proven,
    _ended,
    _unlikely,
    _planned_end,
    _ahead,
)


def _about(
    c: Circumstances,
    state: State,
    call: Call,
    *,
    ready_on: datetime | None = None,
    failing: tuple[str, ...] = (),
) -> Verdict:
    return Verdict(
        state=state,
        treatment_key=call.treatment_key,
        favours_treatment=c.favours(call.direction > 0),
        call=call,
        ready_on=ready_on,
        failing_guardrails=failing,
    )


def _spoken_of(c: Circumstances) -> Call | None:
    """Of all standing calls the one to speak of: the best winner by its lift now, else the first loser."""
    calls = standing_calls(c.calls)
    winners = [call for call in calls if c.favours(call.direction > 0)]
    if not winners:
        return calls[0] if calls else None
    gains = {e.treatment_key: _gain(c, e) for e in c.estimates}
    return max(winners, key=lambda call: gains.get(call.treatment_key, float("-inf")))


def _gain(c: Circumstances, estimate: Estimate) -> float:
    """The difference, positive when the treatment is better."""
    return estimate.difference if c.metric.goal is Goal.UP else -estimate.difference


def _leaning(c: Circumstances) -> Estimate | None:
    """The comparison that shows who leads: best treatment, or the baseline's closest challenger.

    None when nobody leads: a tie, or an interval that straddles zero evenly.
    """
    ranked = sorted(c.estimates, key=lambda e: _gain(c, e), reverse=True)
    if not ranked:
        return None
    first = ranked[0]
    tied = len(ranked) > 1 and _gain(c, ranked[1]) == _gain(c, first) and _gain(c, first) > 0
    return None if tied or first.progress <= EVEN_PROGRESS else first


def is_unsupported(comparisons: Sequence[Comparison]) -> bool:
    """Whether there is a comparison and none that could ever be decided on."""
    return bool(comparisons) and all(
        not isinstance(c, Estimate) and c.reason is BlockedBecause.UNSUPPORTED for c in comparisons
    )
