"""Everything computed for one metric at one moment: the one entrance to the statistics.

The hub calls ``analyse`` with the frozen plan, the watch it feeds and the newest snapshot. Odd data do not
raise: they come out as ``Blocked`` comparisons and as a state of the verdict. No figure is NaN. What is
worth deciding is decided in ``verdict``; the goal of a metric turns words, losses and leaders round, never
a test.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime

import numpy as np

from lib.experiments.model import (
    Call,
    Experiment,
    Exposures,
    Goal,
    Metric,
    Plan,
    Snapshot,
)
from lib.stats.balance import ALARM, chi_square
from lib.stats.bayes import best_chance
from lib.stats.compare import compare
from lib.stats.cuped import frozen_theta
from lib.stats.estimate import Moment, compare_arm
from lib.stats.flags import flags_of
from lib.stats.health import harmed_by, recounted_since, suspect
from lib.stats.moments import sums_of, value_and_variance
from lib.stats.plan import DAY_S
from lib.stats.requirements import why_not_yet
from lib.stats.results import (
    Analysis,
    ArmReading,
    Balance,
    Clocks,
    Comparison,
    Forecast,
    Series,
    Trace,
)
from lib.stats.series import series_of
from lib.stats.verdict import Circumstances, decide, standing_calls
from lib.stats.watch import Watch

LONG_AGO = datetime.min.replace(tzinfo=UTC)
MATERIAL = 0.001  # share of the visitors that has to be recounted before a call may be withdrawn


def analyse(
    *,
    experiment: Experiment,
    metric: Metric,
    plan: Plan | None,
    watch: Watch,
    snapshot: Snapshot,
    server_now: datetime,
    recorded: Sequence[Call] = (),
    exposures: Exposures | None = None,
    guardrails: Sequence[Analysis] = (),
    forecast: Forecast | None = None,
    early: Series | None = None,
) -> Analysis:
    """Analyse one metric; everything passed is of this metric and this moment of the server's clock.

    ``watch`` was fed the rows up to the snapshot and is not changed. ``recorded`` are calls kept earlier.
    ``guardrails``, analyses of the guardrail metrics, are for the primary only; ``forecast`` brings the state
    "unlikely to decide". ``early`` are earlier totals, oldest first, thinned is fine: for flags and
    corrections.
    """
    trace = _trace_at(watch, series_of([snapshot], experiment.variants))
    balance = _balance(experiment, snapshot, trace)
    c = Circumstances(
        experiment=experiment,
        metric=metric,
        server_now=server_now,
        plan=plan,
        arms=_arms(experiment, metric, snapshot),
        comparisons=_comparisons(experiment, metric, snapshot, plan, trace),
        clocks=_clocks(experiment, snapshot, plan, trace),
        suspicion=suspect(
            experiment, metric, snapshot, balance, exposures=exposures, early=early, now=server_now
        ),
        harmed=harmed_by(guardrails),
        forecast=forecast,
    )
    c = replace(c, calls=_calls(c, watch, recorded, snapshot, early))
    return Analysis(
        metric=metric,
        snapshot=snapshot,
        plan=plan,
        arms=c.arms,
        comparisons=c.comparisons,
        balance=balance,
        verdict=decide(c),
        clocks=c.clocks,
        why_not_yet=why_not_yet(c, snapshot, balance, guardrails),
        flags=flags_of(experiment, metric, snapshot, plan=plan, early=early),
        calls=c.calls,
        best_chance=best_of(experiment, metric, snapshot),
        ended_at=c.ended_at,
    )


def best_of(experiment: Experiment, metric: Metric, snapshot: Snapshot) -> tuple[float, ...]:
    """Chance of each arm to be the best by the metric's goal; empty when any arm is unknown."""
    sums = sums_of([snapshot.of(v.key) for v in experiment.variants])
    value, variance = value_and_variance(metric.kind, sums)
    with np.errstate(all="ignore"):
        error = np.sqrt(variance / sums.n)
    if len(value) < 2 or not (np.isfinite(value) & np.isfinite(error) & (error > 0)).all():
        return ()
    shares = best_chance(value if metric.goal is Goal.UP else -value, error)
    return tuple(float(share) for share in shares)


def _trace_at(watch: Watch, series: Series) -> Trace | None:
    """The watch's newest row; a watch that has not seen the snapshot is asked through a copy."""
    trace = watch.trace
    if trace is not None and trace.as_of[-1] >= series.as_of[-1]:
        return trace
    return watch.copy().extend(series)


def _comparisons(
    experiment: Experiment,
    metric: Metric,
    snapshot: Snapshot,
    plan: Plan | None,
    trace: Trace | None,
) -> tuple[Comparison, ...]:
    if trace is None or trace.z.shape[1] != len(experiment.treatments):
        return ()
    series = series_of([snapshot], experiment.variants)
    theta, _ = frozen_theta(series, (-1.0, 0.0))
    moment = Moment(
        experiment=experiment,
        metric=metric,
        snapshot=snapshot,
        plan=plan,
        compared=compare(metric.kind, series, theta),
        trace=trace,
    )
    return tuple(compare_arm(moment, place) for place in range(len(experiment.treatments)))


def _arms(experiment: Experiment, metric: Metric, snapshot: Snapshot) -> tuple[ArmReading, ...]:
    """Every configured arm; one the source did not send has no visitors and no value."""
    totals = [snapshot.of(v.key) for v in experiment.variants]
    values, _ = value_and_variance(metric.kind, sums_of(totals))
    n_all = sum(t.n for t in totals if t)
    return tuple(
        ArmReading(
            variant_key=variant.key,
            n=arm.n if arm else 0,
            total=float(arm.total) if arm else 0.0,
            value=float(value) if np.isfinite(value) else None,
            share=arm.n / n_all if arm and n_all else None,
            planned_share=variant.share,
            steps=tuple(step / arm.n for step in arm.steps) if arm and arm.n else (),
        )
        for variant, arm, value in zip(experiment.variants, totals, values, strict=True)
    )


def _balance(experiment: Experiment, snapshot: Snapshot, trace: Trace | None) -> Balance | None:
    """The split against the plan; None without two arms that were to get visitors."""
    found = [(v, snapshot.of(v.key)) for v in experiment.variants if v.share > 0]
    arms = [(variant, arm.n) for variant, arm in found if arm is not None]
    n = np.array([count for _, count in arms], dtype=np.float64)
    if len(arms) < 2 or n.sum() == 0 or trace is None:
        return None
    shares = np.array([variant.share for variant, _ in arms])
    expected = n.sum() * shares / shares.sum()
    worst = int(np.argmax(np.abs(n - expected) / np.sqrt(expected)))
    p_always = float(trace.balance_p[-1])
    return Balance(
        p_always=p_always,
        p_value=float(chi_square(n, shares)[1]),
        is_off=p_always < ALARM,
        worst_key=arms[worst][0].key,
    )


def _clocks(
    experiment: Experiment, snapshot: Snapshot, plan: Plan | None, trace: Trace | None
) -> Clocks | None:
    """Where the data stand in the plan; None before the start or without a plan."""
    started = experiment.started_at
    if started is None or plan is None or trace is None or plan.days <= 0:
        return None
    end = min(snapshot.as_of, experiment.ended_at or snapshot.as_of)
    days = max((end - started).total_seconds() / DAY_S, 0.0)
    e, u = days / plan.days, np.nan_to_num(trace.u[-1])
    s = float(np.nan_to_num(trace.s[-1]))
    return Clocks(u=tuple(float(x) for x in u), e=e, s=min(s, 1.0), days=days)


def _calls(
    c: Circumstances,
    watch: Watch,
    recorded: Sequence[Call],
    snapshot: Snapshot,
    early: Series | None,
) -> tuple[Call, ...]:
    """Recorded calls first, then new ones; those that corrected data or a failed check took back, marked.

    Only corrections and checks withdraw. When visitors were recounted since the call, it stands as
    long as the evidence still passes the line.
    """
    own = [x for x in recorded if (x.experiment_id, x.metric_id) == (c.experiment.id, c.metric.id)]
    standing = {call.treatment_key for call in standing_calls(own)}
    taken_back = {x.treatment_key: x.withdrawn_at for x in own if x.withdrawn_at is not None}
    new = [
        call
        for call in watch.calls
        if call.treatment_key not in standing
        and call.as_of > taken_back.get(call.treatment_key, LONG_AGO)
    ]
    ordered = sorted((*own, *new), key=lambda call: call.as_of)
    return tuple(_checked(c, call, snapshot, early) for call in ordered)


def _checked(c: Circumstances, call: Call, snapshot: Snapshot, early: Series | None) -> Call:
    """The call, withdrawn when the split is off, or when recounted data no longer pass the line.

    A few visitors fewer, as merged persons bring about, are no reason: a faded lift must not be one.
    """
    if call.withdrawn_at is not None:
        return call
    if c.suspicion is not None and c.suspicion.kind == "split":
        return replace(call, withdrawn_at=c.server_now, withdrawn_because="split")
    n = recounted_since(c.experiment, snapshot, early, call.as_of)
    now = next((e for e in c.estimates if e.treatment_key == call.treatment_key), None)
    if n > MATERIAL * sum(arm.n for arm in c.arms) and (now is None or now.progress < 1):
        return replace(call, withdrawn_at=c.server_now, withdrawn_because="counts_shrank")
    return call
