"""The why-not-yet list: what a call still waits for, each line with now, needed and expected when.

``analyse`` calls ``why_not_yet`` with the circumstances the verdict was decided on, so that the list and
the verdict cannot disagree (product notes C). It decides nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from lib.experiments.model import MetricKind, Snapshot
from lib.stats.balance import ALARM
from lib.stats.compare import MIN_CONVERTERS, MIN_USERS, MIN_VISITORS
from lib.stats.health import DATA_GAP
from lib.stats.plan import ALPHA
from lib.stats.results import Analysis, ArmReading, Balance, Requirement
from lib.stats.verdict import Circumstances, standing_calls

DAY = timedelta(days=1)


def why_not_yet(
    c: Circumstances,
    snapshot: Snapshot,
    balance: Balance | None,
    guardrails: Sequence[Analysis],
) -> tuple[Requirement, ...]:
    """Every requirement in the order of the page, met ones too; empty before the start."""
    if c.experiment.started_at is None or c.experiment.started_at > c.server_now or not c.arms:
        return ()
    lines = (
        _visitors(c),
        _conversions(c),
        _week(c),
        _split(balance),
        _data(c, snapshot),
        _evidence(c),
        _guardrails(c, guardrails),
    )
    return tuple(line for line in lines if line is not None)


def _visitors(c: Circumstances) -> Requirement:
    fewest = min(c.arms, key=lambda arm: arm.n)
    needed = MIN_VISITORS if c.metric.kind is MetricKind.FUNNEL else MIN_USERS
    missing = needed - fewest.n
    per_day = (c.forecast.n_per_day or 0.0) * fewest.planned_share if c.forecast else 0.0
    days = missing / per_day if missing > 0 and per_day > 0 else None
    return Requirement(
        kind="visitors",
        is_met=missing <= 0,
        now=float(fewest.n),
        needed=float(needed),
        arm_key=fewest.variant_key,
        days_low=days,
        days_high=days,
        expected_on=None if days is None else c.server_now + timedelta(days=min(days, 3650)),
    )


def _conversions(c: Circumstances) -> Requirement | None:
    """Converters and others over the baseline and one treatment; the scarcest of all is named."""
    if c.metric.kind is not MetricKind.FUNNEL or len(c.arms) < 2:
        return None
    base = c.arms[0]
    scarce, arm = min(((_scarcer(base, arm), arm) for arm in c.arms[1:]), key=lambda pair: pair[0])
    return Requirement(
        kind="conversions",
        is_met=scarce >= MIN_CONVERTERS,
        now=scarce,
        needed=float(MIN_CONVERTERS),
        arm_key=arm.variant_key,
    )


def _scarcer(base: ArmReading, arm: ArmReading) -> float:
    converters = base.total + arm.total
    return max(0.0, min(converters, base.n + arm.n - converters))


def _week(c: Circumstances) -> Requirement:
    started = c.experiment.started_at
    return Requirement(
        kind="week",
        is_met=c.is_week_full,
        now=c.run_time / DAY,
        needed=c.week_full_after / DAY,
        expected_on=None if started is None else started + c.week_full_after,
    )


def _split(balance: Balance | None) -> Requirement | None:
    if balance is None:
        return None
    return Requirement(
        kind="split",
        is_met=not balance.is_off,
        now=balance.p_always,
        needed=ALARM,
        arm_key=balance.worst_key if balance.is_off else None,
    )


def _data(c: Circumstances, snapshot: Snapshot) -> Requirement:
    is_sound = c.suspicion is None or c.suspicion.kind == "split"
    age = max(c.server_now - snapshot.as_of, timedelta(0))
    return Requirement(kind="data", is_met=is_sound, now=age / DAY, needed=DATA_GAP / DAY)


def _evidence(c: Circumstances) -> Requirement:
    needed = 1 - (c.plan.alpha if c.plan else ALPHA)
    called = {call.treatment_key for call in standing_calls(c.calls)}
    if not c.estimates:
        return Requirement(kind="evidence", is_met=bool(called), needed=needed)
    best = max(c.estimates, key=lambda e: (e.treatment_key in called, e.evidence, e.progress))
    outlooks = c.forecast.outlooks if c.forecast else ()
    ahead = next((o for o in outlooks if o.treatment_key == best.treatment_key), None)
    return Requirement(
        kind="evidence",
        is_met=best.treatment_key in called,
        now=best.evidence,
        needed=needed,
        arm_key=best.treatment_key,
        days_low=ahead.days_low if ahead else None,
        days_high=ahead.days_high if ahead else None,
        chance_never=1 - ahead.chance if ahead else None,
    )


def _guardrails(c: Circumstances, guardrails: Sequence[Analysis]) -> Requirement | None:
    if not guardrails:
        return None
    failing = {metric_id for ids in (c.harmed or {}).values() for metric_id in ids}
    fine = sum(g.metric.id not in failing for g in guardrails)
    return Requirement(
        kind="guardrails", is_met=not failing, now=float(fine), needed=float(len(guardrails))
    )
