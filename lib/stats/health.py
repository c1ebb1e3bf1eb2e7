"""Whether the data may be read at all: reasons for suspicion, corrections, and harm shown by guardrails.

``analyse`` asks these questions before the verdict. Every answer comes from counts; no lift is judged
here, except a guardrail's harm, which is one-sided at the guardrail's own alpha.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

import numpy as np

from lib.experiments.model import (
    Experiment,
    Exposures,
    Goal,
    Metric,
    MetricKind,
    Snapshot,
    Status,
)
from lib.stats.plan import ALPHA, DAY_S
from lib.stats.results import Analysis, Balance, Estimate, Floats, Series
from lib.stats.series import rows_of
from lib.stats.verdict import Suspicion, standing_calls

DATA_GAP = timedelta(days=2)  # PostHog's own step is at most a day; twice that is silence
HOUR_S = 3600.0
JUMP_FACTOR = 2.0  # within an hour more than were counted in all the time before
JUMP_FROM = 1000.0
SLACK = 5  # people counted twice at the edge of a query window


def suspect(
    experiment: Experiment,
    metric: Metric,
    snapshot: Snapshot,
    balance: Balance | None,
    *,
    exposures: Exposures | None,
    early: Series | None,
    now: datetime,
) -> Suspicion | None:
    """The first reason not to read the lift; None when the data look sound.

    Args:
        experiment: for its arms and dates.
        metric: the metric of ``snapshot``.
        snapshot: the numbers in question.
        balance: the split against the plan.
        exposures: PostHog's own exposure counts, when they were read.
        early: earlier totals of the same metric, oldest first.
        now: the server's clock.
    """
    return (
        _unreadable(experiment, metric, snapshot)
        or (
            Suspicion(kind="split", arm_key=balance.worst_key)
            if balance and balance.is_off
            else None
        )
        or _miscounted(experiment, metric, snapshot, exposures, early)
        or _silent(experiment, snapshot, now)
    )


def shrunk_by(experiment: Experiment, snapshot: Snapshot, early: Series | None) -> int:
    """Visitors that vanished against the last hour (at least one earlier row), beyond ``$multiple``.

    PostHog moves people who saw two arms out of both: that explains as many as ``n_excluded`` gained.
    """
    before = _before(early, snapshot)
    if before is None:
        return 0
    since = min(before.as_of[-1], snapshot.as_of.timestamp() - HOUR_S)
    recent = before.as_of >= since
    fell = np.nansum(np.maximum(before.n[recent] - _visitors(experiment, snapshot), 0.0), axis=1)
    gained = 0.0
    if before.n_excluded is not None:
        gained = np.maximum(snapshot.n_excluded - np.nan_to_num(before.n_excluded[recent]), 0.0)
    return int(np.max(fell - gained, initial=0.0))


def recounted_since(
    experiment: Experiment, snapshot: Snapshot, early: Series | None, since: datetime
) -> int:
    """Visitors taken back by corrections in rows after ``since``; 0 when counts only grew."""
    before = _before(early, snapshot)
    if before is None:
        return 0
    rows = before.as_of >= since.timestamp()
    n = np.vstack([before.n[rows], _visitors(experiment, snapshot)])
    out = np.zeros(len(n))
    if before.n_excluded is not None:
        out = np.append(np.nan_to_num(before.n_excluded[rows]), float(snapshot.n_excluded))
    fell = np.nansum(np.maximum(-np.diff(n, axis=0), 0.0), axis=1)
    beyond = fell - np.maximum(np.diff(out), 0.0)
    return int(np.sum(beyond[beyond > 0]))


def jumped(experiment: Experiment, snapshot: Snapshot, early: Series | None) -> bool:
    """Whether within an hour, after the first day, more visitors came than in all the time before."""
    before, started = _before(early, snapshot), experiment.started_at
    if before is None or started is None:
        return False
    at = np.append(before.as_of, snapshot.as_of.timestamp())
    n = np.append(np.nansum(before.n, axis=1), np.nansum(_visitors(experiment, snapshot)))
    gain, quick = np.diff(n), np.diff(at) <= HOUR_S
    late = at[1:] - started.timestamp() >= DAY_S
    recent = at[-1] - at[1:] <= DAY_S
    return bool(
        np.any((gain > (JUMP_FACTOR - 1) * n[:-1]) & (gain >= JUMP_FROM) & quick & late & recent)
    )


def harmed_by(guardrails: Sequence[Analysis]) -> dict[str, tuple[str, ...]]:
    """Guardrail metrics that show harm, by treatment: one-sided, each at its own alpha, not diluted.

    The line is two-sided and symmetric, so one-sided harm at alpha is ``p_now <= 2 alpha`` on the
    harmful side. A recorded call towards harm stays.
    """
    harmed: dict[str, tuple[str, ...]] = {}
    for analysis in guardrails:
        for key in _harmed_arms(analysis):
            harmed[key] = (*harmed.get(key, ()), analysis.metric.id)
    return harmed


def _harmed_arms(analysis: Analysis) -> list[str]:
    harm = -1 if analysis.metric.goal is Goal.UP else 1
    if analysis.verdict.suspicion:
        return []
    alpha = analysis.plan.alpha if analysis.plan else ALPHA
    called = {c.treatment_key for c in standing_calls(analysis.calls) if c.direction == harm}
    return [
        c.treatment_key
        for c in analysis.comparisons
        if c.treatment_key in called
        or (isinstance(c, Estimate) and c.p_now <= 2 * alpha and c.z * harm > 0)
    ]


def _unreadable(experiment: Experiment, metric: Metric, snapshot: Snapshot) -> Suspicion | None:
    if metric.kind is MetricKind.LEGACY:
        return Suspicion(kind="unsupported")
    baseline = experiment.baseline
    if baseline is None or snapshot.of(baseline.key) is None:
        return Suspicion(kind="no_control", arm_key=baseline.key if baseline else None)
    return None


def _miscounted(
    experiment: Experiment,
    metric: Metric,
    snapshot: Snapshot,
    exposures: Exposures | None,
    early: Series | None,
) -> Suspicion | None:
    if shrunk_by(experiment, snapshot, early) > 0:
        return Suspicion(kind="counts_shrank")
    too_many = _exceeding(snapshot, metric, exposures)
    if too_many is not None:
        return Suspicion(kind="exceeds_exposures", arm_key=too_many)
    return Suspicion(kind="jump") if jumped(experiment, snapshot, early) else None


def _silent(experiment: Experiment, snapshot: Snapshot, server_now: datetime) -> Suspicion | None:
    silent = experiment.status is Status.RUNNING and server_now - snapshot.as_of > DATA_GAP
    return Suspicion(kind="data_stopped") if silent else None


def _exceeding(snapshot: Snapshot, metric: Metric, exposures: Exposures | None) -> str | None:
    """An arm with more converters than visitors, or more visitors than were ever exposed."""
    for arm in snapshot.totals:
        if metric.kind is MetricKind.FUNNEL and (arm.total > arm.n or arm.total < 0):
            return arm.variant_key
    if exposures is None or exposures.as_of < snapshot.as_of:
        return None
    for arm in snapshot.totals:
        exposed = exposures.totals.get(arm.variant_key)
        if exposed is not None and arm.n > exposed * 1.01 + SLACK:
            return arm.variant_key
    return None


def _visitors(experiment: Experiment, snapshot: Snapshot) -> Floats:
    arms = [snapshot.of(v.key) for v in experiment.variants]
    return np.array([np.nan if arm is None else float(arm.n) for arm in arms])


def _before(early: Series | None, snapshot: Snapshot) -> Series | None:
    """The rows before the snapshot; None without any."""
    if early is None or len(early) == 0:
        return None
    keep = early.as_of < snapshot.as_of.timestamp()
    if not keep.any():
        return None
    return rows_of(early, np.flatnonzero(keep))
